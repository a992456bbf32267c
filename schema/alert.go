package schema

import "time"

// Alert is one rule matched, for one event or one group of them. It is the
// value of topic `alerts`, keyed by accessor. Its id is deterministic: a
// replay makes the same one, and everything downstream drops the copy.
// It stays inside: it carries the evidence, personal data included.
type Alert struct {
	ID       string    `json:"id"`      // hex, see internal/alert.ID
	Time     time.Time `json:"time"`    // event time of what matched
	Created  time.Time `json:"created"` // when the worker published it
	Rule     RuleRef   `json:"rule"`
	Accessor string    `json:"accessor"`           // accessor id
	Group    []Pair    `json:"group,omitempty"`    // the rule's group-by values; default: the accessor
	Source   Position  `json:"source"`             // the record that matched
	Evidence []Pair    `json:"evidence,omitempty"` // the fields the rule looked at, as enriched then, and the usual context
}

// RuleRef names a rule as it was when it matched.
type RuleRef struct {
	ID      string   `json:"id"`
	Title   string   `json:"title"`
	Level   string   `json:"level"`             // of Levels
	Version string   `json:"version,omitempty"` // hash of the rule's text
	Tags    []string `json:"tags,omitempty"`
}

// Pair is a field path and the text of its value; lists are joined with ", ".
type Pair struct {
	Field string `json:"field"`
	Value string `json:"value"`
}

// Levels returns Sigma's levels, lowest first.
func Levels() []string { return []string{"informational", "low", "medium", "high", "critical"} }

// IncidentChange is one step in the life of an incident. It is the value of
// topic `incidents` and a row of `incident_changes`.
type IncidentChange struct {
	ID         string    `json:"id"`         // deterministic: incident, sequence
	Incident   string    `json:"incident"`   // id of the incident
	Generation uint32    `json:"generation"` // how often it was opened anew under the same key
	Sequence   uint64    `json:"sequence"`   // of the changes of this incident, from 1
	Time       time.Time `json:"time"`
	Status     string    `json:"status"` // opened, updated, resolved
	Reason     string    `json:"reason"` // why the decision was taken
	Rule       RuleRef   `json:"rule"`
	Accessor   string    `json:"accessor"`
	Group      []Pair    `json:"group,omitempty"`
	Alerts     uint64    `json:"alerts"` // so far
	FirstAlert string    `json:"first_alert"`
	LastAlert  string    `json:"last_alert"`
	First      time.Time `json:"first"` // event times
	Last       time.Time `json:"last"`
}

// Notification is what leaves the company: the value of topic `notifications`
// and, in the generic format, the body of the webhook. It holds NO personal
// data of subjects: counts, categories, rule, level, a reference to the
// accessor, times, where from, the incident's id, and the SQL that shows the
// rest to whoever may see it.
type Notification struct {
	ID        string    `json:"id"`   // stable over retries; becomes webhook-id
	Type      string    `json:"type"` // incident.opened, incident.updated, incident.resolved, test
	Time      time.Time `json:"timestamp"`
	Incident  string    `json:"incident"`
	Rule      RuleRef   `json:"rule"`
	Accessor  string    `json:"accessor"` // reference: id, or a keyed hash where so configured
	Employer  string    `json:"employer,omitempty"`
	Unit      string    `json:"unit,omitempty"`
	Network   string    `json:"network_country,omitempty"`
	Location  string    `json:"location_state,omitempty"`
	Law       []string  `json:"jurisdictions,omitempty"`
	Action    string    `json:"action,omitempty"`
	Dataset   string    `json:"dataset,omitempty"`
	Silo      string    `json:"silo,omitempty"`
	Residents string    `json:"residents,omitempty"`
	Category  []string  `json:"categories,omitempty"`
	Groups    []string  `json:"groups,omitempty"`   // protected groups, never who
	Subjects  uint64    `json:"subjects,omitempty"` // how many, in the last alert's event
	Alerts    uint64    `json:"alerts"`
	First     time.Time `json:"first"`
	Last      time.Time `json:"last"`
	EventTime time.Time `json:"event_time"` // of the alert that caused it
	SQL       string    `json:"sql"`        // shows what happened to whoever may see it
	Test      bool      `json:"test,omitempty"`
}

// Delivery is one attempt to hand a notification to a destination: the value
// of topic `deliveries` and a row of the table of that name. No URL, no body.
type Delivery struct {
	ID           string        `json:"id"` // deterministic: notification, destination, attempt
	Notification string        `json:"notification"`
	Incident     string        `json:"incident"`
	Destination  string        `json:"destination"` // its configured name
	Attempt      uint32        `json:"attempt"`
	Time         time.Time     `json:"time"`
	Verdict      string        `json:"verdict"`          // delivered, retry, refused, disabled
	Status       uint16        `json:"status,omitempty"` // HTTP, 0 when there was no answer
	Error        string        `json:"error,omitempty"`  // class of the error, never its text
	Took         time.Duration `json:"took_ns"`
}
