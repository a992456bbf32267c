package sigma

import (
	"fmt"
	"slices"

	"github.com/watchglass/watchglass/schema"
)

// compiler turns documents into rules of one set. Predicates that are the same
// in several rules are shared, so that an event is asked each once.
type compiler struct {
	options    Options
	set        *Set
	fields     map[string]int
	predicates map[string]int
}

func newCompiler(o Options) *compiler {
	return &compiler{options: o, set: &Set{}, fields: map[string]int{}, predicates: map[string]int{}}
}

// rule compiles the document of a rule, and of the filters that apply to it, and
// adds it to the set.
func (c *compiler) rule(d *document) {
	r, f := d.rule, d.f
	conditions := c.conditions(d, r)
	c.evidence(d, defaultGroupBy)
	if len(f.all) > 0 || len(conditions) == 0 {
		return
	}
	all := []node{join(opOr, conditions)} // a list of conditions is or
	for _, filter := range d.filters {
		if left := c.conditions(filter, r); len(left) > 0 {
			all = append(all, left[0])
		}
	}
	r.condition = join(opAnd, all)
	r.Version = d.version()
	c.set.rules = append(c.set.rules, r)
}

// overTime finishes a rule over time: its incidents are its groups, unless it says
// otherwise.
func (c *compiler) overTime(d *document) {
	if d.rule.Correlation == nil {
		return
	}
	var groups []string
	for _, g := range d.rule.Correlation.Groups {
		groups = append(groups, g.Name)
	}
	c.evidence(d, groups...)
}

// evidence reads which fields are kept with an alert, and which make incidents.
func (c *compiler) evidence(d *document, byDefault ...string) {
	r, f := d.rule, d.f
	for _, s := range d.display {
		if c.known(s.text, s.pos, f) {
			r.addField(s.text)
		}
	}
	for _, s := range d.grouping {
		if c.known(s.text, s.pos, f) && !slices.Contains(r.GroupBy, s.text) {
			r.GroupBy = append(r.GroupBy, s.text)
		}
	}
	if len(r.GroupBy) == 0 {
		r.GroupBy = byDefault
	}
}

// conditions compiles what a document, of a rule or a filter for it, wants.
func (c *compiler) conditions(d *document, r *Rule) (list []node) {
	compiled := map[*search]node{}
	for _, s := range d.searches {
		compiled[s] = c.tree(s.tree, r, d.f)
	}
	for _, e := range d.wanted {
		list = append(list, expand(e, compiled))
	}
	return list
}

// expand puts the compiled searches into a condition.
func expand(e *expression, compiled map[*search]node) node {
	if e.search != nil {
		return compiled[e.search]
	}
	kids := make([]node, len(e.kids))
	for i, kid := range e.kids {
		kids[i] = expand(kid, compiled)
	}
	if e.op == opAnd || e.op == opOr {
		return join(e.op, kids)
	}
	return node{op: e.op, need: e.need, kids: kids}
}

func (c *compiler) tree(t tree, r *Rule, f *faults) node {
	if t.item != nil {
		return c.item(t.item, r, f)
	}
	kids := make([]node, 0, len(t.kids))
	for _, kid := range t.kids {
		kids = append(kids, c.tree(kid, r, f))
	}
	return join(t.op, kids)
}

// item compiles one field with its values: or, with modifier all: and; each
// value may be satisfied by another element of a list.
func (c *compiler) item(it *item, r *Rule, f *faults) node {
	if it.field != keywordPath {
		if !c.known(it.field, it.pos, f) {
			return node{}
		}
		r.addField(it.field)
	}
	if it.mods.match == "exists" && len(it.values) > 1 {
		f.add(it.values[1].pos, "exists has a list of values: expected true or false")
		return node{}
	}
	kids := make([]node, 0, len(it.forms))
	for _, forms := range it.forms {
		var any []node
		for _, s := range forms {
			if p, key, ok := c.predicate(it, s, f); ok {
				if p.test == testField {
					r.addField(s.text)
				}
				any = append(any, node{pred: c.share(p, fmt.Sprintf("%q %s", it.field, key))})
			}
		}
		if len(any) > 0 {
			kids = append(kids, join(opOr, any))
		}
	}
	o := opOr
	if it.mods.all {
		o = opAnd
	}
	n := join(o, kids)
	if it.mods.neq {
		return node{op: opNot, kids: []node{n}}
	}
	return n
}

// share gives the index of a predicate, the same one for the same comparison.
func (c *compiler) share(p predicate, key string) int {
	if i, ok := c.predicates[key]; ok {
		return i
	}
	i := len(c.set.predicates)
	c.set.predicates = append(c.set.predicates, p)
	c.predicates[key] = i
	return i
}

// field gives the index of a field of the set.
func (c *compiler) field(path string) int {
	if i, ok := c.fields[path]; ok {
		return i
	}
	i := len(c.set.fields)
	c.set.fields = append(c.set.fields, newField(path))
	c.fields[path] = i
	return i
}

// known refuses fields that no event has.
func (c *compiler) known(path string, pos position, f *faults) bool {
	if c.options.AnyField {
		return true
	}
	if _, ok := schema.Lookup(path); ok {
		return true
	}
	var paths []string
	for _, def := range schema.Fields() {
		paths = append(paths, def.Path)
	}
	f.add(pos, "no event has a field %q:%s expected a field of docs/schema.md, or attributes.NAME", path, suggestion(path, paths))
	return false
}

func (r *Rule) addField(path string) {
	if !slices.Contains(r.Fields, path) {
		r.Fields = append(r.Fields, path)
	}
}
