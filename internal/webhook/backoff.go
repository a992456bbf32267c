package webhook

import "time"

// Bounds of the time between two attempts, before jitter.
const (
	FirstBackoff    = 500 * time.Millisecond
	MaxBackoff      = 5 * time.Minute
	DisabledBackoff = time.Hour
)

// Backoff is the time to wait after a failed attempt, counted from 1. It
// doubles from FirstBackoff to MaxBackoff; jitter, in [0,1), takes it anywhere
// between half of that and all of it, so that many workers do not return at
// the same moment. What the endpoint asked for is waited for at least. A
// disabled endpoint is asked once in DisabledBackoff, in case it was a mistake.
func Backoff(v Verdict, attempt uint32, jitter float64, retryAfter time.Duration) time.Duration {
	wait := MaxBackoff
	if v == Disabled {
		wait = DisabledBackoff
	} else if shift := max(attempt, 1) - 1; shift < 32 {
		wait = min(FirstBackoff<<shift, MaxBackoff)
	}
	wait = wait/2 + time.Duration(jitter*float64(wait/2))
	return max(wait, min(retryAfter, MaxRetryAfter))
}
