package sigma

import (
	"math/big"
	"slices"
	"strings"

	"github.com/watchglass/watchglass/schema"
)

// resolver makes correlations of what documents say, once the rules that they name
// are known.
type resolver struct {
	byName map[string]*document // ids and names
	names  []string
	c      *compiler
	state  map[*document]progress
	order  []*Rule // each after those that it names
}

type progress uint8

const (
	untouched progress = iota
	underWay
	done
)

func newResolver(docs []*document, c *compiler) *resolver {
	r := &resolver{byName: map[string]*document{}, c: c, state: map[*document]progress{}}
	for _, d := range docs {
		for _, name := range []string{d.rule.ID, d.rule.Name} {
			if name != "" {
				r.byName[name] = d
			}
		}
	}
	r.names = callable(docs)
	return r
}

// resolve makes one correlation, after those that it names; from is the way to it.
func (r *resolver) resolve(d *document) {
	if d.over == nil || r.state[d] == done {
		return
	}
	r.state[d] = underWay
	defer func() { r.state[d] = done }()
	o, c := d.over, &Correlation{Type: d.over.kind, Timespan: d.over.span, Bounds: d.over.bounds, Generate: d.over.generate}
	for i, s := range o.rules {
		named, ok := r.byName[s.text]
		switch {
		case !ok:
			d.f.add(s.pos, "the correlation names %q, and there is no such rule:%s expected an id or a name", s.text, suggestion(s.text, r.names))
			continue
		case r.state[named] == underWay:
			d.f.add(s.pos, "the correlation %s depends on itself, by way of %q: expected no circle", d.rule.ID, s.text)
			continue
		case slices.ContainsFunc(o.rules[:i], func(other scalar) bool { return r.byName[other.text] == named }):
			d.f.add(s.pos, "the correlation names %q twice", s.text)
			continue
		}
		r.resolve(named)
		if inner := named.rule.Correlation; inner != nil && inner.Absence() {
			d.f.add(s.pos, "%q asks for fewer than so many, which no event completes: expected a rule that something completes", s.text)
			continue
		}
		c.Rules = append(c.Rules, named.rule)
		d.made = append(d.made, named.made...)
	}
	if len(c.Rules) < len(o.rules) || len(c.Rules) == 0 {
		return
	}
	r.fields(d, c)
	r.temporal(d, c)
	if o.percent != "" {
		num, _ := parseNumber(o.percent)
		c.Percentile = num.approx
	}
	d.rule.Correlation = c
	d.rule.Version = d.version()
	r.order = append(r.order, d.rule)
}

// fields resolves group-by, aliases and the fields that are counted.
func (r *resolver) fields(d *document, c *Correlation) {
	aliases := map[string]Group{}
	for _, a := range d.over.aliases {
		group := Group{Name: a.name.key, Fields: make([]string, len(c.Rules))}
		for _, e := range a.fields {
			named := r.byName[e.key]
			i := -1
			if named != nil {
				i = slices.Index(c.Rules, named.rule)
			}
			if i < 0 {
				d.f.add(e.pos, "the alias %s names %q, which is none of the correlation's rules", a.name.key, e.key)
				continue
			}
			path, at := e.field(d.f)
			if r.known(path, at, c.Rules[i], d.f) {
				group.Fields[i] = path
			}
		}
		for i, path := range group.Fields {
			if path == "" && len(d.f.all) == 0 {
				d.f.add(a.name.pos, "the alias %s has no field for the rule %q", a.name.key, c.Rules[i].ID)
			}
		}
		aliases[a.name.key] = group
	}
	used := map[string]bool{}
	for _, s := range d.over.groupBy {
		if used[s.text] {
			d.f.add(s.pos, "%q is there twice in group-by", s.text)
			continue
		}
		used[s.text] = true
		if group, ok := aliases[s.text]; ok {
			c.Groups = append(c.Groups, group)
			continue
		}
		group := Group{Name: s.text}
		for _, rule := range c.Rules {
			r.known(s.text, s.pos, rule, d.f)
			group.Fields = append(group.Fields, s.text)
		}
		c.Groups = append(c.Groups, group)
	}
	for _, a := range d.over.aliases {
		if !used[a.name.key] {
			d.f.add(a.name.pos, "the alias %s is not in group-by", a.name.key)
		}
	}
	for _, s := range d.over.fields {
		if !r.known(s.text, s.pos, c.Rules[0], d.f) {
			continue
		}
		if def, ok := schema.Lookup(s.text); ok && c.measures() && def.Kind != schema.Number && !r.c.options.AnyField {
			d.f.add(s.pos, "%s is no number: %s cannot measure it", s.text, c.Type)
		}
		c.Fields = append(c.Fields, s.text)
		d.rule.addField(s.text)
	}
	for _, g := range c.Groups {
		for _, path := range g.Fields {
			d.rule.addField(path)
		}
	}
}

// measures reports that numbers are computed with, not only counted.
func (c *Correlation) measures() bool {
	return strings.HasPrefix(c.Type, "value_") && c.Type != "value_count"
}

// known refuses a field that events of a rule do not have: those of a rule over time
// have its groups, and what the event has that completed it.
func (r *resolver) known(path string, at position, rule *Rule, f *faults) bool {
	if rule.Correlation != nil && slices.ContainsFunc(rule.Correlation.Groups, func(g Group) bool { return g.Name == path }) {
		return true
	}
	return r.c.known(path, at, f)
}

// temporal works out which rules have to be there.
func (r *resolver) temporal(d *document, c *Correlation) {
	if !strings.HasPrefix(c.Type, "temporal") {
		return
	}
	if len(c.Rules) < 2 {
		d.f.add(d.over.pos, "%s of one rule: expected two or more", c.Type)
		return
	}
	if d.over.condition == nil {
		return
	}
	at := d.over.condition.pos
	if s, isText := scalarOf(d.over.condition.value); isText {
		c.wanted = r.expression(d, c, s)
	}
	if c.Type == "temporal_ordered" {
		all := slices.ContainsFunc(c.Bounds, func(b Bound) bool { return b.Op == "gte" && b.value.Cmp(big.NewRat(int64(len(c.Rules)), 1)) == 0 }) && len(c.Bounds) == 1
		if !all && (c.wanted == nil || c.wanted.op != opAnd || len(c.wanted.kids) != len(c.Rules)) && len(d.f.all) == 0 {
			d.f.add(at, "temporal_ordered wants all of its rules in their order: expected no condition")
		}
		c.Bounds, c.wanted = nil, nil
	}
}

// expression reads `a and (b or c)` over the rules.
func (r *resolver) expression(d *document, c *Correlation, s scalar) *expression {
	var searches []*search
	for i, rule := range c.Rules {
		searches = append(searches, &search{name: d.over.rules[i].text, rule: rule})
	}
	e := parseCondition(s, d.over.condition.value, searches, d.f)
	if e != nil && e.negates() {
		d.f.add(s.pos, "not in the condition of a correlation: what has not happened yet may still; expected and, or")
	}
	return e
}

func (e *expression) negates() bool {
	return e.op == opNot || slices.ContainsFunc(e.kids, (*expression).negates)
}

// quiet marks the rules that are there for rules over time alone.
func quiet(over []*Rule) {
	alone := map[*Rule]bool{}
	for _, r := range over {
		for _, named := range r.Correlation.Rules {
			if before, seen := alone[named]; !seen || before {
				alone[named] = !r.Correlation.Generate
			}
		}
	}
	for r, yes := range alone {
		r.Quiet = yes
	}
}
