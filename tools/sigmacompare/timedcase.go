package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// timedCase is a rule over time about which the engines differ.
type timedCase struct {
	id     string
	rules  []correlation // those that it names, then itself
	events []map[string]any
	only   [2][]finding
	plain  bool // made of what both should agree on
}

// differences are the findings of its rule that only one has.
func (c timedCase) differences(ours, theirs string) (only [2][]finding, err error) {
	found, err := correlated(ours, theirs, c.rules, c.events)
	for i := range found {
		for f := range found[i] {
			if f.rule == c.id && !found[1-i][f] {
				only[i] = append(only[i], f)
			}
		}
		slices.SortFunc(only[i], func(a, b finding) int { return a.event - b.event })
	}
	return only, err
}

// reduce leaves out events as long as the difference goes the same way.
func (c timedCase) reduce(ours, theirs string) (timedCase, [2][]finding, error) {
	before, err := c.differences(ours, theirs)
	if err != nil {
		return c, before, err
	}
	for size := len(c.events) / 2; size > 0; size /= 2 {
		for from := 0; from < len(c.events); {
			smaller := c
			smaller.events = nil
			for i, e := range c.events {
				if i < from || i >= from+size {
					smaller.events = append(smaller.events, maps.Clone(e))
				}
			}
			only, err := smaller.differences(ours, theirs)
			if err != nil {
				return c, before, err
			}
			if len(only[0]) > 0 == (len(before[0]) > 0) && len(only[1]) > 0 == (len(before[1]) > 0) {
				c, before = smaller, only
			} else {
				from += size
			}
		}
	}
	return c, before, nil
}

func (c timedCase) show(only [2][]finding) string {
	var b strings.Builder
	for _, r := range c.rules {
		b.WriteString(r.yaml(false))
	}
	for i, e := range c.events {
		e = maps.Clone(e)
		delete(e, markField)
		line, err := json.Marshal(e)
		if err != nil {
			panic(err) // events are JSON
		}
		fmt.Fprintf(&b, "%d %s\n", i, line)
	}
	return fmt.Sprintf("%s  only watchglass: %v\n  only rsigma: %v", &b, only[0], only[1])
}
