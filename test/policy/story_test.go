package policy_test

import (
	"encoding/json"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/watchglass/watchglass/internal/embedded"
	"github.com/watchglass/watchglass/internal/generate"
	"github.com/watchglass/watchglass/internal/sigma"
	"github.com/watchglass/watchglass/schema"
)

func loadRules(t *testing.T) *sigma.Set {
	t.Helper()
	set, err := sigma.LoadDir(dir+"/rules", sigma.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func idsOf(rules []*sigma.Rule) []string {
	var ids []string
	for _, r := range rules {
		ids = append(ids, r.ID)
	}
	slices.Sort(ids)
	return ids
}

// Ordinary traffic fires nothing; each act of the story fires exactly the
// rules that it says, and together they fire all.
func TestOnlyTheStoryFires(t *testing.T) {
	// What the policy says of itself must be enough, and a geo database must
	// not contradict it.
	t.Run("without a geo database", func(t *testing.T) { onlyTheStoryFires(t) })
	t.Run("with the demo's", func(t *testing.T) {
		engines, err := embedded.Locate(".")
		if err != nil {
			t.Fatal(err)
		}
		path, err := engines.CountryDatabase()
		if err != nil {
			t.Fatal(err)
		}
		onlyTheStoryFires(t, path)
	})
}

func onlyTheStoryFires(t *testing.T, mmdb ...string) {
	t.Helper()
	const count = 200_000
	g, err := generate.New(generate.Options{Seed: 7, Count: count, Acts: generate.Story()})
	if err != nil {
		t.Fatal(err)
	}
	set := loadRules(t)
	j, matcher := newJudge(t, mmdb...), set.NewMatcher()
	fired := map[string]int{}
	planted := 0
	var ev schema.AccessEvent
	for e, ok := g.Next(); ok; e, ok = g.Next() {
		j.event(t, e.Value, e.Time, &ev)
		got := idsOf(matcher.Match(&ev))
		if diff := cmp.Diff(e.Rules, got); diff != "" {
			t.Fatalf("act %q: rules (-want +got):\n%s%s", e.Act, diff, e.Value)
		}
		for _, id := range got {
			fired[id]++
		}
		if e.Act != "" {
			planted++
		}
	}
	for _, rule := range set.Rules() {
		if fired[rule.ID] == 0 {
			t.Errorf("the story does not fire %s (%s)", rule.ID, rule.Title)
		}
	}
	if len(set.Rules()) != 15 || planted < 15 {
		t.Errorf("%d rules and %d planted events, want 15 rules and as many events at least", len(set.Rules()), planted)
	}
}

// Every case of every rule's test file, as the whole chain judges it.
func TestRulesDoWhatTheirTestsSay(t *testing.T) {
	cases, err := sigma.LoadCases(os.DirFS(dir), "rules")
	if err != nil {
		t.Fatal(err)
	}
	j, matcher := newJudge(t), loadRules(t).NewMatcher()
	matches, misses := map[string]int{}, map[string]int{}
	for _, c := range cases {
		var ev schema.AccessEvent
		var at struct{ Time time.Time }
		if err := json.Unmarshal(c.Events[0], &at); err != nil {
			t.Fatalf("%s:%d: %v", c.File, c.Line, err)
		}
		j.event(t, c.Events[0], at.Time, &ev)
		got := slices.Contains(idsOf(matcher.Match(&ev)), c.Rule)
		if got != c.Match {
			t.Errorf("%s:%d: %s: matched %v, want %v: %s", c.File, c.Line, c.Name, got, c.Match, c.Events[0])
		}
		if c.Match {
			matches[c.Rule]++
		} else {
			misses[c.Rule]++
		}
	}
	for _, rule := range loadRules(t).Rules() {
		if matches[rule.ID] == 0 || misses[rule.ID] == 0 {
			t.Errorf("%s: %d matches and %d near misses, want one of each at least", rule.Title, matches[rule.ID], misses[rule.ID])
		}
	}
}
