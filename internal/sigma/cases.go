package sigma

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// Case is one test of a rule, from the file NAME.test.yml beside it:
//
//	rule: 09e14c63-b58f-4d97-a20e-6f81c7d3594b
//	tests:
//	  - name: a cleared colleague exports accounts
//	    match: true
//	    event: {"time": "2026-11-23T20:14:05Z", "action": "export", …}
//
// A rule over time has events, in any order, and the alerts that they make:
//
//   - name: five times in a day
//     events:
//   - {repeat: 4, every: 1h, event: {"time": "2026-11-23T10:00:00Z", …}}
//   - {"time": "2026-11-23T15:00:00Z", …}
//     alerts: [{accessor.id: e-1, subject.ids: u-1}]
type Case struct {
	File   string
	Line   int
	Rule   string // id
	Name   string
	Match  bool                // of a rule on single events
	Alerts []map[string]string // of a rule over time: the groups, in the order of the events that complete them
	Events [][]byte            // raw JSON, as a producer sends it; one for a rule on single events

	overTime bool // it has alerts, if none
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
			c.Events = append(c.Events, jsonBytes(plainValue(e.value, f)))
		case "events":
			for _, n := range items(e.value) {
				c.Events = append(c.Events, repeated(n, f)...)
			}
		case "alerts":
			c.overTime = true
			for _, n := range items(e.value) {
				c.Alerts = append(c.Alerts, alertGroup(n, f))
			}
		default:
			f.add(e.pos, "unknown key %q in a test: expected name, and match, event, or alerts, events", e.key)
		}
	}
	needed := []string{"name", "match", "event"}
	if have["events"] || have["alerts"] {
		needed = []string{"name", "events", "alerts"}
	}
	for _, key := range needed {
		if !have[key] {
			f.add(start(n), "a test has no %s", key)
		}
	}
	return c
}

// alertGroup reads the values that an alert is expected to have.
func alertGroup(n ast.Node, f *faults) map[string]string {
	values := map[string]string{}
	list, _ := entries(n, "an alert", f)
	for _, e := range list {
		s, ok := scalarOf(e.value)
		if !ok {
			f.add(start(e.value), "%s is %s: expected a text", e.key, describe(e.value))
		}
		values[e.key] = s.text
	}
	return values
}

// maxRepeat bounds the events of a test.
const maxRepeat = 100_000

// repeated reads an event, or `{repeat: 4, every: 1h, event: {…}}`: the event four
// times, each an hour after the one before.
func repeated(n ast.Node, f *faults) [][]byte {
	event, isMap := plainValue(n, f).(map[string]any)
	if !isMap {
		f.add(start(n), "an event is %s: expected keys and values", describe(n))
		return nil
	}
	inner, wrapped := event["event"].(map[string]any)
	if !wrapped {
		return [][]byte{jsonBytes(event)}
	}
	times, _ := strconv.Atoi(fmt.Sprint(event["repeat"]))
	every, err := time.ParseDuration(fmt.Sprint(event["every"]))
	at, notTime := time.Parse(time.RFC3339, fmt.Sprint(inner["time"]))
	if times < 1 || times > maxRepeat || err != nil || notTime != nil {
		f.add(start(n), "expected repeat: a number from 1 to %d, every: such as 1h, and an event with a time such as 2026-11-23T20:14:05Z", maxRepeat)
		return nil
	}
	var list [][]byte
	for i := range times {
		inner["time"] = at.Add(time.Duration(i) * every).Format(time.RFC3339Nano)
		list = append(list, jsonBytes(inner))
	}
	return list
}

func jsonBytes(v any) []byte {
	b, _ := json.Marshal(v) // made of maps, lists, texts, numbers
	return b
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
