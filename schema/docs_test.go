package schema_test

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/watchglass/watchglass/schema"
)

// firstColumn returns the code spans that begin the rows of a document's tables.
func firstColumn(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` ").FindAllSubmatch(text, -1) {
		out = append(out, string(m[1]))
	}
	return out
}

func TestDeadLettersDocument(t *testing.T) {
	var want []string
	for _, r := range schema.Reasons() {
		want = append(want, string(r))
	}
	got := slices.DeleteFunc(firstColumn(t, "../docs/dead-letters.md"), func(s string) bool { return !slices.Contains(want, s) && len(s) > 11 && s[:11] == "watchglass-" })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("reasons in docs/dead-letters.md (-code +document):\n%s", diff)
	}
}

func TestSchemaDocument(t *testing.T) {
	var want []string
	for _, f := range schema.Fields() {
		if !f.Enriched {
			want = append(want, f.Path)
		}
	}
	want = append(want, "attributes")
	for _, f := range schema.Fields() {
		if f.Enriched {
			want = append(want, f.Path)
		}
	}
	for _, c := range schema.Taxonomy() {
		want = append(want, c.Name)
	}
	if diff := cmp.Diff(want, firstColumn(t, "../docs/schema.md")); diff != "" {
		t.Errorf("fields and categories in docs/schema.md (-code +document):\n%s", diff)
	}
}
