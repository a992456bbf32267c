package webhook_test

import (
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"go.uber.org/goleak"

	"github.com/watchglass/watchglass/internal/webhook"
	"github.com/watchglass/watchglass/schema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func secretText(fill byte) string {
	return "whsec_" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat(string(fill), 24)))
}

func secret(t *testing.T, text string) webhook.Secret {
	t.Helper()
	s, err := webhook.ParseSecret(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func loopback() []netip.Prefix {
	return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
}

func newClient(t *testing.T, config webhook.Config) *webhook.Client {
	t.Helper()
	if config.Secrets == nil {
		config.Secrets = []webhook.Secret{secret(t, secretText('a'))}
	}
	if config.Allow == nil {
		config.Allow = loopback()
	}
	config.AllowPlain = true
	c, err := webhook.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// TestSignatureIsVerifiedByAnIndependentLibrary: each of two secrets is enough
// for a receiver, a third one is not, and neither is a body that was changed.
func TestSignatureIsVerifiedByAnIndependentLibrary(t *testing.T) {
	t.Parallel()
	type received struct {
		header http.Header
		body   []byte
	}
	got := make(chan received, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- received{r.Header, body}
	}))
	defer server.Close()
	client := newClient(t, webhook.Config{URL: server.URL, Secrets: []webhook.Secret{secret(t, secretText('a')), secret(t, secretText('b'))}})
	body, err := webhook.Body(&schema.Notification{ID: "0123-1", Type: "incident.opened", Time: time.Now(), Accessor: "e-1042 <&> ü"})
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := client.Send(t.Context(), "0123-1", body); err != nil || webhook.Judge(answer) != webhook.Delivered {
		t.Fatalf("%+v, %v", answer, err)
	}
	r := <-got
	verify := func(fill byte, body []byte) error {
		w, err := standardwebhooks.NewWebhook(secretText(fill))
		if err != nil {
			t.Fatal(err)
		}
		return w.Verify(body, r.header)
	}
	for _, fill := range []byte("ab") {
		if err := verify(fill, r.body); err != nil {
			t.Errorf("secret %c: %v", fill, err)
		}
	}
	if verify('c', r.body) == nil {
		t.Error("a secret that did not sign is accepted")
	}
	if verify('a', append(r.body, ' ')) == nil {
		t.Error("a body that was changed is accepted")
	}
	if r.header.Get("webhook-id") != "0123-1" || r.header.Get("Content-Type") != "application/json" {
		t.Errorf("headers: %v", r.header)
	}
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	encode := func(n int) string {
		return "whsec_" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", n)))
	}
	for text, ok := range map[string]bool{
		encode(24): true, encode(64): true, " " + encode(32) + "\n": true,
		encode(23): false, encode(65): false, "": false, "whsec_": false,
		strings.TrimPrefix(encode(32), "whsec_"): false, "whsec_!!!" + encode(32): false,
	} {
		s, err := webhook.ParseSecret(text)
		if (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
		if err != nil && (!errors.Is(err, webhook.ErrSecret) || len(text) > 10 && strings.Contains(err.Error(), text)) {
			t.Errorf("%q: error %q", text, err)
		}
		if s.String() != "<secret>" || s.GoString() != "<secret>" {
			t.Errorf("a secret prints as %s", s)
		}
	}
}

// TestErrorsKeepTheURLSecret: paths, queries and user info are secrets at many
// receivers.
func TestErrorsKeepTheURLSecret(t *testing.T) {
	t.Parallel()
	secrets := []webhook.Secret{secret(t, secretText('a'))}
	for name, url := range map[string]string{
		"http": "http://user:SECRET@example.com/SECRET?k=SECRET", "scheme": "ftp://user:SECRET@example.com/SECRET",
		"no host": "https:///SECRET", "not a url": "https://[::SECRET", "control": "https://example.com/\x7fSECRET", "relative": "SECRET",
	} {
		if _, err := webhook.New(webhook.Config{URL: url, Secrets: secrets}); err == nil || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := webhook.New(webhook.Config{URL: "https://example.com"}); err == nil {
		t.Error("a destination without a secret is accepted")
	}
	// A port that nothing listens on.
	client := newClient(t, webhook.Config{URL: "http://user:SECRET@127.0.0.1:1/SECRET?k=SECRET", Timeout: 5 * time.Second})
	answer, err := client.Send(t.Context(), "id", nil)
	if err != nil || answer.Class != webhook.ConnectRefused || strings.Contains(answer.Detail, "SECRET") {
		t.Errorf("%+v, %v", answer, err)
	}
	if client.Host() != "127.0.0.1:1" {
		t.Errorf("host %q", client.Host())
	}
}

func TestUserInfoBecomesBasicAuthentication(t *testing.T) {
	t.Parallel()
	users := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		users <- user + "/" + password + r.URL.String()
	}))
	defer server.Close()
	client := newClient(t, webhook.Config{URL: strings.Replace(server.URL, "://", "://user:word@", 1) + "/hook?k=v"})
	if _, err := client.Send(t.Context(), "id", nil); err != nil {
		t.Fatal(err)
	}
	if got := <-users; got != "user/word/hook?k=v" {
		t.Errorf("got %q", got)
	}
}

func TestBodyIsBounded(t *testing.T) {
	t.Parallel()
	if _, err := webhook.Body(&schema.Notification{SQL: strings.Repeat("x", webhook.MaxBodyBytes)}); err == nil {
		t.Error("a body over the limit is accepted")
	}
}
