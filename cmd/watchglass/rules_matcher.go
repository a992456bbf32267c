package main

import (
	"fmt"

	"github.com/watchglass/watchglass/consumers/access"
	"github.com/watchglass/watchglass/internal/alert"
	"github.com/watchglass/watchglass/internal/config"
	"github.com/watchglass/watchglass/internal/sigma"
	"github.com/watchglass/watchglass/schema"
)

// ruleSet is the rules in force, and how each makes its alerts. It is
// immutable.
type ruleSet struct {
	set     *sigma.Set
	matches map[*sigma.Rule]access.Match
}

func loadRules(cfg *config.Config) (*ruleSet, error) {
	set, err := sigma.LoadDir(cfg.RulesDir(), sigma.Options{})
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
	return rules, nil
}

// ruleMatcher is the matcher of one partition.
type ruleMatcher struct {
	rules   *ruleSet
	matcher *sigma.Matcher
	found   []access.Match
}

func (s *ruleSet) newMatcher(t access.Topic) access.Matcher {
	return &ruleMatcher{rules: s, matcher: s.set.For(t.Topic, t.Format).NewMatcher()}
}

// Match implements access.Matcher.
func (m *ruleMatcher) Match(ev *schema.AccessEvent) []access.Match {
	m.found = m.found[:0]
	for _, r := range m.matcher.Match(ev) {
		m.found = append(m.found, m.rules.matches[r])
	}
	return m.found
}
