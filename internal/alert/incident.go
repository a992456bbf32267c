package alert

import (
	"time"

	"github.com/watchglass/watchglass/schema"
)

// Incident is the open life of alerts with one key, or the memory of it. It is
// the value of the compacted topic `incident-state` and stays inside: its group
// is personal data.
//
// Times decide by the worker's clock (Arrived, Notified, Resolved); First and
// Last are event times, for people.
type Incident struct {
	ID         string         `json:"id"`
	Generation uint32         `json:"generation"` // how often this key was opened, from 1
	Sequence   uint64         `json:"sequence"`   // of its changes, from 1
	Rule       schema.RuleRef `json:"rule"`       // as the last alert had it
	Accessor   string         `json:"accessor"`   // of the last alert
	Group      []schema.Pair  `json:"group"`
	Alerts     uint64         `json:"alerts"`
	FirstAlert string         `json:"first_alert"`
	LastAlert  string         `json:"last_alert"`
	First      time.Time      `json:"first"`
	Last       time.Time      `json:"last"`
	Arrived    time.Time      `json:"arrived"`  // when the last alert arrived
	Notified   time.Time      `json:"notified"` // when the last notification was decided
	Owed       bool           `json:"owed,omitempty"`
	Resolved   time.Time      `json:"resolved,omitzero"` // zero while it is open
	Facts      Facts          `json:"facts"`
	Seen       Seen           `json:"seen"`
	Pending    []Pending      `json:"pending,omitempty"`

	// Hold keeps a restored incident from being resolved before the worker
	// has caught up with what arrived while nobody watched.
	Hold time.Time `json:"-"`
}

// Pending is what an incident still has to publish. It is written with the
// state before it is published, so that whoever restores the state publishes
// it again, with the same ids.
type Pending struct {
	Change       *schema.IncidentChange `json:"change,omitempty"`
	Notification *schema.Notification   `json:"notification,omitempty"`
}

// Key gives the key that the incident is kept under.
func (i *Incident) Key() Key { return keyOf(i.Rule.ID, i.Group) }

// Open tells whether the incident is not resolved.
func (i *Incident) Open() bool { return i.Resolved.IsZero() }

// Due is when a tick will next have something to decide. It is never zero.
func (i *Incident) Due(s *Settings) time.Time {
	if !i.Open() {
		return i.Resolved.Add(s.Remember)
	}
	due := i.quietEnds(s)
	if update := i.Notified.Add(s.UpdateInterval); i.Owed && update.Before(due) {
		due = update
	}
	return due
}

func (i *Incident) quietEnds(s *Settings) time.Time {
	end := i.Arrived.Add(s.Quiet)
	if end.Before(i.Hold) {
		return i.Hold
	}
	return end
}
