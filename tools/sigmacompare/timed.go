package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// correlation is a rule over time.
type correlation struct {
	id         string
	kind       string
	rules      []string
	groupBy    []string
	aliases    map[string][]string // by name: rule, field, rule, field …
	seconds    int
	bounds     []string // such as "gte: 3"
	fields     []string
	percentile string
	written    string // a boolean condition
	generate   bool
}

// yaml writes the rule. rsigma takes one of the rules for enough where a temporal
// rule has no condition; explicit says how many are meant.
func (c correlation) yaml(explicit bool) string {
	var b strings.Builder
	if explicit && c.unconditional() {
		c.bounds = []string{"gte: " + strconv.Itoa(len(c.rules))}
	}
	fmt.Fprintf(&b, "title: Rule %[1]s\nid: %[1]s\nname: %[1]s\ncorrelation:\n    type: %[2]s\n    rules: [%[3]s]\n    timespan: %[4]s\n", c.id, c.kind, strings.Join(c.rules, ", "), span(c.seconds))
	if len(c.groupBy) > 0 {
		fmt.Fprintf(&b, "    group-by: [%s]\n", strings.Join(c.groupBy, ", "))
	}
	if c.generate {
		b.WriteString("    generate: true\n")
	}
	if len(c.aliases) > 0 {
		b.WriteString("    aliases:\n")
		for _, name := range c.groupBy {
			if list := c.aliases[name]; len(list) > 0 {
				fmt.Fprintf(&b, "        %s:\n", name)
				for i := 0; i < len(list); i += 2 {
					fmt.Fprintf(&b, "            %s: %s\n", list[i], list[i+1])
				}
			}
		}
	}
	switch {
	case c.written != "":
		fmt.Fprintf(&b, "    condition: %s\n", c.written)
	case len(c.bounds)+len(c.fields) > 0:
		b.WriteString("    condition:\n")
		for _, bound := range c.bounds {
			fmt.Fprintf(&b, "        %s\n", bound)
		}
		switch {
		case len(c.fields) == 1:
			fmt.Fprintf(&b, "        field: %s\n", c.fields[0])
		case len(c.fields) > 1:
			fmt.Fprintf(&b, "        field: [%s]\n", strings.Join(c.fields, ", "))
		}
		if c.percentile != "" {
			fmt.Fprintf(&b, "        percentile: %s\n", c.percentile)
		}
	}
	return b.String()
}

// unconditional reports a temporal rule that wants all of its rules.
func (c correlation) unconditional() bool {
	return strings.HasPrefix(c.kind, "temporal") && c.written == "" && len(c.bounds) == 0
}

// absence reports a rule that asks for fewer than so many.
func (c correlation) absence() bool {
	counts := c.kind == "event_count" || c.kind == "value_count" || c.kind == "value_sum"
	return counts && !slices.ContainsFunc(c.bounds, func(b string) bool { return !strings.HasPrefix(b, "lt") })
}

func span(seconds int) string {
	switch {
	case seconds%3600 == 0:
		return strconv.Itoa(seconds/3600) + "h"
	case seconds%60 == 0:
		return strconv.Itoa(seconds/60) + "m"
	}
	return strconv.Itoa(seconds) + "s"
}

// singleKinds are the rules on single events that the correlations name: by name,
// what the member k is. Two may match one event.
func singleKinds() map[string][]string {
	return map[string][]string{"ra": {"a"}, "rb": {"b"}, "rc": {"c", "d"}, "rd": {"a", "d"}, "every": {"a", "b", "c", "d"}}
}

func singlesText() string {
	var docs []string
	for _, name := range slices.Sorted(maps.Keys(singleKinds())) {
		docs = append(docs, fmt.Sprintf("title: %[1]s\nid: %[1]s\nname: %[1]s\nlogsource: {category: test}\ndetection:\n    s: {k: [%[2]s]}\n    condition: s\n", name, strings.Join(singleKinds()[name], ", ")))
	}
	return strings.Join(docs, "---\n")
}

// correlations makes n, some of which name others.
func (g *generator) correlations(n int) []correlation {
	var all []correlation
	for i := range n {
		c := g.correlation(all)
		c.id = ruleID(i)
		all = append(all, c)
	}
	return all
}

func (g *generator) correlation(before []correlation) correlation {
	kinds := []string{"event_count", "value_count", "temporal", "temporal_ordered", "value_sum", "value_avg", "value_median", "value_percentile"}
	c := correlation{kind: pick(g.r, kinds), seconds: pick(g.r, []int{5, 10, 30, 45, 60, 90, 300, 600, 3600, 7200}), generate: g.r.IntN(4) == 0}
	names := []string{"ra", "rb", "rc", "rd"}
	if g.plain {
		names = names[:3] // no event matches two of them
	}
	g.r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	many := 1 + g.r.IntN(2)
	if strings.HasPrefix(c.kind, "temporal") {
		many = 2 + g.r.IntN(2)
	}
	c.rules = slices.Clone(names[:many])
	chained := false
	chains := !g.plain || !strings.HasPrefix(c.kind, "value_") // the other engine has no fields of the inner rule's event
	if chains && len(before) > 0 && g.r.IntN(6) == 0 {
		inner := pick(g.r, before)
		for g.plain && (inner.kind == "temporal_ordered" || inner.kind == "value_percentile") {
			inner = before[0]
			before = before[1:]
			if len(before) == 0 {
				return g.correlation(nil)
			}
		}
		c.rules[g.r.IntN(len(c.rules))] = inner.id
		chained, c.generate = true, true // so that ours prints the inner one too
		if g.plain && !slices.Contains(inner.groupBy, "who") {
			c.groupBy = inner.groupBy
		}
	}
	for _, name := range []string{"u", "h", "tags"} {
		if g.plain && (name == "tags" || chained) {
			continue
		}
		if g.r.IntN(3) == 0 && (name != "tags" || g.r.IntN(3) == 0) {
			c.groupBy = append(c.groupBy, name)
		}
	}
	if g.r.IntN(6) == 0 && !slices.Contains(c.groupBy, "who") && !(g.plain && chained) {
		c.groupBy = append(slices.Clone(c.groupBy), "who")
		c.aliases = map[string][]string{}
		for _, r := range c.rules {
			c.aliases["who"] = append(c.aliases["who"], r, pick(g.r, []string{"u", "w"}))
		}
	}
	bound := func(of []string) {
		ops := []string{"gte", "gte", "gt", "eq", "neq", "lt", "lte"}
		if g.plain && (c.kind == "event_count" || c.kind == "value_count" || c.kind == "value_sum") {
			ops = ops[:5]
		}
		c.bounds = []string{pick(g.r, ops) + ": " + pick(g.r, of)}
		if g.r.IntN(6) == 0 {
			c.bounds = []string{"gte: " + of[0], "lt: " + of[len(of)-1]}
		}
	}
	switch c.kind {
	case "event_count":
		bound([]string{"2", "3", "4", "5"})
	case "value_count":
		bound([]string{"2", "3", "4"})
		c.fields = []string{pick(g.r, []string{"v", "v", "n"})}
		if g.r.IntN(6) == 0 {
			c.fields = []string{"v", "h"}
		}
		if g.plain && len(c.fields) > 1 {
			c.fields = []string{"v", "n"} // which are always there
		}
	case "temporal", "temporal_ordered":
		switch {
		case c.kind == "temporal_ordered":
		case g.r.IntN(4) == 0:
			bound([]string{"1", "2", "3"})
		case g.r.IntN(4) == 0:
			c.written = strings.Join(c.rules, pick(g.r, []string{" and ", " or "}))
		}
	default:
		c.fields = []string{"n"}
		bound([]string{"5", "10", "15", "20", "40"})
		if c.kind == "value_percentile" {
			c.percentile = pick(g.r, []string{"50", "90", "95", "25"})
		}
	}
	return c
}

// timed makes events in the order of time, some of them at one time.
func (g *generator) timed(n int) (all []map[string]any) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range n {
		switch g.r.IntN(12) {
		case 0, 1, 2: // at the same time
			if g.plain {
				at = at.Add(time.Second)
			}
		case 3:
			at = at.Add(time.Duration(g.r.IntN(5000)) * time.Second)
		default:
			at = at.Add(time.Duration(1+g.r.IntN(40)) * time.Second)
		}
		e := map[string]any{"time": at.Format(time.RFC3339), "k": pick(g.r, []string{"a", "b", "c", "d"}), markField: mark(i)}
		for _, m := range []struct {
			name string
			from []any
		}{
			{"u", []any{"x", "x", "y", "z"}},
			{"h", []any{"h1", "h1", "h2", json.Number("5")}},
			{"w", []any{"x", "y"}},
			{"v", []any{"p", "q", "r", "P", json.Number("7")}},
			{"n", []any{json.Number("1"), json.Number("5"), json.Number("10"), json.Number("2.5"), json.Number("-3"), json.Number("20"), "5", "no"}},
			{"tags", []any{[]any{"x", "y"}, []any{"x"}, []any{}, "x"}},
		} {
			if g.plain && (m.name == "n" || m.name == "v") {
				e[m.name] = m.from[g.r.IntN(3)]
				continue
			}
			switch g.r.IntN(14) {
			case 0:
			case 1:
				e[m.name] = nil
			default:
				e[m.name] = pick(g.r, m.from)
			}
		}
		all = append(all, e)
	}
	return all
}
