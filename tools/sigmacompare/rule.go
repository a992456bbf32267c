package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// kind is the type of a value in a rule.
type kind string

const (
	text    kind = "text"
	number  kind = "number"
	boolean kind = "flag"
	null    kind = "null"
)

// value is one value as it stands in a rule.
type value struct {
	kind kind
	text string
}

// item is one `field|modifier: values` of a map.
type item struct {
	field     string
	modifiers []string
	values    []value
	list      bool // written as a list, even of one
}

func (it item) has(modifier string) bool { return slices.Contains(it.modifiers, modifier) }

// search is one search identifier: alternatives of maps, and keywords.
type search struct {
	name  string
	maps  [][]item
	list  bool // the maps are elements of a list, even a single one
	words []value
	all   bool // all keywords, not any
}

// condition is a tree of and, or and not over leaves such as `a` and `1 of b*`.
type condition struct {
	op   string // "and", "or", "not", "" for a leaf
	kids []condition
	leaf string
}

// rule is a Sigma rule, in parts that a reducer can leave out.
type rule struct {
	id         string
	searches   []search
	conditions []condition // several are a list, joined with or
}

// atom is a rule of a single search.
func atom(s search) rule {
	s.name = "s"
	return rule{searches: []search{s}, conditions: []condition{{leaf: "s"}}}
}

// onlyItem is the single item of the simplest rules.
func (r rule) onlyItem() (item, bool) {
	if len(r.searches) != 1 {
		return item{}, false
	}
	s := r.searches[0]
	if len(s.words) > 0 || len(s.maps) != 1 || len(s.maps[0]) != 1 {
		return item{}, false
	}
	return s.maps[0][0], true
}

// onlyWords is the keywords of a rule that has nothing else.
func (r rule) onlyWords() ([]value, bool) {
	if len(r.searches) != 1 || len(r.searches[0].maps) > 0 {
		return nil, false
	}
	return r.searches[0].words, true
}

// yaml writes the rule as a file.
func (r rule) yaml() string {
	return fmt.Sprintf("title: Rule %[1]s\nid: %[1]s\nlogsource:\n    category: test\n%[2]s", r.id, r.detection())
}

// detection writes the part that decides.
func (r rule) detection() string {
	var b strings.Builder
	b.WriteString("detection:\n")
	for _, s := range r.searches {
		fmt.Fprintf(&b, "    %s:\n", s.name)
		s.write(&b)
	}
	if len(r.conditions) == 1 {
		fmt.Fprintf(&b, "    condition: %s\n", r.conditions[0])
		return b.String()
	}
	b.WriteString("    condition:\n")
	for _, c := range r.conditions {
		fmt.Fprintf(&b, "        - %s\n", c)
	}
	return b.String()
}

func (s search) write(b *strings.Builder) {
	switch {
	case s.all:
		b.WriteString("        '|all':\n")
		for _, w := range s.words {
			fmt.Fprintf(b, "            - %s\n", w)
		}
		return
	case !s.list && len(s.words) == 0 && len(s.maps) == 1:
		for _, it := range s.maps[0] {
			fmt.Fprintf(b, "        %s\n", it)
		}
		return
	}
	for _, m := range s.maps {
		lead := "- "
		for _, it := range m {
			fmt.Fprintf(b, "        %s%s\n", lead, it)
			lead = "  "
		}
	}
	for _, w := range s.words {
		fmt.Fprintf(b, "        - %s\n", w)
	}
}

func (it item) String() string {
	key := strings.Join(append([]string{it.field}, it.modifiers...), "|")
	if len(it.values) == 1 && !it.list {
		return key + ": " + it.values[0].String()
	}
	values := make([]string, len(it.values))
	for i, v := range it.values {
		values[i] = v.String()
	}
	return key + ": [" + strings.Join(values, ", ") + "]"
}

func (v value) String() string {
	switch {
	case v.kind == null:
		return "null"
	case v.kind != text:
		return v.text
	case strings.ContainsFunc(v.text, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 }):
		quoted, err := json.Marshal(v.text)
		if err != nil {
			panic(err) // a text is always JSON
		}
		return string(quoted)
	}
	return "'" + strings.ReplaceAll(v.text, "'", "''") + "'"
}

func (c condition) String() string {
	switch c.op {
	case "":
		return c.leaf
	case "not":
		return "not " + c.kids[0].inner("not")
	}
	parts := make([]string, len(c.kids))
	for i, kid := range c.kids {
		parts[i] = kid.inner(c.op)
	}
	return strings.Join(parts, " "+c.op+" ")
}

// inner puts parentheses where precedence asks for them.
func (c condition) inner(outer string) string {
	if c.op == "" || c.op == "not" || outer == "or" && c.op == "and" {
		return c.String()
	}
	return "(" + c.String() + ")"
}
