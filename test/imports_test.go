package test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/watchglass/watchglass/"

// importRule says which of our packages a folder may import, besides its own
// subfolders. The most specific folder decides.
type importRule struct {
	folder  string
	may     []string // folders; "" is all
	exactly string   // this folder too, but none below it
	stdOnly bool     // nothing but the standard library
}

func importRules() []importRule {
	return []importRule{
		{folder: "schema", stdOnly: true},
		{folder: "internal/source", may: []string{"schema"}},
		{folder: "internal/enrich", may: []string{"schema"}},
		{folder: "internal/sigma", may: []string{"schema"}},
		{folder: "internal/store", may: []string{"schema"}},
		{folder: "internal/alert", may: []string{"schema"}},
		{folder: "internal/webhook", may: []string{"schema"}},
		{folder: "internal/generate", may: []string{"schema"}},
		{folder: "internal/stream"},
		{folder: "internal/embedded"},
		{folder: "internal/config"},
		{folder: "internal/telemetry"},
		{folder: "consumers", may: []string{"internal", "schema"}, exactly: "consumers"},
		{folder: "deploy", stdOnly: true}, // files to embed
		{folder: "docs", stdOnly: true},
		{folder: "cmd", may: []string{""}},
		{folder: "test", may: []string{""}},
	}
}

// The directions of imports are those of docs/design.md.
func TestImportDirections(t *testing.T) {
	root := ".."
	files := 0
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (strings.HasPrefix(entry.Name(), ".") && file != root || entry.Name() == "tools" || entry.Name() == "testdata") {
			return filepath.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		files++
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		for _, reason := range wrongImports(filepath.ToSlash(name), text) {
			t.Error(reason)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files == 0 {
		t.Error("no Go file found")
	}
}

// The check itself tells right from wrong.
func TestWrongImports(t *testing.T) {
	tests := []struct {
		name, file, imports string
		wrong               bool
	}{
		{"part knows the contracts", "internal/store/a.go", module + "schema", false},
		{"parts do not know each other", "internal/store/a.go", module + "internal/enrich", true},
		{"ground knows nothing of ours", "internal/stream/a.go", module + "schema", true},
		{"libraries are free", "internal/stream/a.go", "github.com/segmentio/kafka-go", false},
		{"contracts have no libraries", "schema/a.go", "github.com/segmentio/kafka-go", true},
		{"contracts have the standard library", "schema/a.go", "net/netip", false},
		{"consumers know the parts", "consumers/access/a.go", module + "internal/enrich", false},
		{"consumers do not know each other", "consumers/access/a.go", module + "consumers/notify", true},
		{"consumers share what they have in common", "consumers/access/a.go", module + "consumers", false},
		{"consumers do not know cmd", "consumers/access/a.go", module + "cmd/watchglass", true},
		{"a prefix is not a folder", "internal/store/a.go", module + "schemata", true},
		{"own subfolder", "internal/store/a.go", module + "internal/store/sub", false},
		{"cmd wires all", "cmd/watchglass/a.go", module + "consumers/access", false},
		{"a folder without a rule", "pkg/a.go", module + "schema", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			reasons := wrongImports(test.file, []byte("package p\nimport "+strconv.Quote(test.imports)))
			if (len(reasons) > 0) != test.wrong {
				t.Errorf("got %q, want wrong: %v", reasons, test.wrong)
			}
		})
	}
}

// wrongImports returns a reason for each import that a file must not have.
func wrongImports(file string, text []byte) (reasons []string) {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, text, parser.ImportsOnly)
	if err != nil {
		return []string{err.Error()}
	}
	rule, known := ruleOf(path.Dir(file))
	if !known {
		return []string{file + ": its folder has no rule in importRules: add one"}
	}
	for _, spec := range parsed.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return []string{file + ": " + err.Error()}
		}
		ours, isOurs := strings.CutPrefix(imported, module)
		switch {
		case isOurs && !allowed(rule, path.Dir(file), ours):
			reasons = append(reasons, file+" imports "+ours+": "+rule.folder+" must not")
		case rule.stdOnly && !isOurs && strings.Contains(strings.Split(imported, "/")[0], "."):
			reasons = append(reasons, file+" imports "+imported+": "+rule.folder+" has the standard library only")
		}
	}
	return reasons
}

func ruleOf(folder string) (found importRule, ok bool) {
	for _, rule := range importRules() {
		if within(folder, rule.folder) && len(rule.folder) >= len(found.folder) {
			found, ok = rule, true
		}
	}
	return found, ok
}

func allowed(rule importRule, from, imported string) bool {
	if within(imported, from) || (imported == rule.exactly && rule.exactly != "") {
		return true
	}
	for _, folder := range rule.may {
		if within(imported, folder) {
			return true
		}
	}
	return false
}

func within(folder, parent string) bool {
	return parent == "" || folder == parent || strings.HasPrefix(folder, parent+"/")
}
