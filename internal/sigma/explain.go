package sigma

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/watchglass/watchglass/schema"
)

// Explainer says which parts of a rule an event satisfies, and on which values. It asks
// each comparison by itself: nothing is remembered, indexed or shared.
type Explainer struct {
	set      *Set
	compiler *compiler
	json     jsonEvent
	values   map[int]*fieldValue // of the event at hand
	out      strings.Builder
}

// NewExplainer makes an explainer for the rules of a set.
func (s *Set) NewExplainer() *Explainer {
	return &Explainer{set: s, compiler: newCompiler(Options{AnyField: true})}
}

// Explain says why a rule on single events matches an enriched event, or does not.
func (e *Explainer) Explain(r *Rule, ev *schema.AccessEvent) string {
	return e.rule(r, &accessEvent{ev})
}

// ExplainJSON is Explain for one raw JSON object, as it is.
func (e *Explainer) ExplainJSON(r *Rule, line []byte) (string, error) {
	if err := e.json.parse(line); err != nil {
		return "", err
	}
	return e.rule(r, &e.json), nil
}

func (e *Explainer) rule(r *Rule, ev event) string {
	e.values = map[int]*fieldValue{}
	e.out.Reset()
	matched := e.document(r.source, ev, "")
	for _, filter := range r.source.filters {
		fmt.Fprintf(&e.out, "  filter %q: ", filter.rule.Title)
		at := e.out.Len()
		lets := e.document(filter, ev, "  ")
		text := e.out.String()
		e.out.Reset()
		e.out.WriteString(text[:at] + map[bool]string{true: "lets it pass", false: "leaves it out"}[lets] + "\n" + text[at:])
		matched = matched && lets
	}
	return map[bool]string{true: "matches", false: "does not match"}[matched] + "\n" + e.out.String()
}

// document writes its searches, and gives what its conditions come to.
func (e *Explainer) document(d *document, ev event, indent string) bool {
	held := map[*search]bool{}
	for _, s := range d.searches {
		at := e.out.Len()
		held[s] = e.tree(s.tree, ev, indent+"    ")
		text := e.out.String()
		e.out.Reset()
		fmt.Fprintf(&e.out, "%s%s  %s: %s\n%s", text[:at], indent, s.name, yes(held[s]), text[at:])
	}
	return slices.ContainsFunc(d.wanted, func(wanted *expression) bool { return wanted.with(held) })
}

// with evaluates a condition.
func (e *expression) with(held map[*search]bool) bool {
	if e.search != nil {
		return held[e.search]
	}
	n := 0
	for _, kid := range e.kids {
		if kid.with(held) {
			n++
		}
	}
	switch e.op {
	case opNot:
		return n == 0
	case opAnd:
		return n == len(e.kids)
	case opOr:
		return n > 0
	}
	return n >= e.need
}

func (e *Explainer) tree(t tree, ev event, indent string) bool {
	if t.item != nil {
		return e.item(t.item, ev, indent)
	}
	n := 0
	for i, kid := range t.kids {
		if i > 0 && t.op == opOr {
			e.out.WriteString(indent + "or\n")
		}
		if e.tree(kid, ev, indent) {
			n++
		}
	}
	return n == len(t.kids) || t.op == opOr && n > 0
}

// item compares one field with its values.
func (e *Explainer) item(it *item, ev event, indent string) bool {
	f := &faults{}
	n := e.compiler.item(it, &Rule{}, f)
	held := n.holds(func(i int) bool {
		p := &e.compiler.set.predicates[i]
		var other *fieldValue
		if p.test == testField {
			other = e.value(p.other, ev)
		}
		return p.holds(e.value(p.field, ev), other)
	})
	var wanted []string
	for _, s := range it.values {
		wanted = append(wanted, cutText(s.text))
	}
	v := e.value(e.compiler.field(it.field), ev)
	found := "nothing there"
	if len(v.leaves) > 0 {
		var texts []string
		for i := range v.leaves[:min(len(v.leaves), shownValues)] {
			texts = append(texts, fmt.Sprintf("%q", cutText(v.textOf(&v.leaves[i]))))
		}
		if more := len(v.leaves) - shownValues; more > 0 {
			texts = append(texts, fmt.Sprintf("and %d more", more))
		}
		found = strings.Join(texts, ", ")
	}
	if it.field == keywordPath {
		found = fmt.Sprintf("%d texts", len(v.leaves))
	}
	fmt.Fprintf(&e.out, "%s%s: %s\n%s  %s, found %s\n", indent, it.key, strings.Join(wanted, ", "), indent, yes(held), found)
	return held
}

// shownValues is how many values of a list are shown.
const shownValues = 5

func (e *Explainer) value(field int, ev event) *fieldValue {
	if v := e.values[field]; v != nil {
		return v
	}
	v := &fieldValue{}
	v.reset()
	ev.load(&e.compiler.set.fields[field], v)
	e.values[field] = v
	return v
}

func yes(held bool) string { return map[bool]string{true: "yes", false: "no"}[held] }

func cutText(s string) string {
	const most = 60
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}

// Explain says, for each group of a rule over time, how many events count and how near
// the condition came: the most that a window held.
func (t *Timeline) Explain(r *Rule) string {
	var b strings.Builder
	c := r.Correlation
	found := map[*Rule][]Finding{}
	for _, over := range t.set.over {
		if over == r {
			break
		}
		found[over] = t.evaluate(over, found)
	}
	groups, values := t.sightings(c, found)
	var keys []string
	for key := range groups {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		completed := 0
		if c.Absence() {
			c.judge(groups[key], t.last, func(_ time.Time, _ *timelineEvent) { completed++ })
		} else {
			c.slide(groups[key], func(*sighting) { completed++ })
		}
		fmt.Fprintf(&b, "  {%s}: %d events count", t.groupText(c, values[key]), len(groups[key]))
		if c.Type != "temporal_ordered" && !c.Absence() {
			w, from := newWindow(c), 0
			var most *big.Rat
			for i := range groups[key] {
				list := groups[key]
				for ; list[i].at.Sub(list[from].at) > c.Timespan; from++ {
					w.move(&list[from], -1)
				}
				w.move(&list[i], 1)
				if m, ok := w.measure(); ok && (most == nil || m.Cmp(most) > 0) {
					most = new(big.Rat).Set(m)
				}
			}
			if most != nil {
				fmt.Fprintf(&b, ", %s at most in a window", most.RatString())
			}
		}
		fmt.Fprintf(&b, ", completed %d times\n", completed)
	}
	return b.String()
}

func (t *Timeline) groupText(c *Correlation, values []string) string {
	var parts []string
	for i, g := range c.Groups {
		parts = append(parts, g.Name+": "+cutText(values[i]))
	}
	return strings.Join(parts, ", ")
}

// AddJSON is Add for one raw JSON object, as it is.
func (t *Timeline) AddJSON(index int, line []byte, o Lines, matched []*Rule) error {
	var ev jsonEvent
	if err := ev.parse(line); err != nil {
		return err
	}
	return t.addJSON(index, &ev, o.fields(), matched)
}
