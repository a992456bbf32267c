package sigma

import (
	"fmt"
	"slices"
	"strings"

	"github.com/watchglass/watchglass/schema"
)

// Try evaluates a case on its events, enriched, and says what is wrong; "" if it is as
// the case says.
func (s *Set) Try(c *Case, events []*schema.AccessEvent) string {
	i := slices.IndexFunc(s.All(), func(r *Rule) bool { return r.ID == c.Rule })
	if i < 0 {
		return fmt.Sprintf("there is no rule %q", c.Rule)
	}
	rule := s.All()[i]
	if (rule.Correlation != nil) != c.overTime {
		if c.overTime {
			return "alerts are expected of a rule on single events: expected match and event"
		}
		return "match is expected of a rule over time: expected events and alerts"
	}
	m, timeline := s.NewMatcher(), s.NewTimeline()
	for i, ev := range events {
		matched := m.Match(ev)
		if got := slices.Contains(matched, rule); !c.overTime && got != c.Match {
			return fmt.Sprintf("matched: %t, expected: %t", got, c.Match)
		}
		timeline.Add(i, ev, matched)
	}
	if !c.overTime {
		return ""
	}
	var want, got []string
	for _, group := range c.Alerts {
		want = append(want, groupText(rule, func(name string) string { return group[name] }))
	}
	for _, f := range timeline.Alerts(rule) {
		got = append(got, groupText(rule, func(name string) string {
			return f.Group[slices.IndexFunc(f.Group, func(g GroupValue) bool { return g.Name == name })].Value
		}))
	}
	if !slices.Equal(got, want) {
		return fmt.Sprintf("alerts %v, expected %v", got, want)
	}
	return ""
}

func groupText(r *Rule, value func(string) string) string {
	var parts []string
	for _, g := range r.Correlation.Groups {
		parts = append(parts, g.Name+"="+value(g.Name))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}
