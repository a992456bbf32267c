package sigma

import (
	"cmp"
	"maps"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/watchglass/watchglass/schema"
)

// Timeline evaluates rules over time on the events that it is given, in memory: it is
// what rules are tested with, and the yardstick for the SQL that does the same
// over what is stored. It knows no shortcuts across rules, and forgets nothing.
type Timeline struct {
	set    *Set
	fields []field         // that the rules over time look at
	needed map[*Rule]bool  // rules that one over time names
	events []timelineEvent // that one of those matched
	last   time.Time       // of all events that were added
}

// timelineEvent is what is kept of an event.
type timelineEvent struct {
	index  int
	at     time.Time
	rules  []*Rule
	values map[string][]string // by field: the texts of its values
}

// Finding is that a rule over time holds for a group, completed by an event.
type Finding struct {
	Rule  *Rule
	Event int       // the index of the event that completes it, as given to Add; of an absence, the last one before its end (-1: none)
	At    time.Time // when that was; of an absence, the end of the window
	Group []GroupValue

	event *timelineEvent
}

// GroupValue is the value of one group-by field.
type GroupValue struct{ Name, Value string }

// Bucket is the span of time that the finding's alert stands for.
func (f *Finding) Bucket() time.Time {
	if f.Rule.Correlation.Absence() {
		return f.At.Add(-f.Rule.Correlation.Timespan)
	}
	return f.Rule.Correlation.Bucket(f.At)
}

// NewTimeline makes an empty timeline.
func (s *Set) NewTimeline() *Timeline {
	t := &Timeline{set: s, needed: map[*Rule]bool{}}
	paths := map[string]bool{}
	for _, r := range s.over {
		c := r.Correlation
		for _, named := range c.Rules {
			t.needed[named] = true
		}
		for _, g := range c.Groups {
			for _, path := range g.Fields {
				paths[path] = true
			}
		}
		for _, path := range c.Fields {
			paths[path] = true
		}
	}
	for path := range paths {
		t.fields = append(t.fields, newField(path))
	}
	return t
}

// wants reports that an event that these rules matched has to be added. Those that
// no rule over time is about need not be; they only tell how late it is.
func (t *Timeline) wants(matched []*Rule) bool {
	return slices.ContainsFunc(matched, func(r *Rule) bool { return t.needed[r] })
}

// Add takes an enriched event, and the rules that matched it. Index is what
// findings call it by; of events with one time, the one added first was first.
func (t *Timeline) Add(index int, ev *schema.AccessEvent, matched []*Rule) {
	t.add(index, ev.Time, &accessEvent{ev}, matched)
}

func (t *Timeline) add(index int, at time.Time, ev event, matched []*Rule) {
	e := timelineEvent{index: index, at: at.Truncate(time.Millisecond), values: map[string][]string{}}
	for _, r := range matched {
		if t.needed[r] {
			e.rules = append(e.rules, r)
		}
	}
	if e.at.After(t.last) {
		t.last = e.at
	}
	if len(e.rules) == 0 {
		return
	}
	for i := range t.fields {
		var v fieldValue
		ev.load(&t.fields[i], &v)
		var texts []string
		for j := range v.leaves {
			if l := &v.leaves[j]; l.kind != kindObject {
				texts = append(texts, strings.Clone(v.textOf(l)))
			}
		}
		e.values[t.fields[i].path] = texts
	}
	t.events = append(t.events, e)
}

// Findings evaluates all rules over time: their findings in the order of the
// events that complete them, then of rules and groups.
func (t *Timeline) Findings() []Finding {
	slices.SortStableFunc(t.events, func(a, b timelineEvent) int { return a.at.Compare(b.at) })
	found := map[*Rule][]Finding{}
	var all []Finding
	for _, r := range t.set.over {
		found[r] = t.evaluate(r, found)
		all = append(all, found[r]...)
	}
	slices.SortStableFunc(all, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Event, b.Event), cmp.Compare(a.Rule.ID, b.Rule.ID), slices.CompareFunc(a.Group, b.Group, func(a, b GroupValue) int { return cmp.Compare(a.Value, b.Value) }))
	})
	return all
}

// Alerts are the findings of one rule, those that stand for an alert only: the first of
// each group in each bucket.
func (t *Timeline) Alerts(r *Rule) (alerts []Finding) {
	type key struct {
		group  string
		bucket time.Time
	}
	seen := map[key]bool{}
	for _, f := range t.Findings() {
		if f.Rule != r {
			continue
		}
		k := key{bucket: f.Bucket()}
		for _, g := range f.Group {
			k.group += g.Value + "\x00"
		}
		if !seen[k] {
			seen[k] = true
			alerts = append(alerts, f)
		}
	}
	return alerts
}

// sighting is an event of one group, as a rule over time sees it.
type sighting struct {
	at     time.Time
	rules  []int        // which of the correlation's rules, ascending
	values [][]string   // of the correlation's fields
	also   [][][]string // the same of the sightings that were merged with this one
	event  *timelineEvent
}

// evaluate finds one rule's findings, group by group.
func (t *Timeline) evaluate(r *Rule, before map[*Rule][]Finding) (found []Finding) {
	c := r.Correlation
	groups, values := t.sightings(c, before)
	for _, key := range slices.Sorted(maps.Keys(groups)) {
		list := groups[key]
		report := func(at time.Time, e *timelineEvent) {
			f := Finding{Rule: r, Event: -1, At: at, event: e}
			if e != nil {
				f.Event = e.index
			}
			for i, g := range c.Groups {
				f.Group = append(f.Group, GroupValue{g.Name, values[key][i]})
			}
			found = append(found, f)
		}
		if c.Absence() {
			c.judge(list, t.last, report)
		} else {
			c.slide(list, func(s *sighting) { report(s.at, s.event) })
		}
	}
	return found
}

// sightings sorts what concerns a correlation by group and time.
func (t *Timeline) sightings(c *Correlation, before map[*Rule][]Finding) (groups map[string][]sighting, values map[string][]string) {
	groups, values = map[string][]sighting{}, map[string][]string{}
	for i := range t.events {
		e := &t.events[i]
		byFields := map[string][]int{} // rules may call the group-by fields by several names
		for n, named := range c.Rules {
			if named.Correlation == nil && slices.Contains(e.rules, named) {
				key := strings.Join(c.fieldsOf(n), "\x00")
				byFields[key] = append(byFields[key], n)
			}
		}
		for _, key := range slices.Sorted(maps.Keys(byFields)) {
			rules := byFields[key]
			c.see(sighting{at: e.at, rules: rules, event: e}, c.fieldsOf(rules[0]), nil, groups, values)
		}
	}
	for n, named := range c.Rules {
		if named.Correlation != nil {
			for _, f := range before[named] {
				c.see(sighting{at: f.At, rules: []int{n}, event: f.event}, c.fieldsOf(n), f.Group, groups, values)
			}
		}
	}
	for key, list := range groups {
		slices.SortStableFunc(list, func(a, b sighting) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.event.index, b.event.index)) })
		groups[key] = merged(list)
	}
	return groups, values
}

// merged makes one of all sightings of an event: it is seen once in a group, whatever
// the names of its fields, and whether it matched a rule or completed one.
func merged(list []sighting) []sighting {
	out := list[:0:0]
	for _, s := range list {
		n := len(out)
		if n == 0 || out[n-1].event != s.event {
			out = append(out, s)
			continue
		}
		last := &out[n-1]
		last.rules = slices.Concat(last.rules, s.rules)
		slices.Sort(last.rules)
		last.rules = slices.Compact(last.rules)
		last.also = append(last.also, s.values)
	}
	return out
}

func (c *Correlation) fieldsOf(rule int) (paths []string) {
	for _, g := range c.Groups {
		paths = append(paths, g.Fields[rule])
	}
	return paths
}

// see adds a sighting to each group that it belongs to: one for each combination of
// the values that its group-by fields have.
func (c *Correlation) see(s sighting, paths []string, inner []GroupValue, groups map[string][]sighting, values map[string][]string) {
	for _, path := range c.Fields {
		s.values = append(s.values, s.valuesOf(path, inner))
	}
	combos := [][]string{nil}
	for _, path := range paths {
		var next [][]string
		for _, combo := range combos {
			for _, value := range oneOrMore(path, s.valuesOf(path, inner)) {
				next = append(next, append(slices.Clone(combo), value))
			}
		}
		combos = next
	}
	seen := map[string]bool{}
	for _, combo := range combos {
		key := strings.Join(combo, "\x00")
		if !seen[key] {
			seen[key] = true
			values[key] = combo
			groups[key] = append(groups[key], s)
		}
	}
}

func (s *sighting) valuesOf(path string, inner []GroupValue) []string {
	for _, g := range inner {
		if g.Name == path {
			return []string{g.Value}
		}
	}
	return s.event.values[path]
}

// oneOrMore: a field that holds one value and is not there is a group of its own;
// a list without elements belongs to no group.
func oneOrMore(path string, list []string) []string {
	if def, ok := schema.Lookup(path); len(list) == 0 && !(ok && def.Kind == schema.Strings) {
		return []string{""}
	}
	return list
}

// numbersOf reads the values that can be computed with.
func numbersOf(values []string) (list []*big.Rat) {
	for _, text := range values {
		if _, ok := parseNumber(text); !ok || len(text) > 40 {
			continue
		}
		if n, ok := new(big.Rat).SetString(text); ok {
			list = append(list, n)
		}
	}
	return list
}
