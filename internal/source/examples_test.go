package source

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/watchglass/watchglass/schema"
)

// The examples beside the JSON Schema are rows; the invalid ones are dead
// letters, for the reason that their names begin with.
func TestExamples(t *testing.T) {
	for pattern, reason := range map[string]func(name string) string{
		"../../schema/examples/*.json":         func(string) string { return "row" },
		"../../schema/examples/invalid/*.json": func(name string) string { before, _, _ := strings.Cut(name, "-"); return before },
	} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var ev schema.AccessEvent
			got, want := newTest(t, JSON).Decode(text, kafkaTime, &ev), reason(filepath.Base(file))
			if verdict(got) != want {
				t.Errorf("%s: %v, want %s", file, got, want)
			}
			if got == nil {
				inLimits(t, &ev)
				survives(t, newTest(t, JSON), &ev, kafkaTime)
			}
		}
	}
}

func TestDocumentListsTheFormats(t *testing.T) {
	text, err := os.ReadFile("../../docs/sources.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range Formats() {
		if !strings.Contains(string(text), "\n| `"+f+"` |") || !strings.Contains(string(text), "\n## `"+f+"`\n") {
			t.Errorf("docs/sources.md does not describe format %s", f)
		}
	}
}
