package demo

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/watchglass/watchglass/schema"
)

const secretText = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func newTestReceiver(t *testing.T) (*receiver, *[]schema.Notification) {
	t.Helper()
	var got []schema.Notification
	secret := []byte{0x31, 0xf2, 0x90, 0xf6, 0xbf, 0x06, 0x29, 0x8a, 0xab, 0x4f, 0x08, 0xd4, 0x3c, 0x3f, 0x08, 0x2c, 0xf6, 0x48, 0xa3, 0x62, 0xda, 0x2d, 0xa4, 0xb0}
	r, err := startReceiver(secret, func(n schema.Notification, _ time.Time) { got = append(got, n) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.close(context.Background()) })
	return r, &got
}

// post signs with the reference library and lets edit spoil the request.
func post(t *testing.T, r *receiver, id string, at time.Time, body string, edit func(*http.Request)) int {
	t.Helper()
	signer, err := standardwebhooks.NewWebhook(secretText)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := signer.Sign(id, at, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url(), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("webhook-id", id)
	q.Header.Set("webhook-timestamp", strconv.FormatInt(at.Unix(), 10))
	q.Header.Set("webhook-signature", signature)
	if edit != nil {
		edit(q)
	}
	resp, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

func TestReceiverTakesWhatTheReferenceLibrarySigned(t *testing.T) {
	r, got := newTestReceiver(t)
	body := `{"id":"n-1","type":"incident.opened","accessor":"e-wei-zhao"}`
	if status := post(t, r, "n-1", time.Now(), body, nil); status != http.StatusNoContent {
		t.Errorf("status %d, want 204", status)
	}
	// Somebody who rotates keys sends two signatures.
	if status := post(t, r, "n-1", time.Now(), body, func(q *http.Request) {
		q.Header.Set("webhook-signature", "v1,AAAA "+q.Header.Get("webhook-signature"))
	}); status != http.StatusNoContent {
		t.Errorf("second signature: status %d, want 204", status)
	}
	verified, refused, repeated := r.counts()
	if verified != 2 || refused != 0 || repeated != 1 || len(*got) != 1 || (*got)[0].Accessor != "e-wei-zhao" {
		t.Errorf("verified %d, refused %d, repeated %d, got %v; want 2, 0, 1 and one notification", verified, refused, repeated, *got)
	}
}

func TestReceiverRefusesEverythingElse(t *testing.T) {
	r, got := newTestReceiver(t)
	body := `{"id":"n-1"}`
	for name, status := range map[string]int{
		"another id":    post(t, r, "n-1", time.Now(), body, func(q *http.Request) { q.Header.Set("webhook-id", "n-2") }),
		"no signature":  post(t, r, "n-1", time.Now(), body, func(q *http.Request) { q.Header.Del("webhook-signature") }),
		"another time":  post(t, r, "n-1", time.Now(), body, func(q *http.Request) { q.Header.Set("webhook-timestamp", "1700000000") }),
		"ten years ago": post(t, r, "n-1", time.Now().AddDate(-10, 0, 0), body, nil),
		"not JSON":      post(t, r, "n-1", time.Now(), "hello", nil),
	} {
		if status != http.StatusUnauthorized {
			t.Errorf("%s: status %d, want 401", name, status)
		}
	}
	if _, refused, _ := r.counts(); refused != 5 || len(*got) != 0 {
		t.Errorf("refused %d, got %v; want 5 and nothing", refused, *got)
	}
}
