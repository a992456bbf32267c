package chaos

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/watchglass/watchglass/schema"
)

// receiver is on-call's endpoint: it verifies each delivery and keeps a ledger.
type receiver struct {
	t      *testing.T
	server *httptest.Server
	secret string
	verify *standardwebhooks.Webhook

	mu        sync.Mutex
	ids       map[string]int             // notification → times it came
	accessors map[string]map[string]bool // accessor → ids of notifications about it
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	key := base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef"))
	verify, err := standardwebhooks.NewWebhook(key)
	if err != nil {
		t.Fatal(err)
	}
	r := &receiver{t: t, verify: verify, secret: filepath.Join(t.TempDir(), "webhook.secret"), ids: map[string]int{}, accessors: map[string]map[string]bool{}}
	if err := os.WriteFile(r.secret, []byte("whsec_"+key), 0o600); err != nil {
		t.Fatal(err)
	}
	r.server = httptest.NewServer(r)
	t.Cleanup(r.server.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil { // its sender was killed
		http.Error(w, "bad", http.StatusBadRequest)
		return
	}
	if err := r.verify.Verify(body, q.Header); err != nil {
		http.Error(w, "bad", http.StatusServiceUnavailable) // a paused sender's time stamp is too old: it tries again
		return
	}
	var n schema.Notification
	if err := json.Unmarshal(body, &n); err != nil {
		r.t.Errorf("a delivery cannot be read: %v", err)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ids[n.ID]++
	if r.accessors[n.Accessor] == nil {
		r.accessors[n.Accessor] = map[string]bool{}
	}
	r.accessors[n.Accessor][n.ID] = true
}

// heard tells how many accessors there were notifications about.
func (r *receiver) heard() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.accessors)
}
