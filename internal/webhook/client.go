package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"time"
)

// Headers of Standard Webhooks.
const (
	HeaderID        = "webhook-id"
	HeaderTimestamp = "webhook-timestamp"
	HeaderSignature = "webhook-signature"
)

const (
	// DefaultTimeout is how long one attempt may take, from dialling to the
	// answer's status.
	DefaultTimeout = 10 * time.Second
	// maxAnswerBytes and drainTime bound what is read of an answer's body:
	// it is read only so that the connection can be used again.
	maxAnswerBytes   = 16 << 10
	drainTime        = 250 * time.Millisecond
	maxAnswerHeaders = 32 << 10
	idlePerHost      = 8
	idleTime         = 90 * time.Second
)

// Config says where to send, and how.
type Config struct {
	URL     string         // http or https; may hold user info, which becomes basic authentication
	Secrets []Secret       // at least one; the first is the current one
	Timeout time.Duration  // 0: DefaultTimeout
	Allow   []netip.Prefix // addresses that may be dialled though they are not public
	// AllowPlain permits http. The signature still proves who sent it, but
	// anybody on the way can read it.
	AllowPlain bool
	Roots      *x509.CertPool // nil: the system's
	UserAgent  string         // "" for "watchglass"
}

// Client sends to one endpoint and keeps its connections. It is safe for
// concurrent use.
type Client struct {
	config    Config
	url       *url.URL
	user      *url.Userinfo
	transport *http.Transport
}

// New checks the configuration and starts nothing. Its errors hold nothing of
// the URL but its scheme and host.
func New(config Config) (*Client, error) {
	u, err := url.Parse(config.URL)
	if err != nil {
		return nil, errors.New("webhook URL cannot be parsed")
	}
	switch {
	case u.Scheme == "http" && !config.AllowPlain:
		return nil, fmt.Errorf("webhook URL of %s is http: use https, or allow plain http for this destination", u.Host)
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, fmt.Errorf("webhook URL has scheme %q: want https", u.Scheme)
	case u.Hostname() == "":
		return nil, errors.New("webhook URL has no host")
	case len(config.Secrets) == 0:
		return nil, fmt.Errorf("webhook to %s has no signing secret", u.Host)
	}
	if config.Timeout <= 0 {
		config.Timeout = DefaultTimeout
	}
	if config.UserAgent == "" {
		config.UserAgent = "watchglass"
	}
	user := u.User
	u.User, u.Fragment, config.URL = nil, "", ""
	dialer := &net.Dialer{Timeout: config.Timeout, KeepAlive: 30 * time.Second, Control: NewGuard(config.Allow).control}
	return &Client{config: config, url: u, user: user, transport: &http.Transport{
		Proxy:                  nil, // a proxy would dial for us, past the guard
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: config.Roots},
		TLSHandshakeTimeout:    config.Timeout,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true,
		MaxIdleConnsPerHost:    idlePerHost,
		IdleConnTimeout:        idleTime,
		MaxResponseHeaderBytes: maxAnswerHeaders,
	}}, nil
}

// Host is the endpoint's host and port, for logs.
func (c *Client) Host() string { return c.url.Host }

// Close closes idle connections.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Send makes one attempt. id becomes webhook-id and must be the same for every
// attempt of one notification. An answer is an answer even when it is a
// failure; the error is ctx's, when it ended first, and nothing is known then.
func (c *Client) Send(ctx context.Context, id string, body []byte) (Answer, error) {
	start := time.Now()
	attempt, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	// The transport itself, not a http.Client: that would look at Location,
	// follow it, and put URLs into its errors.
	response, err := c.transport.RoundTrip(c.request(attempt, id, start, body))
	took := time.Since(start)
	if err != nil {
		if ctx.Err() != nil {
			return Answer{}, ctx.Err()
		}
		class, detail := classify(err)
		return Answer{Class: class, Detail: detail, Took: took}, nil
	}
	answer := Answer{Status: response.StatusCode, Took: took}
	if Judge(answer) != Delivered {
		answer.RetryAfter = ParseRetryAfter(response.Header.Get("Retry-After"), start)
	}
	drain := time.AfterFunc(drainTime, cancel)
	defer drain.Stop()
	_, _ = io.CopyN(io.Discard, response.Body, maxAnswerBytes) // the status has decided
	_ = response.Body.Close()
	return answer, nil
}

func (c *Client) request(ctx context.Context, id string, at time.Time, body []byte) *http.Request {
	request := (&http.Request{
		Method: http.MethodPost, URL: c.url, Host: c.url.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: make(http.Header), Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
		GetBody: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil },
	}).WithContext(ctx)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", c.config.UserAgent)
	request.Header.Set(HeaderID, id)
	request.Header.Set(HeaderTimestamp, strconv.FormatInt(at.Unix(), 10))
	request.Header.Set(HeaderSignature, Sign(c.config.Secrets, id, at, body))
	if c.user != nil {
		password, _ := c.user.Password()
		request.SetBasicAuth(c.user.Username(), password)
	}
	return request
}
