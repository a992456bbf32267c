package sigma

import (
	"fmt"
	"strings"
	"testing"
)

// ruleText is a whole rule around a detection, which is written without indentation.
func ruleText(detection string) string {
	return "title: test\nid: 7a2f0a3e-3f0e-4f5e-9a51-0c6f3b8f4d10\nlogsource:\n    product: watchglass\ndetection:\n    " +
		strings.ReplaceAll(strings.TrimSpace(detection), "\n", "\n    ") + "\n"
}

// numbered is the i-th rule of a set, around a detection.
func numbered(i int, detection string) ruleFile {
	return ruleFile{fmt.Sprintf("%d.yml", i), []byte(strings.Replace(ruleText(detection), "7a2f0a3e-3f0e-4f5e-9a51-0c6f3b8f4d10", fmt.Sprintf("rule-%05d", i), 1))}
}

func mustParse(t testing.TB, detection string, o Options) *Set {
	t.Helper()
	set, err := Parse("rule.yml", []byte(ruleText(detection)), o)
	if err != nil {
		t.Fatalf("%v\n%s", err, ruleText(detection))
	}
	return set
}

// matchesJSON says whether the only rule of a set matches, and holds the
// matcher and the plain evaluator to each other.
func matchesJSON(t testing.TB, set *Set, event string) bool {
	t.Helper()
	rules, err := set.NewMatcher().MatchJSON([]byte(event))
	if err != nil {
		t.Fatalf("%v: %s", err, event)
	}
	got := len(rules) == 1
	if plain := plainJSON(t, set.rules[0], event); plain != got {
		t.Fatalf("matcher says %t, the plain evaluator %t: %s", got, plain, event)
	}
	return got
}
