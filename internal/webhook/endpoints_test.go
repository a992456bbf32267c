package webhook_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/watchglass/watchglass/internal/webhook"
)

// endpoint is one way to behave. Exactly one of handler and raw is set.
type endpoint struct {
	handler http.HandlerFunc
	raw     func(net.Conn) // speaks TCP itself; the connection is closed afterwards
	tls     bool           // handler only
	roots   bool           // the client trusts the server's certificate
	scheme  string         // overrides the URL's

	status     int
	class      webhook.Class
	verdict    webhook.Verdict
	retryAfter time.Duration
}

func status(code int, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
	}
}

func endless(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(code)
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 4096)); err != nil {
				return
			}
		}
	}
}

func slowBody(w http.ResponseWriter, r *http.Request) {
	w.WriteHeader(http.StatusOK)
	w.(http.Flusher).Flush()
	<-r.Context().Done()
}

func never(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

// say answers with raw bytes once the request's first bytes are there.
func say(text string) func(net.Conn) {
	return func(c net.Conn) {
		_, _ = c.Read(make([]byte, 64<<10))
		_, _ = io.WriteString(c, text)
	}
}

func reset(c net.Conn) {
	_, _ = c.Read(make([]byte, 1))
	_ = c.(*net.TCPConn).SetLinger(0)
}

func endpoints() map[string]endpoint {
	return map[string]endpoint{
		"200":                   {handler: status(200), status: 200, verdict: webhook.Delivered},
		"200 over TLS":          {handler: status(200), tls: true, roots: true, status: 200, verdict: webhook.Delivered},
		"201":                   {handler: status(201), status: 201, verdict: webhook.Delivered},
		"202":                   {handler: status(202), status: 202, verdict: webhook.Delivered},
		"204":                   {handler: status(204), status: 204, verdict: webhook.Delivered},
		"200, endless body":     {handler: endless(200), status: 200, verdict: webhook.Delivered},
		"200, slow body":        {handler: slowBody, status: 200, verdict: webhook.Delivered},
		"200, body cut short":   {raw: say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"), status: 200, verdict: webhook.Delivered},
		"200, HTTP/1.0":         {raw: say("HTTP/1.0 200 OK\r\n\r\nok"), status: 200, verdict: webhook.Delivered},
		"100, then 200":         {raw: say("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), status: 200, verdict: webhook.Delivered},
		"200 with Retry-After":  {handler: status(200, "Retry-After", "9"), status: 200, verdict: webhook.Delivered},
		"301":                   {handler: status(301, "Location", "http://127.0.0.1:1/"), status: 301, verdict: webhook.Refused},
		"302":                   {handler: status(302, "Location", "http://169.254.169.254/"), status: 302, verdict: webhook.Retry},
		"302, bad location":     {handler: status(302, "Location", "http://[::bad"), status: 302, verdict: webhook.Retry},
		"303":                   {handler: status(303, "Location", "/x"), status: 303, verdict: webhook.Retry},
		"307":                   {handler: status(307, "Location", "/x"), status: 307, verdict: webhook.Retry},
		"308":                   {handler: status(308, "Location", "/x"), status: 308, verdict: webhook.Refused},
		"400":                   {handler: status(400), status: 400, verdict: webhook.Refused},
		"400, endless body":     {handler: endless(400), status: 400, verdict: webhook.Refused},
		"401":                   {handler: status(401), status: 401, verdict: webhook.Refused},
		"403":                   {handler: status(403), status: 403, verdict: webhook.Refused},
		"404":                   {handler: status(404), status: 404, verdict: webhook.Refused},
		"408":                   {handler: status(408), status: 408, verdict: webhook.Retry},
		"410":                   {handler: status(410), status: 410, verdict: webhook.Disabled},
		"413":                   {handler: status(413), status: 413, verdict: webhook.Refused},
		"425":                   {handler: status(425), status: 425, verdict: webhook.Retry},
		"429":                   {handler: status(429), status: 429, verdict: webhook.Retry},
		"429, in 7 s":           {handler: status(429, "Retry-After", "7"), status: 429, verdict: webhook.Retry, retryAfter: 7 * time.Second},
		"429, in a year":        {handler: status(429, "Retry-After", "31536000"), status: 429, verdict: webhook.Retry, retryAfter: time.Hour},
		"500":                   {handler: status(500), status: 500, verdict: webhook.Retry},
		"502":                   {handler: status(502), status: 502, verdict: webhook.Retry},
		"503, in 30 s":          {handler: status(503, "Retry-After", "30"), status: 503, verdict: webhook.Retry, retryAfter: 30 * time.Second},
		"503, endless body":     {handler: endless(503), status: 503, verdict: webhook.Retry},
		"504":                   {handler: status(504), status: 504, verdict: webhook.Retry},
		"no answer":             {handler: never, class: webhook.Timeout, verdict: webhook.Retry},
		"half a header":         {raw: func(c net.Conn) { say("HTTP/1.1 200 OK\r\nX: ")(c); _, _ = io.Copy(io.Discard, c) }, class: webhook.Timeout, verdict: webhook.Retry},
		"reset":                 {raw: reset, class: webhook.ConnectionLost, verdict: webhook.Retry},
		"closed at once":        {raw: func(net.Conn) {}, class: webhook.ConnectionLost, verdict: webhook.Retry},
		"closed in the header":  {raw: say("HTTP/1.1 200 OK\r\nX: y"), class: webhook.ConnectionLost, verdict: webhook.Retry},
		"not HTTP":              {raw: say("SSH-2.0-OpenSSH_9.9\r\n"), class: webhook.BadResponse, verdict: webhook.Retry},
		"bad status":            {raw: say("HTTP/1.1 abc\r\n\r\n"), class: webhook.BadResponse, verdict: webhook.Retry},
		"endless header":        {raw: say("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 1<<20)), class: webhook.BadResponse, verdict: webhook.Retry},
		"unknown authority":     {handler: status(200), tls: true, class: webhook.TLSFailed, verdict: webhook.Retry},
		"TLS spoken to plain":   {handler: status(200), scheme: "https", class: webhook.TLSFailed, verdict: webhook.Retry},
		"plain spoken to TLS":   {handler: status(200), tls: true, scheme: "http", status: 400, verdict: webhook.Refused},
		"TLS handshake dropped": {raw: func(c net.Conn) { _, _ = c.Read(make([]byte, 1024)) }, scheme: "https", class: webhook.ConnectionLost, verdict: webhook.Retry},
		"TLS handshake stalls":  {raw: func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }, scheme: "https", class: webhook.Timeout, verdict: webhook.Retry},
	}
}

// TestEndpoints is the table of what endpoints do, each on a real socket.
func TestEndpoints(t *testing.T) {
	t.Parallel()
	for name, e := range endpoints() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const patience = 10 * time.Second // for whoever decides at once
			config := webhook.Config{Timeout: 3 * patience}
			if e.class == webhook.Timeout {
				config.Timeout = 100 * time.Millisecond
			}
			config.URL, config.Roots = serve(t, e)
			if e.scheme != "" {
				_, rest, _ := strings.Cut(config.URL, "://")
				config.URL = e.scheme + "://" + rest
			}
			begun := time.Now()
			answer, err := newClient(t, config).Send(t.Context(), "id-1", []byte(`{"a":1}`))
			if err != nil {
				t.Fatal(err)
			}
			if answer.Status != e.status || answer.Class != e.class || answer.RetryAfter != e.retryAfter || webhook.Judge(answer) != e.verdict {
				t.Errorf("got status %d, class %q, retry after %v, verdict %s (%s)\nwant status %d, class %q, retry after %v, verdict %s",
					answer.Status, answer.Class, answer.RetryAfter, webhook.Judge(answer), answer.Detail, e.status, e.class, e.retryAfter, e.verdict)
			}
			if all := time.Since(begun); answer.Took <= 0 || answer.Took > all || all > patience {
				t.Errorf("the answer took %v, all of it %v", answer.Took, all)
			}
		})
	}
}

func serve(t *testing.T, e endpoint) (url string, roots *x509.CertPool) {
	t.Helper()
	if e.handler != nil {
		server := httptest.NewUnstartedServer(e.handler)
		server.Config.ErrorLog = quiet()
		if e.tls {
			server.StartTLS()
		} else {
			server.Start()
		}
		t.Cleanup(server.Close)
		if e.roots {
			roots = x509.NewCertPool()
			roots.AddCert(server.Certificate())
		}
		return server.URL, roots
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			e.raw(c)
			_ = c.Close()
		}
	}()
	t.Cleanup(func() { _ = listener.Close(); <-done })
	return "http://" + listener.Addr().String(), nil
}

func TestExpiredAndForeignCertificates(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(status(200))
	server.Config.ErrorLog = quiet()
	server.StartTLS()
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	// The test certificate is for example.com and loopback addresses, not for this name.
	url := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	answer, err := newClient(t, webhook.Config{URL: url, Roots: roots, Timeout: 2 * time.Second}).Send(t.Context(), "id", nil)
	if err != nil || answer.Class != webhook.TLSFailed {
		t.Errorf("%+v, %v", answer, err)
	}
	old := httptest.NewUnstartedServer(status(200))
	old.Config.ErrorLog = quiet()
	old.TLS = &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10} // an endpoint that is too old
	old.StartTLS()
	defer old.Close()
	answer, err = newClient(t, webhook.Config{URL: old.URL, Roots: roots, Timeout: 2 * time.Second}).Send(t.Context(), "id", nil)
	if err != nil || answer.Class != webhook.TLSFailed {
		t.Errorf("TLS 1.1: %+v, %v", answer, err)
	}
}

// TestForbiddenAddressesAreNotDialled: also when a name resolves to one.
func TestForbiddenAddressesAreNotDialled(t *testing.T) {
	t.Parallel()
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) }))
	defer server.Close()
	for _, url := range []string{server.URL, strings.Replace(server.URL, "127.0.0.1", "localhost", 1)} {
		client := newClient(t, webhook.Config{URL: url, Allow: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, Timeout: 2 * time.Second})
		answer, err := client.Send(t.Context(), "id", nil)
		if err != nil || answer.Class != webhook.ForbiddenAddress || webhook.Judge(answer) != webhook.Retry {
			t.Errorf("%s: %+v, %v", url, answer, err)
		}
	}
	if n := requests.Load(); n != 0 {
		t.Errorf("%d requests arrived", n)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	var requests atomic.Int32
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) }))
	defer target.Close()
	for _, code := range []int{301, 302, 303, 307, 308} {
		server := httptest.NewServer(status(code, "Location", target.URL))
		if answer, err := newClient(t, webhook.Config{URL: server.URL}).Send(t.Context(), "id", nil); err != nil || answer.Status != code {
			t.Errorf("%d: %+v, %v", code, answer, err)
		}
		server.Close()
	}
	if n := requests.Load(); n != 0 {
		t.Errorf("%d redirects were followed", n)
	}
}

func TestConnectionsAreUsedAgain(t *testing.T) {
	t.Parallel()
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "thank you") }))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	client := newClient(t, webhook.Config{URL: server.URL})
	for range 10 {
		if _, err := client.Send(t.Context(), "id", []byte("{}")); err != nil {
			t.Fatal(err)
		}
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections for 10 attempts, want 1", n)
	}
}

func TestAnEndedContextIsNoAnswer(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(never))
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	answer, err := newClient(t, webhook.Config{URL: server.URL}).Send(ctx, "id", nil)
	if !errors.Is(err, context.DeadlineExceeded) || answer != (webhook.Answer{}) {
		t.Errorf("%+v, %v", answer, err)
	}
}

// quiet keeps the server's complaints about its clients out of the output.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }
