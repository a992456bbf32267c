package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

const (
	secretPrefix = "whsec_"
	// Bounds that Standard Webhooks gives for a secret.
	minSecretBytes = 24
	maxSecretBytes = 64
)

// ErrSecret says that a text is not a signing secret. The text is never in it.
var ErrSecret = errors.New("signing secret must be whsec_ followed by the base64 of 24 to 64 bytes")

// Secret is a key that signs what is sent. It prints as nothing.
type Secret struct{ key []byte }

// ParseSecret reads `whsec_<base64>`.
func ParseSecret(text string) (Secret, error) {
	encoded, ok := strings.CutPrefix(strings.TrimSpace(text), secretPrefix)
	if !ok {
		return Secret{}, fmt.Errorf("%w: the prefix is missing", ErrSecret)
	}
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return Secret{}, fmt.Errorf("%w: it is not base64", ErrSecret)
	}
	if len(key) < minSecretBytes || len(key) > maxSecretBytes {
		return Secret{}, fmt.Errorf("%w: it has %d bytes", ErrSecret, len(key))
	}
	return Secret{key: key}, nil
}

// String and GoString hide the secret.
func (Secret) String() string { return "<secret>" }

// GoString hides the secret from %#v.
func (Secret) GoString() string { return "<secret>" }

// Sign gives the value of the header webhook-signature: one `v1,<base64>` for
// each secret, the HMAC-SHA-256 of `id.timestamp.body`, separated by spaces. A
// receiver takes a message when any of them fits: that is how secrets rotate.
func Sign(secrets []Secret, id string, at time.Time, body []byte) string {
	signatures := make([]string, len(secrets))
	for i, s := range secrets {
		mac := hmac.New(sha256.New, s.key)
		mac.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "."))
		mac.Write(body)
		signatures[i] = "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	return strings.Join(signatures, " ")
}
