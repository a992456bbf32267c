package alert

// Reason says why a decision was taken. The set is closed: reasons are metric
// labels and stand in incident changes.
type Reason string

// What came of an alert or a tick.
const (
	FirstAlert     Reason = "first_alert"     // opened: nothing was known under this key
	Reopened       Reason = "reopened"        // opened anew: the last one was resolved
	IntervalPassed Reason = "interval_passed" // updated: more alerts, and the last notification is long enough ago
	TooSoon        Reason = "too_soon"        // counted; the update is owed and comes with a tick
	Duplicate      Reason = "duplicate"       // seen before: nothing changes
	QuietPassed    Reason = "quiet_passed"    // resolved
	Forgotten      Reason = "forgotten"       // resolved long ago: the state is deleted
	NotDue         Reason = "not_due"         // a tick that came too early for anything
)

// Reasons returns the closed set.
func Reasons() []Reason {
	return []Reason{FirstAlert, Reopened, IntervalPassed, TooSoon, Duplicate, QuietPassed, Forgotten, NotDue}
}

// Status of an incident change; with "incident." before it, the type of a
// notification.
const (
	StatusOpened   = "opened"
	StatusUpdated  = "updated"
	StatusResolved = "resolved"
)
