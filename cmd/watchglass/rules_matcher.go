package main

import (
	"fmt"

	"github.com/watchglass/watchglass/consumers/access"
	"github.com/watchglass/watchglass/internal/alert"
	"github.com/watchglass/watchglass/internal/sigma"
	"github.com/watchglass/watchglass/schema"
)

// ruleSet is rules that are in force together, and how each makes its alerts. It is
// immutable.
type ruleSet struct {
	set     *sigma.Set
	matches map[*sigma.Rule]access.Match
}

func loadRules(dir string) (*ruleSet, error) {
	set, err := sigma.LoadDir(dir, sigma.Options{})
	if err != nil {
		return nil, fmt.Errorf("rules.dir: %w", err)
	}
	rules := &ruleSet{set: set, matches: map[*sigma.Rule]access.Match{}}
	for _, r := range set.Rules() {
		match := access.Match{ID: r.ID, Version: r.Version}
		if r.Alerts() {
			ref := schema.RuleRef{ID: r.ID, Title: r.Title, Level: r.Level, Version: r.Version, Tags: r.Tags}
			if match.Alert, err = alert.NewRule(ref, r.Fields, r.GroupBy); err != nil {
				return nil, fmt.Errorf("%s: %w", r.File, err)
			}
		}
		rules.matches[r] = match
	}
	for _, r := range set.OverTime() {
		if _, err := set.SQLOverTime(r, sigma.Query{Table: "access_events"}); err != nil {
			return nil, fmt.Errorf("%s: %w", r.File, err)
		}
	}
	return rules, nil
}

// ruleMatcher is the matcher of one partition. It changes to new rules with the first
// event after they were put in force.
type ruleMatcher struct {
	live    *liveRules
	topic   access.Topic
	rules   *ruleSet
	matcher *sigma.Matcher
	found   []access.Match
}

func (l *liveRules) newMatcher(t access.Topic) access.Matcher {
	m := &ruleMatcher{live: l, topic: t}
	m.follow(l.current.Load())
	return m
}

func (m *ruleMatcher) follow(rules *ruleSet) {
	m.rules, m.matcher = rules, rules.set.For(m.topic.Topic, m.topic.Format).NewMatcher()
}

// Match implements access.Matcher.
func (m *ruleMatcher) Match(ev *schema.AccessEvent) []access.Match {
	if rules := m.live.current.Load(); rules != m.rules {
		m.follow(rules)
	}
	m.found = m.found[:0]
	for _, r := range m.matcher.Match(ev) {
		m.found = append(m.found, m.rules.matches[r])
	}
	return m.found
}
