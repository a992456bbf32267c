package sigma

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func loadFiles(t *testing.T, files map[string]string, o Options) (*Set, error) {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return LoadFS(fsys, ".", o)
}

func mustLoad(t *testing.T, files map[string]string, o Options) *Set {
	t.Helper()
	set, err := loadFiles(t, files, o)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func matchedIDs(t *testing.T, set *Set, event string) (ids []string) {
	t.Helper()
	found, err := set.NewMatcher().MatchJSON([]byte(event))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range found {
		ids = append(ids, r.ID)
	}
	for _, r := range set.Rules() {
		if plain := plainJSON(t, r, event); plain != slices.Contains(ids, r.ID) {
			t.Fatalf("%s: the plain evaluator says %t: %s", r.ID, plain, event)
		}
	}
	return ids
}

const (
	reads   = "title: reads\nid: reads\nlogsource: {product: watchglass, category: data_access}\ndetection:\n    s: {action: read}\n    condition: s\n"
	exports = "title: exports\nid: e1\nname: exports\nlogsource: {product: watchglass}\ndetection:\n    s: {action: export}\n    condition: s\n"
)

func TestSeveralDocumentsInAFile(t *testing.T) {
	set := mustLoad(t, map[string]string{"a.yml": "---\n" + reads + "---\n" + exports + "---\n"}, Options{})
	if got := matchedIDs(t, set, `{"action":"export"}`); !slices.Equal(got, []string{"e1"}) {
		t.Errorf("matched %v", got)
	}
	_, err := loadFiles(t, map[string]string{"a.yml": reads + "---\n" + exports + "level: urgent\n"}, Options{})
	if err == nil || !strings.HasPrefix(err.Error(), "a.yml:15:8: unknown level") {
		t.Errorf("a fault of the second document: %v", err)
	}
	_, err = loadFiles(t, map[string]string{"a.yml": exports, "b.yml": strings.Replace(exports, "id: e1", "id: e2", 1)}, Options{})
	if err == nil || !strings.Contains(err.Error(), `"exports" is taken by a.yml`) {
		t.Errorf("a name twice: %v", err)
	}
}

func TestARuleWithoutAnIDIsCalledByItsName(t *testing.T) {
	set := mustLoad(t, map[string]string{"a.yml": strings.Replace(exports, "id: e1\n", "", 1)}, Options{})
	if got := set.Rules()[0].ID; got != "exports" {
		t.Errorf("id %q", got)
	}
}

func TestFilters(t *testing.T) {
	filter := "title: not the back-up\nlogsource: {product: watchglass}\nfilter:\n    rules: [exports, reads]\n    backup: {accessor.id: svc-backup}\n    night: {time|hour|lt: 6}\n    condition: not (backup and night)\n"
	set := mustLoad(t, map[string]string{"a.yml": reads, "b.yml": exports, "c.yml": filter}, Options{})
	for _, c := range []struct {
		event string
		want  []string
	}{
		{`{"action":"export","accessor":{"id":"e-1"},"time":"2026-11-23T02:00:00Z"}`, []string{"e1"}},
		{`{"action":"export","accessor":{"id":"svc-backup"},"time":"2026-11-23T02:00:00Z"}`, nil},
		{`{"action":"export","accessor":{"id":"svc-backup"},"time":"2026-11-23T12:00:00Z"}`, []string{"e1"}},
		{`{"action":"read","accessor":{"id":"svc-backup"},"time":"2026-11-23T02:00:00Z"}`, nil},
	} {
		if got := matchedIDs(t, set, c.event); !slices.Equal(got, c.want) {
			t.Errorf("%s: matched %v, want %v", c.event, got, c.want)
		}
	}
	without := mustLoad(t, map[string]string{"a.yml": reads, "b.yml": exports}, Options{})
	if set.Rules()[0].Version == without.Rules()[0].Version {
		t.Error("a rule with a filter has the version of the rule without")
	}
	if !slices.Contains(set.Rules()[0].Fields, "accessor.id") {
		t.Error("what a filter looks at is no evidence")
	}
	all := mustLoad(t, map[string]string{"a.yml": reads, "b.yml": exports, "c.yml": strings.Replace(filter, "[exports, reads]", "any", 1)}, Options{})
	if got := matchedIDs(t, all, `{"action":"read","accessor":{"id":"svc-backup"},"time":"2026-11-23T02:00:00Z"}`); got != nil {
		t.Errorf("rules: any: matched %v", got)
	}
	for _, c := range []struct{ name, text, want string }{
		{"keeps only what it finds", strings.Replace(filter, "not (backup and night)", "backup", 1), "c.yml:7:16: the filter keeps only what its searches find"},
		{"names nothing", strings.Replace(filter, "reads]", "raeds]", 1), `c.yml:4:22: the filter names "raeds", and there is no such rule: did you mean "reads"?`},
		{"another log source", strings.NewReplacer("product: watchglass", "product: okta", "exports, ", "").Replace(filter), "the filter's logsource is not that of the rule"},
		{"no rules", strings.Replace(filter, "    rules: [exports, reads]\n", "", 1), "the filter has no rules"},
		{"a list of conditions", strings.Replace(filter, "not (backup and night)", "[not backup, not night]", 1), "the filter has a list of conditions"},
		{"an unknown field", strings.Replace(filter, "accessor.id", "accessor.idd", 1), `c.yml:5:14: no event has a field "accessor.idd"`},
		{"no log source", strings.Replace(filter, "logsource: {product: watchglass}\n", "", 1), "the rule has no logsource"},
	} {
		_, err := loadFiles(t, map[string]string{"a.yml": reads, "b.yml": exports, "c.yml": c.text}, Options{})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v\nwant one line with %s", c.name, err, c.want)
		}
	}
}

func TestFieldsOfOtherProducts(t *testing.T) {
	published := "title: export by admin\nid: p1\ntaxonomy: ecs\nlogsource: {product: okta}\nfields: [user.name]\ndetection:\n    s:\n        event.action: export\n        user.name|fieldref: user.target\n    condition: s\n"
	mapping := "taxonomy: ecs\nlogsource: {product: okta}\nfields:\n    event.action: action\n    user.name: accessor.id\n    user.target: accessor.on_behalf_of\nbecomes: {category: data_access, product: watchglass}\n"
	set := mustLoad(t, map[string]string{"a.yml": published, "okta.fields.yml": mapping}, Options{})
	r := set.Rules()[0]
	if !slices.Equal(r.Fields, []string{"action", "accessor.id", "accessor.on_behalf_of"}) || r.LogSource != (LogSource{Category: "data_access", Product: "watchglass"}) {
		t.Errorf("fields %v of %+v", r.Fields, r.LogSource)
	}
	if got := matchedIDs(t, set, `{"action":"export","accessor":{"id":"a","on_behalf_of":"A"}}`); len(got) != 1 {
		t.Error("does not match in our names")
	}
	if _, err := loadFiles(t, map[string]string{"a.yml": published}, Options{}); err == nil || !strings.Contains(err.Error(), `a.yml:3:11: taxonomy "ecs": expected a file NAME.fields.yml`) {
		t.Errorf("no mapping: %v", err)
	}
	for name, text := range map[string]string{
		"m.fields.yml:1:1: expected taxonomy, logsource or both": "fields: {a: b}\n",
		`m.fields.yml:2:1: unknown key "feilds"`:                 "taxonomy: ecs\nfeilds: {a: b}\n",
	} {
		if _, err := loadFiles(t, map[string]string{"a.yml": reads, "m.fields.yml": text}, Options{}); err == nil || !strings.HasPrefix(err.Error(), name) {
			t.Errorf("got %v, want %s", err, name)
		}
	}
}

func TestPlaceholdersComeFromListsBesideTheRules(t *testing.T) {
	rule := strings.Replace(reads, "{action: read}", "{accessor.id|expand: '%Admins%'}", 1)
	files := map[string]string{"a.yml": rule, "placeholders/Admins.txt": "# who may\nadm-*\n\n root \n"}
	set := mustLoad(t, files, Options{})
	for event, want := range map[string]int{`{"accessor":{"id":"ADM-7"}}`: 1, `{"accessor":{"id":"root"}}`: 1, `{"accessor":{"id":"e-1"}}`: 0} {
		if got := matchedIDs(t, set, event); len(got) != want {
			t.Errorf("%s: matched %v", event, got)
		}
	}
	files["placeholders/Admins.txt"] = "root\n"
	if changed := mustLoad(t, files, Options{}); changed.Version() == set.Version() {
		t.Error("another list, the same version")
	}
	files["placeholders/Admins.txt"] = "# nobody\n"
	if _, err := loadFiles(t, files, Options{}); err == nil || !strings.Contains(err.Error(), "the list for the placeholder %Admins% is empty") {
		t.Errorf("an empty list: %v", err)
	}
}

func TestLogSourceSelects(t *testing.T) {
	set := mustLoad(t, map[string]string{
		"1.yml": reads,
		"2.yml": strings.NewReplacer("id: reads", "id: topic", "category: data_access", "service: sessions").Replace(reads),
		"3.yml": strings.NewReplacer("id: reads", "id: format", "category: data_access", "service: pgaudit").Replace(reads),
		"4.yml": strings.NewReplacer("id: reads", "id: other", "product: watchglass", "product: okta").Replace(reads),
	}, Options{})
	for _, c := range []struct {
		topic, format string
		want          []string
	}{
		{"access-events", "json", []string{"reads"}},
		{"sessions", "json", []string{"reads", "topic"}},
		{"sessions", "pgaudit", []string{"format", "reads", "topic"}},
	} {
		if got := matchedIDs(t, set.For(c.topic, c.format), `{"action":"read"}`); !slices.Equal(got, c.want) {
			t.Errorf("%s, %s: matched %v, want %v", c.topic, c.format, got, c.want)
		}
	}
}
