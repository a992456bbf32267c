package test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What operators look at exists: each metric in the dashboard, the alert rules
// and the documents is one that the code makes, and each of the code's is
// documented.
func TestMetricNames(t *testing.T) {
	code := metricsInCode(t)
	if len(code) == 0 {
		t.Fatal("no metric found in the code")
	}
	for _, file := range []string{"deploy/dashboards/watchglass.json", "deploy/alerts/watchglass.rules.yml", "docs/metrics.md", "docs/operations.md", "docs/policy.md"} {
		for name := range metricsIn(t, file) {
			if !code[name] {
				t.Errorf("%s names %s, which the code does not make", file, name)
			}
		}
	}
	documented := metricsIn(t, "docs/metrics.md")
	for name := range code {
		if !documented[name] {
			t.Errorf("docs/metrics.md lacks %s", name)
		}
	}
}

// metricsInCode finds the literals in the Go files that are not tests.
func metricsInCode(t *testing.T) map[string]bool {
	t.Helper()
	literal := regexp.MustCompile(`"(watchglass_[a-z]+_[a-z0-9_]+)"`)
	found := map[string]bool{}
	for _, top := range []string{"cmd", "consumers", "internal"} {
		err := filepath.WalkDir(filepath.Join("..", top), func(file string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
				return err
			}
			text, err := os.ReadFile(file)
			for _, match := range literal.FindAllStringSubmatch(string(text), -1) {
				found[match[1]] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

// metricsIn finds the names in a file; a histogram's series go by its name.
func metricsIn(t *testing.T, file string) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", file))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, name := range regexp.MustCompile(`\bwatchglass_[a-z]+_[a-z0-9_]+`).FindAllString(string(text), -1) {
		for _, series := range []string{"_bucket", "_sum", "_count"} {
			name = strings.TrimSuffix(name, series)
		}
		found[name] = true
	}
	return found
}
