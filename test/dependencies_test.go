package test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Each direct requirement of go.mod has its line in docs/dependencies.md, and
// no other module has one.
func TestDependenciesAreDocumented(t *testing.T) {
	read := func(path, line string) (found []string) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(line).FindAllStringSubmatch(string(text), -1) {
			found = append(found, m[1])
		}
		slices.Sort(found)
		return found
	}
	required := slices.DeleteFunc(read("../go.mod", `(?m)^\t(\S+) v\S+$`), func(module string) bool {
		return strings.HasPrefix(module, "github.com/twmb/franz-go/") // a module of its own, documented with its parent
	})
	documented := read("../docs/dependencies.md", `(?m)^\| ((?:[a-z0-9.-]+\.[a-z]+)/\S+) `)
	if diff := cmp.Diff(required, documented); diff != "" {
		t.Errorf("docs/dependencies.md (-go.mod +documented):\n%s", diff)
	}
}
