package webhook_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/watchglass/watchglass/internal/webhook"
)

func TestJudge(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]webhook.Verdict{
		0:   webhook.Retry, // no answer, whatever the class
		200: webhook.Delivered, 201: webhook.Delivered, 202: webhook.Delivered, 204: webhook.Delivered, 299: webhook.Delivered,
		300: webhook.Refused, 301: webhook.Refused, 302: webhook.Retry, 303: webhook.Retry, 304: webhook.Refused, 307: webhook.Retry, 308: webhook.Refused,
		400: webhook.Refused, 401: webhook.Refused, 403: webhook.Refused, 404: webhook.Refused, 405: webhook.Refused,
		408: webhook.Retry, 409: webhook.Refused, 410: webhook.Disabled, 411: webhook.Refused, 413: webhook.Refused, 415: webhook.Refused,
		422: webhook.Refused, 425: webhook.Retry, 429: webhook.Retry, 451: webhook.Refused, 499: webhook.Refused,
		500: webhook.Retry, 501: webhook.Retry, 502: webhook.Retry, 503: webhook.Retry, 504: webhook.Retry, 529: webhook.Retry, 599: webhook.Retry,
		101: webhook.Retry, 600: webhook.Retry, 999: webhook.Retry, // nonsense passes
	} {
		if got := webhook.Judge(webhook.Answer{Status: status}); got != want {
			t.Errorf("status %d: %s, want %s", status, got, want)
		}
	}
}

func TestParseRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "0": 0, "7": 7 * time.Second, " 7 ": 7 * time.Second, "-7": 0, "7.5": 0, "soon": 0,
		"3600": time.Hour, "3601": time.Hour, "4294967295": time.Hour, "99999999999999999999": 0,
		"Mon, 23 Nov 2026 20:00:30 GMT": 30 * time.Second, "Mon, 23 Nov 2026 19:59:30 GMT": 0, "Mon, 23 Nov 2099 20:00:30 GMT": time.Hour,
	} {
		if got := webhook.ParseRetryAfter(value, now); got != want {
			t.Errorf("%q: %v, want %v", value, got, want)
		}
	}
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		verdict    webhook.Verdict
		attempt    uint32
		jitter     float64
		retryAfter time.Duration
		want       time.Duration
	}{
		"first, no jitter":               {webhook.Retry, 1, 0, 0, 250 * time.Millisecond},
		"first, half the jitter":         {webhook.Retry, 1, .5, 0, 375 * time.Millisecond},
		"doubles":                        {webhook.Retry, 4, 0, 0, 2 * time.Second},
		"up to the maximum":              {webhook.Retry, 11, 0, 0, 150 * time.Second},
		"after a hundred attempts":       {webhook.Retry, 100, 0, 0, 150 * time.Second},
		"attempt 0 is the first":         {webhook.Retry, 0, 0, 0, 250 * time.Millisecond},
		"the endpoint asked for more":    {webhook.Retry, 1, 0, 7 * time.Second, 7 * time.Second},
		"the endpoint asked for less":    {webhook.Retry, 11, 0, 7 * time.Second, 150 * time.Second},
		"the endpoint asked for a day":   {webhook.Retry, 1, 0, 24 * time.Hour, time.Hour},
		"disabled, whatever the attempt": {webhook.Disabled, 1, 0, 0, 30 * time.Minute},
	} {
		if got := webhook.Backoff(c.verdict, c.attempt, c.jitter, c.retryAfter); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestBackoffStaysInItsBounds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		attempt, jitter := rapid.Uint32().Draw(t, "attempt"), rapid.Float64Range(0, .999).Draw(t, "jitter")
		got := webhook.Backoff(webhook.Retry, attempt, jitter, 0)
		if got < webhook.FirstBackoff/2 || got > webhook.MaxBackoff {
			t.Fatalf("attempt %d: %v", attempt, got)
		}
		if attempt < 1<<31 && webhook.Backoff(webhook.Retry, attempt+1, jitter, 0) < got {
			t.Fatalf("attempt %d waits longer than the next one", attempt)
		}
	})
}
