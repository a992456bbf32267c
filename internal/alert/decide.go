package alert

import (
	"time"

	"github.com/watchglass/watchglass/schema"
)

// Outcome is a decision: the state that follows from it, and why. State is nil
// when there is nothing to keep (any more). What is to be published stands at
// the end of State.Pending.
type Outcome struct {
	State  *Incident
	Reason Reason
	// Changed says that State differs from the state that was given and must
	// be made durable before the alert counts as handled.
	Changed bool
	// Publish points at what this decision added to State.Pending, or is nil.
	Publish *Pending
}

// OnAlert decides what an alert means for the incident of its key; state is
// nil when there is none. now is the worker's clock. state is not modified.
func OnAlert(state *Incident, a *schema.Alert, now time.Time, s *Settings) Outcome {
	switch {
	case state == nil:
		return opened(Incident{Group: groupOf(a)}, a, now, s, FirstAlert)
	case state.Seen.Has(a.ID, a.Source):
		return Outcome{State: state, Reason: Duplicate}
	case !state.Open():
		return opened(Incident{Group: state.Group, Generation: state.Generation, Seen: state.Seen, Pending: state.Pending}, a, now, s, Reopened)
	}
	next := *state
	next.count(a, now, s)
	if now.Sub(next.Notified) < s.UpdateInterval {
		next.Owed = true
		return Outcome{State: &next, Reason: TooSoon, Changed: true}
	}
	return next.publish(StatusUpdated, IntervalPassed, now, s)
}

// OnTick decides what the passing of time means for an incident. state is not
// modified.
func OnTick(state *Incident, now time.Time, s *Settings) Outcome {
	if now.Before(state.Due(s)) || !state.Open() && len(state.Pending) > 0 { // its resolution is not out yet
		return Outcome{State: state, Reason: NotDue}
	}
	next := *state
	switch {
	case !next.Open():
		return Outcome{Reason: Forgotten, Changed: true}
	case !now.Before(next.quietEnds(s)):
		next.Resolved = now
		return next.publish(StatusResolved, QuietPassed, now, s)
	default:
		return next.publish(StatusUpdated, IntervalPassed, now, s)
	}
}

func opened(next Incident, a *schema.Alert, now time.Time, s *Settings, why Reason) Outcome {
	next.Generation++
	next.count(a, now, s)
	next.ID = s.Identity.IncidentID(KeyOf(a), next.Generation)
	return next.publish(StatusOpened, why, now, s)
}

// count adds an alert that was not seen before.
func (i *Incident) count(a *schema.Alert, now time.Time, s *Settings) {
	if i.Alerts == 0 {
		i.FirstAlert, i.First, i.Last = a.ID, a.Time, a.Time
	}
	if a.Time.Before(i.First) {
		i.First = a.Time
	}
	if a.Time.After(i.Last) {
		i.Last = a.Time
	}
	i.Alerts++
	i.Rule, i.Accessor, i.LastAlert, i.Arrived = a.Rule, a.Accessor, a.ID, now
	i.Facts = FactsOf(a)
	i.Seen = i.Seen.Add(a.ID, a.Source, s.Recent)
}

// publish adds a change and its notification to what is pending.
func (i *Incident) publish(status string, why Reason, now time.Time, s *Settings) Outcome {
	i.Sequence++
	i.Notified, i.Owed = now, false
	added := Pending{Change: i.change(status, why, now), Notification: i.notification(status, now, s)}
	i.Pending = append(append(make([]Pending, 0, len(i.Pending)+1), i.Pending...), added)
	return Outcome{State: i, Reason: why, Changed: true, Publish: &added}
}
