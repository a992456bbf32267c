package sigma

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func ruleWithID(id, extra string) string {
	return strings.Replace(ruleText("s:\n    action: read\ncondition: s"), "7a2f0a3e-3f0e-4f5e-9a51-0c6f3b8f4d10", id, 1) + extra
}

func TestLoadFindsRulesOnly(t *testing.T) {
	set, err := LoadFS(fstest.MapFS{
		"rules/b.yml":              {Data: []byte(ruleWithID("b", ""))},
		"rules/sub/a.yaml":         {Data: []byte(ruleWithID("a", ""))},
		"rules/b.test.yml":         {Data: []byte("rule: b")},
		"rules/README.md":          {Data: []byte("# rules")},
		"rules/.hidden/c.yml":      {Data: []byte("not: a rule")},
		"rules/..data/c.yml":       {Data: []byte("not: a rule")},
		"elsewhere/not-a-rule.yml": {Data: []byte("not: a rule")},
	}, "rules", Options{})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, r := range set.Rules() {
		ids = append(ids, r.ID)
	}
	if !slices.Equal(ids, []string{"a", "b"}) {
		t.Errorf("rules %v, want a and b in this order", ids)
	}
}

func TestLoadSaysAllThatIsWrong(t *testing.T) {
	_, err := LoadFS(fstest.MapFS{
		"a.yml": {Data: []byte(ruleWithID("same", "level: urgent\nstatus: done\n"))},
		"b.yml": {Data: []byte(ruleWithID("same", ""))},
		"c.yml": {Data: []byte("")},
	}, ".", Options{})
	if err == nil {
		t.Fatal("accepted")
	}
	want := []string{"a.yml:9:8: unknown level", "a.yml:10:9: unknown status", `b.yml:2:5: id "same" is taken by a.yml:2:5`, "c.yml: the file is empty"}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != len(want) {
		t.Fatalf("%d lines, want %d:\n%v", len(lines), len(want), err)
	}
	for i, w := range want {
		if !strings.HasPrefix(lines[i], w) {
			t.Errorf("line %d: %s\nwant %s…", i, lines[i], w)
		}
	}
}

func TestLoadDirRefusesWhatIsNoFolder(t *testing.T) {
	dir := t.TempDir()
	if _, err := LoadDir(filepath.Join(dir, "none"), Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	file := filepath.Join(dir, "a.yml")
	if err := os.WriteFile(file, []byte(ruleWithID("a", "")), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadDir(file, Options{}); err == nil || !strings.Contains(err.Error(), "is not a folder") {
		t.Errorf("got %v", err)
	}
	if set, err := ParseFile(file, Options{}); err != nil || len(set.Rules()) != 1 {
		t.Errorf("ParseFile: %v", err)
	}
}

func TestRuleMetadata(t *testing.T) {
	set, err := Parse("r.yml", []byte(ruleWithID("x", `status: experimental
level: high
description: what it is
author: somebody
date: 2026-11-23
tags: [a.b, c.d]
references: one
falsepositives: [none]
fields: [rows, action]
watchglass:
    group-by: [accessor.employer, resource.silo]
custom: {anything: [goes]}
`)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := set.Rules()[0]
	if r.Level != "high" || r.Description != "what it is" || r.Author != "somebody" || r.Date != "2026-11-23" || r.LogSource.Product != "watchglass" ||
		!slices.Equal(r.Tags, []string{"a.b", "c.d"}) || !slices.Equal(r.References, []string{"one"}) || !slices.Equal(r.FalsePositives, []string{"none"}) {
		t.Errorf("%+v", r)
	}
	if !r.Staged() {
		t.Error("an experimental rule is not staged")
	}
	if !slices.Equal(r.Fields, []string{"action", "rows"}) {
		t.Errorf("fields %v, want those the rule looks at, then those its author lists", r.Fields)
	}
	if !slices.Equal(r.GroupBy, []string{"accessor.employer", "resource.silo"}) {
		t.Errorf("group-by %v", r.GroupBy)
	}
	plain, err := Parse("r.yml", []byte(ruleWithID("x", "")), Options{})
	if err != nil {
		t.Fatal(err)
	}
	d := plain.Rules()[0]
	if d.Level != "medium" || d.Status != "stable" || d.Staged() || !slices.Equal(d.GroupBy, []string{"accessor.id"}) {
		t.Errorf("defaults: %+v", d)
	}
	if d.Version == r.Version || len(d.Version) != 12 || plain.Version() == set.Version() {
		t.Error("other text, same version")
	}
}

func TestMatchesAreAscendingByID(t *testing.T) {
	set, err := LoadFS(fstest.MapFS{
		"1.yml": {Data: []byte(ruleWithID("c", ""))}, "2.yml": {Data: []byte(ruleWithID("a", ""))}, "3.yml": {Data: []byte(ruleWithID("b", ""))},
	}, ".", Options{})
	if err != nil {
		t.Fatal(err)
	}
	found, err := set.NewMatcher().MatchJSON([]byte(`{"action":"read"}`))
	if err != nil || len(found) != 3 || found[0].ID != "a" || found[1].ID != "b" || found[2].ID != "c" {
		t.Errorf("%v %v", found, err)
	}
	if len(set.predicates) != 1 {
		t.Errorf("%d predicates for three rules that ask the same", len(set.predicates))
	}
}
