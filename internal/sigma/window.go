package sigma

import (
	"maps"
	"math/big"
	"slices"
	"time"
)

// slide moves a window over the sightings of one group, which are in the order of
// time: it ends with each of them, and holds those that are at most a time span
// older. Each that completes the condition is reported.
func (c *Correlation) slide(list []sighting, report func(*sighting)) {
	if c.Type == "temporal_ordered" {
		c.inOrder(list, report)
		return
	}
	w := newWindow(c)
	from := 0
	for i := range list {
		for ; list[i].at.Sub(list[from].at) > c.Timespan; from++ {
			w.move(&list[from], -1)
		}
		w.move(&list[i], 1)
		if w.holds() {
			report(&list[i])
		}
	}
}

// inOrder finds sightings of all rules in their order, each after the one before:
// begun[k] is the latest time at which a chain of the first k+1 rules began.
func (c *Correlation) inOrder(list []sighting, report func(*sighting)) {
	begun := make([]time.Time, len(c.Rules))
	last := len(c.Rules) - 1
	for i := range list {
		s := &list[i]
		for _, k := range slices.Backward(s.rules) { // so that one event is one link only
			switch {
			case k == 0:
				begun[0] = s.at
			case k == last && !begun[k-1].IsZero() && s.at.Sub(begun[k-1]) <= c.Timespan:
				report(s)
			case begun[k-1].After(begun[k]):
				begun[k] = begun[k-1]
			}
		}
	}
}

// judge looks at whole windows, from one multiple of the time span to the next, up to
// the last event of all: those in which the group was seen, and the one after.
func (c *Correlation) judge(list []sighting, end time.Time, report func(time.Time, *timelineEvent)) {
	windows := map[time.Time][]sighting{}
	for _, s := range list {
		at := c.Bucket(s.at)
		windows[at] = append(windows[at], s)
		if next := at.Add(c.Timespan); windows[next] == nil {
			windows[next] = []sighting{}
		}
	}
	for _, begin := range slices.SortedFunc(maps.Keys(windows), time.Time.Compare) {
		over := begin.Add(c.Timespan)
		if over.After(end) {
			return
		}
		w := newWindow(c)
		var last *timelineEvent
		for i := range list {
			if list[i].at.Before(over) {
				last = list[i].event
			}
		}
		for i := range windows[begin] {
			w.move(&windows[begin][i], 1)
		}
		if w.holds() {
			report(over, last)
		}
	}
}

// window is what a correlation counts or measures of the sightings in it.
type window struct {
	c      *Correlation
	n      int64
	rules  []int          // how often each rule was seen
	values map[string]int // value_count: how often each value was
	sum    *big.Rat
	sorted []*big.Rat // the numbers, ascending
}

func newWindow(c *Correlation) *window {
	return &window{c: c, rules: make([]int, len(c.Rules)), values: map[string]int{}, sum: new(big.Rat)}
}

// move takes a sighting in (1) or out (-1).
func (w *window) move(s *sighting, by int) {
	w.n += int64(by)
	for _, k := range s.rules {
		w.rules[k] += by
	}
	switch {
	case w.c.Type == "value_count":
		keys := tuples(s.values)
		for _, values := range s.also {
			keys = append(keys, tuples(values)...)
		}
		slices.Sort(keys)
		for _, key := range slices.Compact(keys) {
			if w.values[key] += by; w.values[key] == 0 {
				delete(w.values, key)
			}
		}
	case w.c.measures():
		for _, n := range numbersOf(s.values[0]) {
			at, _ := slices.BinarySearchFunc(w.sorted, n, (*big.Rat).Cmp)
			if by > 0 {
				w.sum.Add(w.sum, n)
				w.sorted = slices.Insert(w.sorted, at, n)
			} else {
				w.sum.Sub(w.sum, n)
				w.sorted = slices.Delete(w.sorted, at, at+1)
			}
		}
	}
}

// tuples are the combinations of the values of several fields; none if a field has
// no value.
func tuples(fields [][]string) []string {
	keys := []string{""}
	for _, values := range fields {
		var next []string
		for _, key := range keys {
			for _, value := range values {
				if value != "" {
					next = append(next, key+"\x00"+value)
				}
			}
		}
		keys = next
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// holds reports that the condition holds for what is in the window.
func (w *window) holds() bool {
	if w.c.wanted != nil {
		return w.wanted(w.c.wanted)
	}
	measured, ok := w.measure()
	if !ok {
		return false
	}
	if len(w.c.Bounds) == 0 { // temporal: all of them
		return measured.Cmp(new(big.Rat).SetInt64(int64(len(w.c.Rules)))) == 0
	}
	return !slices.ContainsFunc(w.c.Bounds, func(b Bound) bool { return !b.Holds(measured) })
}

func (w *window) wanted(e *expression) bool {
	if e.search != nil {
		return w.rules[slices.Index(w.c.Rules, e.search.rule)] > 0
	}
	held := 0
	for _, kid := range e.kids {
		if w.wanted(kid) {
			held++
		}
	}
	switch e.op {
	case opAnd:
		return held == len(e.kids)
	case opOr:
		return held > 0
	}
	return held >= e.need
}

// measure counts or computes; false where there is nothing to compute with.
func (w *window) measure() (*big.Rat, bool) {
	count := func(n int64) (*big.Rat, bool) { return new(big.Rat).SetInt64(n), true }
	switch w.c.Type {
	case "event_count":
		return count(w.n)
	case "value_count":
		return count(int64(len(w.values)))
	case "temporal":
		seen := int64(0)
		for _, n := range w.rules {
			if n > 0 {
				seen++
			}
		}
		return count(seen)
	case "value_sum":
		return w.sum, true
	}
	if len(w.sorted) == 0 {
		return nil, false
	}
	n := new(big.Rat).SetInt64(int64(len(w.sorted)))
	switch w.c.Type {
	case "value_avg":
		return new(big.Rat).Quo(w.sum, n), true
	case "value_median":
		return quantile(w.sorted, big.NewRat(1, 2)), true
	default:
		level := new(big.Rat).SetFloat64(w.c.Percentile)
		return quantile(w.sorted, level.Quo(level, big.NewRat(100, 1))), true
	}
}

// quantile interpolates between the two numbers next to (n-1)·level, as NumPy's
// default and ClickHouse's quantileExactInclusive do.
func quantile(sorted []*big.Rat, level *big.Rat) *big.Rat {
	place := new(big.Rat).Mul(level, new(big.Rat).SetInt64(int64(len(sorted)-1)))
	whole := new(big.Int).Quo(place.Num(), place.Denom())
	i := int(whole.Int64())
	if i >= len(sorted)-1 {
		return sorted[len(sorted)-1]
	}
	part := place.Sub(place, new(big.Rat).SetInt(whole))
	step := new(big.Rat).Sub(sorted[i+1], sorted[i])
	return step.Add(sorted[i], step.Mul(step, part))
}
