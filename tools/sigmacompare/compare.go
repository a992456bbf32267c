package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// disagreement is a rule and an event about which the engines differ.
type disagreement struct {
	rule  rule
	event map[string]any
	first bool // the first engine says that it matches, the second that it does not
}

// comparison is what came of running both engines over the same rules and events.
type comparison struct {
	accepted      []rule // by both
	verdicts      int
	matches       [2]int
	refusals      [2]map[string]string // reasons, by rule
	disagreements []disagreement
}

// compare asks both engines about every rule and every event.
func compare(engines [2]engine, rules []rule, events []map[string]any) (*comparison, error) {
	dir, err := os.MkdirTemp("", "sigmacompare-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	all, both := filepath.Join(dir, "all"), filepath.Join(dir, "both")
	if err := writeRules(all, rules); err != nil {
		return nil, err
	}
	c := &comparison{}
	for i, e := range engines {
		if c.refusals[i], err = e.refused(all); err != nil {
			return nil, err
		}
	}
	byID := map[string]rule{}
	for _, r := range rules {
		if c.refusals[0][r.id] == "" && c.refusals[1][r.id] == "" {
			c.accepted = append(c.accepted, r)
			byID[r.id] = r
		}
	}
	if len(c.accepted) == 0 {
		return c, nil
	}
	c.verdicts = len(c.accepted) * len(events)
	eventsFile := filepath.Join(dir, "events.jsonl")
	if err := errors.Join(writeRules(both, c.accepted), writeEvents(eventsFile, events)); err != nil {
		return nil, err
	}
	var found [2]map[pair]bool
	for i, e := range engines {
		if found[i], err = e.matches(both, eventsFile); err != nil {
			return nil, err
		}
		c.matches[i] = len(found[i])
	}
	for i := range found {
		for p := range found[i] {
			if !found[1-i][p] {
				c.disagreements = append(c.disagreements, disagreement{byID[p.rule], events[p.event], i == 0})
			}
		}
	}
	slices.SortStableFunc(c.disagreements, func(a, b disagreement) int {
		return cmp.Or(cmp.Compare(a.rule.id, b.rule.id), cmp.Compare(fmt.Sprint(a.event[markField]), fmt.Sprint(b.event[markField])))
	})
	return c, nil
}

func writeRules(dir string, rules []rule) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, r := range rules {
		if err := os.WriteFile(filepath.Join(dir, r.id+".yml"), []byte(r.yaml()), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func writeEvents(file string, events []map[string]any) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	for i, e := range events {
		e[markField] = mark(i)
		if err := encoder.Encode(e); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	return errors.Join(w.Flush(), f.Close())
}
