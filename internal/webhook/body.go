package webhook

import (
	"encoding/json"
	"fmt"

	"github.com/watchglass/watchglass/schema"
)

// MaxBodyBytes is what a receiver has to expect at most: Standard Webhooks
// asks for less than 20 kB.
const MaxBodyBytes = 20_000

// Body is the generic format: the notification as JSON.
func Body(n *schema.Notification) ([]byte, error) {
	body, err := json.Marshal(n)
	if err != nil {
		return nil, fmt.Errorf("write body of notification %s: %w", n.ID, err)
	}
	if len(body) >= MaxBodyBytes {
		return nil, fmt.Errorf("write body of notification %s: %d bytes, want less than %d", n.ID, len(body), MaxBodyBytes)
	}
	return body, nil
}
