package sigma

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// docs/rules.md names every modifier, every default rule with its level, only
// tests that there are, and examples that load.
func TestDocumentation(t *testing.T) {
	raw, err := os.ReadFile("../../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	doc := string(raw)
	for _, name := range append(append(matching(), later()...), "all", "cased", "neq") {
		if !strings.Contains(doc, "`"+name+"`") {
			t.Errorf("modifier %s is not documented", name)
		}
	}
	set, err := LoadDir("../../deploy/policy/rules", Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range set.Rules() {
		if row := fmt.Sprintf("| %02d | %s", i+1, r.Title); !strings.Contains(doc, row) || !strings.Contains(doc[strings.Index(doc, row):], "| "+r.Level+" |") {
			t.Errorf("no row %q with level %s", row, r.Level)
		}
	}
	source, err := os.ReadFile("match_test.go")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(doc[strings.Index(doc, "## Values"):strings.Index(doc, "## Lists")]) {
		cells := strings.Split(strings.TrimSuffix(strings.TrimSpace(line), " |"), " | ")
		if len(cells) < 3 || strings.Contains(line, "later") || strings.Contains(line, "| test |") {
			continue
		}
		for _, name := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cells[len(cells)-1], -1) {
			rows++
			if !strings.Contains(string(source), `{"`+name[1]+`"`) && !strings.Contains(string(source), `{"`+strings.ReplaceAll(name[1], `\`, `\\`)+`"`) {
				t.Errorf("there is no test %q", name[1])
			}
		}
	}
	if rows < 40 {
		t.Errorf("%d tests named, want 40 at least", rows)
	}
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(doc, -1)
	if len(examples) != 3 {
		t.Fatalf("%d examples, want a rule, its tests, and a filter", len(examples))
	}
	if _, err := Parse("docs/rules.md", []byte(examples[0][1]), Options{}); err != nil {
		t.Error(err)
	}
	if cases, err := ParseCases("docs/rules.md", []byte(examples[1][1])); err != nil || len(cases) != 2 {
		t.Errorf("%d tests: %v", len(cases), err)
	}
	for _, r := range set.Rules() {
		if !strings.HasPrefix(r.ID, "12") {
			continue
		}
		text, err := os.ReadFile(r.File)
		if err != nil {
			t.Fatal(err)
		}
		filtered := strings.Replace(string(text), "    condition: selection\n", examples[2][1], 1)
		set, err := Parse("rule 12", []byte(filtered), Options{})
		if err != nil {
			t.Fatal(err)
		}
		ev := ordinary()
		ev.Purpose.Kind, ev.Enrichment.Unit, ev.Enrichment.Categories = "moderation", "safety", []string{"message"}
		if len(set.NewMatcher().Match(ev)) != 0 {
			t.Error("the filter lets moderation through")
		}
	}
}
