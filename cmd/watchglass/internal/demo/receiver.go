package demo

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/watchglass/watchglass/schema"
)

// receiver is where the demo's notifications are delivered: what an on-call
// system would be. It takes nothing whose signature it cannot verify.
type receiver struct {
	secret   []byte
	server   *http.Server
	listener net.Listener
	received func(schema.Notification, time.Time) // called for each new notification, one at a time

	mu       sync.Mutex
	ids      map[string]int // how often each notification came
	refused  int            // requests without a valid signature, or unreadable
	verified int
}

// maxAge is how old a signed request may be: Standard Webhooks suggests five
// minutes, against replays.
const maxAge = 5 * time.Minute

func startReceiver(secret []byte, received func(schema.Notification, time.Time)) (*receiver, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &receiver{secret: secret, listener: listener, received: received, ids: map[string]int{}}
	r.server = &http.Server{Handler: r, ReadTimeout: 10 * time.Second}
	go func() { _ = r.server.Serve(listener) }() // ends with close
	return r, nil
}

func (r *receiver) url() string { return "http://" + r.listener.Addr().String() + "/on-call" }

// close waits for requests that are being served.
func (r *receiver) close(ctx context.Context) error { return r.server.Shutdown(ctx) }

// ServeHTTP takes one notification.
func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	now := time.Now()
	body, err := io.ReadAll(http.MaxBytesReader(w, q.Body, 1<<20))
	var n schema.Notification
	if err == nil {
		err = verify(r.secret, q.Header, body, now)
	}
	if err == nil {
		err = json.Unmarshal(body, &n)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.refused++
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return
	}
	r.verified++
	id := q.Header.Get("webhook-id")
	r.ids[id]++
	if r.ids[id] == 1 {
		r.received(n, now)
	}
	w.WriteHeader(http.StatusNoContent)
}

// counts returns how many requests were verified, refused, and repeated.
func (r *receiver) counts() (verified, refused, repeated int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, times := range r.ids {
		repeated += times - 1
	}
	return r.verified, r.refused, repeated
}

// verify checks a request by the Standard Webhooks specification 1.0: an HMAC
// of `id.timestamp.body`, and a timestamp that is not old. It shares nothing
// with what made the signature.
func verify(secret []byte, h http.Header, body []byte, now time.Time) error {
	id, stamp := h.Get("webhook-id"), h.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if id == "" || err != nil {
		return errors.New("webhook-id or webhook-timestamp is missing")
	}
	if age := now.Sub(time.Unix(seconds, 0)); age > maxAge || age < -maxAge {
		return errors.New("webhook-timestamp is too far from now")
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(id + "." + stamp + "."))
	mac.Write(body)
	want := mac.Sum(nil)
	for signature := range strings.FieldsSeq(h.Get("webhook-signature")) {
		version, text, _ := strings.Cut(signature, ",")
		got, err := base64.StdEncoding.DecodeString(text)
		if version == "v1" && err == nil && hmac.Equal(got, want) {
			return nil
		}
	}
	return errors.New("no signature in webhook-signature is valid")
}
