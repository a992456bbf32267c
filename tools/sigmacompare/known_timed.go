package main

import (
	"fmt"
	"slices"
)

// timedClass is a kind of disagreement about rules over time, decided as those of
// known.go are.
type timedClass struct {
	name  string
	plain bool // of rules and events as plain as can be, too
	is    func(c timedCase, r correlation) bool
}

func timedClasses() []timedClass {
	measures := []string{"value_sum", "value_avg", "value_median", "value_percentile"}
	return []timedClass{
		{"generate", true, func(c timedCase, _ correlation) bool { return len(c.rules) == 0 }},
		{"value_percentile, condition", true, func(c timedCase, _ correlation) bool {
			return slices.ContainsFunc(c.rules, func(r correlation) bool { return r.kind == "value_percentile" })
		}},
		{"chains, fields that the inner rule does not group by", false, func(c timedCase, _ correlation) bool { return len(c.rules) > 1 }},
		{"temporal_ordered, an event that is two of the chain", true, func(c timedCase, r correlation) bool {
			return r.kind == "temporal_ordered" && (len(c.rules) > 1 || slices.Contains(r.rules, "rd"))
		}},
		{"temporal_ordered, after its end", true, func(c timedCase, r correlation) bool { return r.kind == "temporal_ordered" && c.afterEnd(r) }},
		{"temporal_ordered, events at one time", false, func(c timedCase, r correlation) bool { return r.kind == "temporal_ordered" && c.ties() }},
		{"group-by, lists", false, func(_ timedCase, r correlation) bool { return slices.Contains(r.groupBy, "tags") }},
		{"fewer than", false, func(_ timedCase, r correlation) bool { return r.absence() }},
		{"an event that several rules match", true, func(c timedCase, r correlation) bool {
			return len(r.rules) > 1 && (len(c.rules) > 1 || slices.Contains(r.rules, "rd")) // or matches one and completes the other
		}},
		{"value_count, null and several fields", false, func(_ timedCase, r correlation) bool { return r.kind == "value_count" }},
		{"nothing to measure", false, func(_ timedCase, r correlation) bool { return slices.Contains(measures, r.kind) }},
	}
}

// class is the name of the class of a case, "" if there is none.
func (c timedCase) class() string {
	var last correlation
	if len(c.rules) > 0 {
		last = c.rules[len(c.rules)-1]
	}
	for _, k := range timedClasses() {
		if (k.plain || !c.plain) && k.is(c, last) {
			return k.name
		}
	}
	return ""
}

// ties reports events at one time.
func (c timedCase) ties() bool {
	for i := 1; i < len(c.events); i++ {
		if c.events[i]["time"] == c.events[i-1]["time"] {
			return true
		}
	}
	return false
}

// afterEnd reports that all that the other engine finds more is at events that the
// last rule of the chain does not match.
func (c timedCase) afterEnd(r correlation) bool {
	last := r.rules[len(r.rules)-1]
	return len(c.only[0]) == 0 && !slices.ContainsFunc(c.only[1], func(f finding) bool {
		return slices.Contains(singleKinds()[last], fmt.Sprint(c.events[f.event]["k"]))
	})
}
