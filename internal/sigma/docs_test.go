package sigma

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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
	for _, name := range slices.Concat(matching(), transforming(), timeParts(), linking()) {
		if !strings.Contains(doc, "`"+name+"`") {
			t.Errorf("modifier %s is not documented", name)
		}
	}
	set, err := LoadDir("../../deploy/policy/rules", Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range set.All() {
		if r.Quiet {
			continue // is there for another one in its file
		}
		number, _, _ := strings.Cut(filepath.Base(r.File), "_")
		if row := fmt.Sprintf("| %s | %s", number, r.Title); !strings.Contains(doc, row) || !strings.Contains(doc[strings.Index(doc, row):], "| "+r.Level+" |") {
			t.Errorf("no row %q with level %s", row, r.Level)
		}
	}
	source := ""
	for _, name := range []string{"match_test.go", "refuse_test.go", "timeline_test.go", "files_test.go"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		source += string(text)
	}
	rows := 0
	for line := range strings.Lines(doc[strings.Index(doc, "## Values"):strings.Index(doc, "## Lists")]) {
		cells := strings.Split(strings.TrimSuffix(strings.TrimSpace(line), " |"), " | ")
		if len(cells) < 3 || strings.Contains(line, "| test |") {
			continue
		}
		for _, name := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cells[len(cells)-1], -1) {
			rows++
			isCase := regexp.MustCompile(`\{\s*"` + regexp.QuoteMeta(name[1]) + `"`).MatchString(source)
			if !isCase && !strings.Contains(source, "func "+name[1]+"(") {
				t.Errorf("there is no test %q", name[1])
			}
		}
	}
	if rows < 100 {
		t.Errorf("%d tests named, want 100 at least", rows)
	}
	for _, name := range slices.Concat(correlationTypes(), boundOps()) {
		if !strings.Contains(doc, "`"+name+"`") {
			t.Errorf("%s of rules over time is not documented", name)
		}
	}
	filter := ""
	var files input
	for i, example := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(doc, -1) {
		text := example[1]
		switch name := fmt.Sprintf("example %d", i); {
		case strings.HasPrefix(text, "rule:"):
			if cases, err := ParseCases(name, []byte(text)); err != nil || len(cases) < 2 {
				t.Errorf("%s: %d tests: %v", name, len(cases), err)
			}
		case strings.HasPrefix(text, " "):
			filter = text
		case strings.HasPrefix(text, "taxonomy:"):
			files.read(ruleFile{name + ".fields.yml", []byte(text)})
		default:
			files.read(ruleFile{name, []byte(text)})
		}
	}
	if files.compile(Options{}); files.wrong() != nil || len(files.single) != 2 || len(files.over) != 1 || len(files.filters) != 1 || len(files.mappings) != 1 {
		t.Errorf("the examples: %v", files.wrong())
	}
	for _, r := range set.Rules() {
		if !strings.HasPrefix(r.ID, "12") {
			continue
		}
		text, err := os.ReadFile(r.File)
		if err != nil {
			t.Fatal(err)
		}
		filtered := strings.Replace(string(text), "    condition: selection\n", filter, 1)
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
