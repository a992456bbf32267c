package sigma

import (
	"math/big"
	"slices"
	"time"
)

// Correlation is what a rule over time asks for: something about the events that
// other rules have matched, within a time span, among those that have the
// same values of the group-by fields.
type Correlation struct {
	Type     string // of correlationTypes
	Rules    []*Rule
	Groups   []Group // none: all events are one group
	Timespan time.Duration
	// Bounds must all hold for what is counted or measured. A temporal correlation
	// without any wants each of its rules.
	Bounds []Bound
	// Fields are those whose values are counted or measured (one, but for value_count).
	Fields     []string
	Percentile float64 // of value_percentile, in per cent
	Generate   bool    // the rules that it names alert by themselves as well

	wanted *expression // of a temporal correlation with `a and (b or c)`
}

// Group is one group-by field: what it is called, and the field that holds it in the
// events of each of the correlation's rules.
type Group struct {
	Name   string
	Fields []string // by Correlation.Rules
}

// Bound is one comparison of a condition.
type Bound struct {
	Op    string // gt, gte, lt, lte, eq, neq
	Text  string // the number as it was written
	value *big.Rat
}

// Holds compares.
func (b Bound) Holds(measured *big.Rat) bool {
	order := measured.Cmp(b.value)
	switch b.Op {
	case "gt":
		return order > 0
	case "gte":
		return order >= 0
	case "lt":
		return order < 0
	case "lte":
		return order <= 0
	case "eq":
		return order == 0
	default:
		return order != 0
	}
}

func correlationTypes() []string {
	return []string{"event_count", "value_count", "temporal", "temporal_ordered", "value_sum", "value_avg", "value_percentile", "value_median"}
}

func boundOps() []string { return []string{"gt", "gte", "lt", "lte", "eq", "neq"} }

// Absence reports that a correlation asks for fewer than so many: nothing completes
// it, so whole windows are judged, from one multiple of its time span to the next.
func (c *Correlation) Absence() bool {
	switch c.Type {
	case "event_count", "value_count", "value_sum":
		return len(c.Bounds) > 0 && !slices.ContainsFunc(c.Bounds, func(b Bound) bool { return b.Op != "lt" && b.Op != "lte" && (b.Op != "eq" || b.value.Sign() != 0) })
	}
	return false
}

// Final reports that what has been found stays found, whatever events arrive late:
// the correlation asks for at least so much.
func (c *Correlation) Final() bool {
	switch c.Type {
	case "value_avg", "value_percentile", "value_median":
		return false
	}
	return !slices.ContainsFunc(c.Bounds, func(b Bound) bool { return b.Op != "gt" && b.Op != "gte" }) &&
		!slices.ContainsFunc(c.Rules, func(r *Rule) bool { return r.Correlation != nil && !r.Correlation.Final() })
}

// Bucket is the span of time that a moment belongs to: an alert of a rule over time
// stands for a group and a bucket.
func (c *Correlation) Bucket(at time.Time) time.Time {
	span := c.Timespan.Milliseconds()
	ms := at.UnixMilli()
	begin := ms / span * span
	if begin > ms {
		begin -= span
	}
	return time.UnixMilli(begin).UTC()
}
