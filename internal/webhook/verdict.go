package webhook

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Verdict says what becomes of a notification after one attempt. The values
// stand in schema.Delivery and are metric labels.
type Verdict string

// Verdicts.
const (
	Delivered Verdict = "delivered" // the endpoint has it
	Retry     Verdict = "retry"     // again, later
	Refused   Verdict = "refused"   // the endpoint will never take it: dead letter
	Disabled  Verdict = "disabled"  // the endpoint says it is gone for good: hold everything, loudly
)

// Verdicts returns the closed set.
func Verdicts() []Verdict { return []Verdict{Delivered, Retry, Refused, Disabled} }

// MaxRetryAfter bounds what an endpoint may ask for.
const MaxRetryAfter = time.Hour

// Answer is what one attempt came to.
type Answer struct {
	Status     int           // HTTP status, 0 when none arrived
	Class      Class         // why none arrived; NoError when one did
	RetryAfter time.Duration // what the endpoint asked for, 0 when nothing
	Took       time.Duration
	Detail     string // for the log: text of ours or of the system, never of the endpoint
}

// Judge says what an answer means. A status that arrived decides, whatever
// happened to the body behind it.
//
// Whatever may pass is tried again. Refused are only answers that say that
// this very request is wrong (4xx), or that the endpoint moved for good: the
// configuration is wrong then, and the notification must not be lost silently.
func Judge(a Answer) Verdict {
	switch s := a.Status; {
	case s == 0:
		return Retry
	case s >= 200 && s < 300:
		return Delivered
	case s == http.StatusGone:
		return Disabled
	case s == http.StatusFound, s == http.StatusSeeOther, s == http.StatusTemporaryRedirect: // a maintenance page
		return Retry
	case s == http.StatusRequestTimeout, s == http.StatusTooEarly, s == http.StatusTooManyRequests:
		return Retry
	case s >= 300 && s < 500:
		return Refused
	default:
		return Retry
	}
}

// ParseRetryAfter reads the header's two forms, seconds and HTTP date, and
// gives 0 for anything else and for the past; at most MaxRetryAfter.
func ParseRetryAfter(value string, now time.Time) time.Duration {
	value = strings.TrimSpace(value)
	if seconds, err := strconv.ParseUint(value, 10, 32); err == nil {
		return min(time.Duration(seconds)*time.Second, MaxRetryAfter)
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(at.Sub(now), 0), MaxRetryAfter)
	}
	return 0
}
