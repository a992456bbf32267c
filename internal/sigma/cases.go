package sigma

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// Case is one test of a rule, from the file NAME.test.yml beside it:
//
//	rule: 09e14c63-b58f-4d97-a20e-6f81c7d3594b
//	tests:
//	  - name: a cleared colleague exports accounts
//	    match: true
//	    event: {"time": "2026-11-23T20:14:05Z", "action": "export", …}
type Case struct {
	File  string
	Line  int
	Rule  string // id
	Name  string
	Match bool
	Event []byte // raw JSON, as a producer sends it
}

// LoadCases reads every test file of a folder and its subfolders, in the order of
// their names. All that is wrong is in the error, one [Fault] each.
func LoadCases(fsys fs.FS, dir string) ([]Case, error) {
	var all []Case
	err := fs.WalkDir(fsys, dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(p, ".test.yml") && !strings.HasSuffix(p, ".test.yaml") {
			return err
		}
		text, err := fs.ReadFile(fsys, p)
		if err != nil {
			return err
		}
		cases, err := ParseCases(p, text)
		all = append(all, cases...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read rule tests: %w", err)
	}
	return all, nil
}

// ParseCases reads one test file; name stands in errors.
func ParseCases(name string, yaml []byte) ([]Case, error) {
	f := &faults{file: name}
	body := parseOne(yaml, f)
	if body == nil {
		return nil, f.joined()
	}
	top, _ := entries(body, "the test file", f)
	var id string
	var list []Case
	for _, e := range top {
		switch e.key {
		case "rule":
			id = text(e, f)
		case "tests":
			for _, n := range items(e.value) {
				list = append(list, parseCase(n, f))
			}
		default:
			f.add(e.pos, "unknown key %q: expected rule, tests", e.key)
		}
	}
	if id == "" || len(list) == 0 {
		f.add(start(body), "expected rule: with an id, and tests: with at least one test")
	}
	for i := range list {
		list[i].Rule, list[i].File = id, name
	}
	return list, f.joined()
}

func parseCase(n ast.Node, f *faults) Case {
	c := Case{Line: start(n).line}
	fields, _ := entries(n, "a test", f)
	have := map[string]bool{}
	for _, e := range fields {
		have[e.key] = true
		switch e.key {
		case "name":
			c.Name = text(e, f)
		case "match":
			s, ok := scalarOf(e.value)
			if !ok || s.kind != kindBool {
				f.add(start(e.value), "match is %s: expected true or false", describe(e.value))
			}
			c.Match = s.flag
		case "event":
			event, err := json.Marshal(plainValue(e.value, f))
			if err != nil {
				f.add(e.pos, "the event cannot be written as JSON")
			}
			c.Event = event
		default:
			f.add(e.pos, "unknown key %q in a test: expected name, match, event", e.key)
		}
	}
	for _, key := range []string{"name", "match", "event"} {
		if !have[key] {
			f.add(start(n), "a test has no %s", key)
		}
	}
	return c
}

// plainValue is a YAML node as JSON would hold it.
func plainValue(n ast.Node, f *faults) any {
	switch n := n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		object := map[string]any{}
		list, _ := entries(n, "the event", f)
		for _, e := range list {
			object[e.key] = plainValue(e.value, f)
		}
		return object
	case *ast.SequenceNode:
		array := []any{}
		for _, item := range n.Values {
			array = append(array, plainValue(item, f))
		}
		return array
	}
	s, ok := scalarOf(n)
	if !ok {
		f.add(start(n), "the event holds %s", describe(n))
		return nil
	}
	switch s.kind {
	case kindNull:
		return nil
	case kindBool:
		return s.flag
	case kindNumber:
		return json.Number(s.text)
	}
	return s.text
}
