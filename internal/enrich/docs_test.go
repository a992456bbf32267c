package enrich

import (
	"os"
	"strings"
	"testing"
)

// The examples of docs/policy.md are, together, a policy that loads.
func TestTheExamplesOfTheDocumentationLoad(t *testing.T) {
	page, err := os.ReadFile("../../docs/policy.md")
	must(t, err)
	files := map[string]string{}
	for _, section := range strings.Split(string(page), "\n## ")[1:] {
		title, body, _ := strings.Cut(section, "\n")
		for i, block := range strings.Split(body, "```") {
			kind, text, _ := strings.Cut(block, "\n")
			switch {
			case i%2 == 0:
			case kind == "json":
				if d, err := readDirectoryJSONL("docs/policy.md", strings.NewReader(text)); err != nil || len(d.ends) != 1 {
					t.Errorf("the JSON Lines example: %v", err)
				}
			default:
				files[strings.Replace(title, "*", "example", 1)] = text
			}
		}
	}
	if len(files) != 7 {
		t.Fatalf("%d examples, want one for each of 7 files", len(files))
	}
	dir := t.TempDir()
	writePolicy(t, dir, files)
	s, err := Load(Config{PolicyDir: dir, ProtectedKeys: []Key{{"k2026", testKeys()[0].Secret}}})
	must(t, err)
	for _, c := range s.Entries() {
		if c.Entries == 0 && c.Kind != "geo_databases" {
			t.Errorf("the examples hold no %s", c.Kind)
		}
	}
	if got := s.Explain("profiles", "us.users.sessions", []string{"client_ip"}).Categories; len(got) != 1 || got[0] != "location.ip" {
		t.Errorf("categories are %v", got)
	}
}
