package policy_test

import (
	"os"
	"slices"
	"testing"
	"time"

	"github.com/watchglass/watchglass/internal/generate"
	"github.com/watchglass/watchglass/internal/sigma"
	"github.com/watchglass/watchglass/schema"
)

func defaultRules(t *testing.T) *sigma.Set {
	t.Helper()
	set, err := sigma.LoadDir(dir+"/rules", sigma.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func ids(rules []*sigma.Rule) []string {
	list := []string{}
	for _, r := range rules {
		list = append(list, r.ID)
	}
	return list
}

// Each event of NAME.test.yml, decoded and enriched as in production, makes its
// rule match or not, as the test says.
func TestDefaultRulesDoWhatTheirTestsSay(t *testing.T) {
	set, j := defaultRules(t), newJudge(t)
	cases, err := sigma.LoadCases(os.DirFS(dir), "rules")
	if err != nil {
		t.Fatal(err)
	}
	m, at := set.NewMatcher(), time.Date(2026, 11, 23, 20, 14, 6, 0, time.UTC)
	matches, misses := map[string]int{}, map[string]int{}
	for _, c := range cases {
		var ev schema.AccessEvent
		j.event(t, c.Event, at, &ev)
		found := ids(m.Match(&ev))
		if slices.Contains(found, c.Rule) != c.Match {
			t.Errorf("%s:%d: %s: match %t, want %t\nfound %v\nenriched %+v", c.File, c.Line, c.Name, !c.Match, c.Match, found, ev.Enrichment)
		}
		if c.Match {
			matches[c.Rule]++
		} else {
			misses[c.Rule]++
		}
	}
	for _, r := range set.Rules() {
		if matches[r.ID] == 0 || misses[r.ID] == 0 {
			t.Errorf("%s: %d matches and %d near misses in its test file, want at least one of each", r.File, matches[r.ID], misses[r.ID])
		}
	}
	if len(set.Rules()) != 15 {
		t.Errorf("%d rules, want 15", len(set.Rules()))
	}
}

func TestOrdinaryTrafficFiresNoRule(t *testing.T) {
	g, err := generate.New(generate.Options{Seed: 11, Count: 200_000})
	if err != nil {
		t.Fatal(err)
	}
	j, m := newJudge(t), defaultRules(t).NewMatcher()
	var ev schema.AccessEvent
	for e, ok := g.Next(); ok; e, ok = g.Next() {
		j.event(t, e.Value, e.Time, &ev)
		if found := m.Match(&ev); len(found) > 0 {
			t.Fatalf("%v: %s", ids(found), e.Value)
		}
	}
}

// Each planted event of the story fires exactly the rules that it is planted
// for, and together they fire all.
func TestStoryFiresItsRules(t *testing.T) {
	set, j := defaultRules(t), newJudge(t)
	m, fired := set.NewMatcher(), map[string]bool{}
	for _, act := range generate.Story() {
		for i, p := range act.Events {
			ev := p.Event
			ev.Time = time.Date(2026, 11, 23, 20, 14, 6, 0, time.UTC)
			ev.Outcome, ev.Subject.Count = "allowed", max(ev.Subject.Count, uint64(len(ev.Subject.IDs)))
			if ev.Accessor.Kind == "" {
				ev.Accessor.Kind = "person"
			}
			j.enricher.Enrich(&ev)
			found := ids(m.Match(&ev))
			if !slices.Equal(found, p.Rules) {
				t.Errorf("act %s, event %d: found %v, want %v\n%+v", act.Name, i, found, p.Rules, ev.Enrichment)
			}
			for _, id := range found {
				fired[id] = true
			}
		}
	}
	if len(fired) != len(set.Rules()) {
		t.Errorf("the story fires %d of %d rules", len(fired), len(set.Rules()))
	}
}
