package verify

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// erasure returns the statements that docs/overseers.md tells to erase with.
func erasure(t *testing.T) (statements []string) {
	t.Helper()
	page := read(t, "../../docs/overseers.md")
	_, section, found := strings.Cut(page, "\n## Erasing")
	_, block, open := strings.Cut(section, "```sql\n")
	block, _, closed := strings.Cut(block, "```")
	if !found || !open || !closed {
		t.Fatal("docs/overseers.md has no SQL in its section on erasing")
	}
	for statement := range strings.SplitSeq(block, ";") {
		if statement = strings.TrimSpace(statement); statement != "" {
			for _, table := range []string{"INTO erasures", "FROM erasures", "TABLE access_events", "FROM access_events"} {
				word, name, _ := strings.Cut(table, " ")
				statement = strings.ReplaceAll(statement, table, word+" {db}."+name)
			}
			statements = append(statements, statement)
		}
	}
	if len(statements) != 2 {
		t.Fatalf("%d statements, want 2: the positions first, then the events", len(statements))
	}
	return statements
}

// Every word of verify's output is explained to overseers.
func TestWordsAreExplained(t *testing.T) {
	page := read(t, "../../docs/overseers.md")
	for _, word := range []string{
		"row", "dead letter", "skipped", "copy", "no record", "unread", "erased", "expired", "missing", "doubled", "unexpected", "pending",
	} {
		if !strings.Contains(page, "| `"+word+"` |") {
			t.Errorf("docs/overseers.md does not explain %q", word)
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "watchglass.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
