package schema

import "time"

// CorrelationRun is one run of a rule over time: the rows that it took in, and what
// came of it. It is the value of topic `correlations`, keyed by rule, and a row of
// the table `correlation_runs`. The latest of a rule is where its next run begins. It
// holds no personal data.
type CorrelationRun struct {
	ID       string `json:"id"` // rule, sequence, status
	Rule     string `json:"rule"`
	Version  string `json:"version"`  // of the rule
	Sequence uint64 `json:"sequence"` // of the runs of the rule, from 1
	Status   string `json:"status"`   // of RunStatuses

	// From and To are offsets by `topic/partition`, with the topic's incarnation: rows
	// from the one up to the other are new in this run. From is what To of the run before was.
	From map[string]int64 `json:"from"`
	To   map[string]int64 `json:"to"`
	// Judged is the time up to which windows have been judged that more rows could have
	// undone; zero for rules that nothing undoes.
	Judged time.Time `json:"judged,omitzero"`

	Started   time.Time     `json:"started"`
	Took      time.Duration `json:"took_ns"`
	Rows      uint64        `json:"rows"`      // new rows that concern the rule
	Alerts    uint64        `json:"alerts"`    // published; of a run with status filled: that would have been
	ReadRows  uint64        `json:"read_rows"` // that ClickHouse read
	ReadBytes uint64        `json:"read_bytes"`
	Error     string        `json:"error,omitempty"` // class of the error, never its text
}

// Statuses of a run.
const (
	RunOK        = "ok"
	RunAnnounced = "announced" // its alerts are being published: whoever comes next repeats exactly this run
	RunFailed    = "failed"    // it is repeated
	RunFilled    = "filled"    // a rule that is new, or has changed: looked back, without alerts unless asked
)

// RunStatuses returns the statuses of runs.
func RunStatuses() []string { return []string{RunOK, RunAnnounced, RunFailed, RunFilled} }
