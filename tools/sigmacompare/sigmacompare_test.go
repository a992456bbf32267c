package main

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestTheSameSeedMakesTheSame(t *testing.T) {
	draw := func(seed uint64) (all []string) {
		g := newGenerator(seed, true)
		for i := range 20 {
			g.events = append(g.events, g.event(i))
		}
		var items []item
		for range 50 {
			r := g.atom()
			all = append(all, r.yaml())
			if it, ok := r.onlyItem(); ok {
				items = append(items, it)
			}
		}
		for range 50 {
			all = append(all, g.compound(items, []value{{text, "w"}}).yaml())
		}
		for _, c := range g.correlations(50) {
			all = append(all, c.yaml(false))
		}
		for _, r := range mix(seed, 50) {
			all = append(all, r.yaml())
		}
		return all
	}
	if !reflect.DeepEqual(draw(1), draw(1)) {
		t.Error("one seed, two results")
	}
	if reflect.DeepEqual(draw(1), draw(2)) {
		t.Error("two seeds, one result")
	}
}

func TestConditionsKeepTheirMeaning(t *testing.T) {
	leaf := func(s string) condition { return condition{leaf: s} }
	or := condition{op: "or", kids: []condition{leaf("a"), leaf("b")}}
	and := condition{op: "and", kids: []condition{or, leaf("c")}}
	for _, test := range []struct {
		c    condition
		want string
	}{
		{or, "a or b"},
		{and, "(a or b) and c"},
		{condition{op: "or", kids: []condition{and, leaf("d")}}, "(a or b) and c or d"},
		{condition{op: "not", kids: []condition{and}}, "not ((a or b) and c)"},
		{condition{op: "and", kids: []condition{{op: "not", kids: []condition{leaf("1 of x*")}}, leaf("a")}}, "not 1 of x* and a"},
	} {
		if got := test.c.String(); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

func TestValuesAreQuoted(t *testing.T) {
	for _, test := range []struct {
		v    value
		want string
	}{
		{value{text, "it's"}, "'it''s'"},
		{value{text, "5"}, "'5'"},
		{value{text, "a\nb"}, `"a\nb"`},
		{value{number, "5"}, "5"},
		{value{null, ""}, "null"},
	} {
		if got := test.v.String(); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}

func TestMarks(t *testing.T) {
	for _, n := range []int{0, 7, 1234567890} {
		raw, err := json.Marshal(mark(n))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := readMark(raw); err != nil || got != n {
			t.Errorf("got %d, %v, want %d", got, err, n)
		}
	}
}

// What disagrees may be small: engines that differ about one value only.
func TestReduce(t *testing.T) {
	events := []map[string]any{{"user": "alice", "cmd": []any{"x", "bad", "y"}, "n": json.Number("5")}}
	it := item{field: "cmd", modifiers: []string{"contains"}, list: true, values: []value{{text, "none"}, {text, "bad"}}}
	r := rule{
		id:         ruleID(0),
		searches:   []search{{name: "a", maps: [][]item{{it}}}, {name: "b", maps: [][]item{{{field: "user", values: []value{{text, "alice"}}}}}}},
		conditions: []condition{{op: "and", kids: []condition{{leaf: "a"}, {leaf: "b"}}}},
	}
	engines := [2]engine{always{"bad"}, always{}}
	c, err := compare(engines, []rule{r}, events)
	if err != nil || len(c.disagreements) != 1 {
		t.Fatalf("got %+v, %v", c, err)
	}
	d, err := reduce(engines, c.disagreements[0], func(disagreement) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	if len(d.event) > 1 || len(d.rule.searches) != 1 {
		t.Errorf("not reduced: %s %v", d.rule.detection(), d.event)
	}
}

func TestClassesAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/conformance.md")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range slices.Concat(fieldClasses(), referenceClasses(), keywordClasses(), structureClasses()) {
		names = append(names, c.name)
	}
	for _, c := range timedClasses() {
		names = append(names, c.name)
	}
	for _, name := range names {
		if !strings.Contains(string(text), "\n| "+name+" (") {
			t.Errorf("docs/conformance.md lacks %q", name)
		}
	}
}
