package alert

import (
	"strconv"
	"time"

	"github.com/watchglass/watchglass/schema"
)

// TypePrefix and a status make the type of a notification.
const TypePrefix = "incident."

// Limits of texts that leave the company; with them a notification stays
// below 20 kB however its JSON is escaped.
const (
	maxTextBytes = 128
	maxListItems = 16
	maxItemBytes = 32
)

// publicationID names one change of an incident, and its notification: the
// same for every copy. Standard Webhooks wants no full stop in it.
func (i *Incident) publicationID() string { return i.ID + "-" + strconv.FormatUint(i.Sequence, 10) }

func (i *Incident) change(status string, why Reason, now time.Time) *schema.IncidentChange {
	return &schema.IncidentChange{
		ID: i.publicationID(), Incident: i.ID, Generation: i.Generation, Sequence: i.Sequence,
		Time: now, Status: status, Reason: string(why),
		Rule: i.Rule, Accessor: i.Accessor, Group: i.Group,
		Alerts: i.Alerts, FirstAlert: i.FirstAlert, LastAlert: i.LastAlert, First: i.First, Last: i.Last,
	}
}

// notification holds nothing but counts, the rule, a reference to the
// accessor, the closed list of facts, times and ids.
func (i *Incident) notification(status string, now time.Time, s *Settings) *schema.Notification {
	n := &schema.Notification{
		ID: i.publicationID(), Type: TypePrefix + status, Time: now, Incident: i.ID,
		Rule: publicRule(i.Rule), Accessor: cut(i.Accessor, maxTextBytes),
		Alerts: i.Alerts, First: i.First, Last: i.Last, EventTime: i.Last,
		SQL: Query(i.ID),
	}
	if s.HashAccessor {
		n.Accessor = s.Identity.AccessorID(i.Accessor)
	}
	i.Facts.describe(n)
	return n
}

// Query is the SQL that shows an incident's events to whoever may see them.
// incident is an id of ours, hex digits only.
func Query(incident string) string {
	return "SELECT * FROM incident_events(incident = '" + incident + "')"
}

func publicRule(r schema.RuleRef) schema.RuleRef {
	return schema.RuleRef{
		ID: cut(r.ID, maxTextBytes), Title: cut(r.Title, maxTextBytes), Level: cut(r.Level, maxItemBytes),
		Version: cut(r.Version, maxTextBytes), Tags: cutList(r.Tags),
	}
}
