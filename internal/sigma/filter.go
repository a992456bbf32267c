package sigma

import (
	"slices"
	"strings"
)

// A filter adds its condition to the rules that it names. Sigma's specification says
// so in words, and shows `condition: selection` as what is to be left out; its
// reference implementation reads that as what is to be kept. What reads one way
// only is taken, which is `not selection`: a filter must let an event pass in which
// none of its searches finds anything.

// filter reads the section `filter`.
func (d *document) filter(e entry, f *faults) {
	list, ok := entries(e.value, "filter", f)
	if !ok {
		return
	}
	var condition *entry
	named := false
	for i, part := range list {
		switch part.key {
		case "condition":
			condition = &list[i]
		case "rules":
			named, d.targets = true, scalars(part, f)
			if len(d.targets) == 0 {
				f.add(part.pos, "the filter names no rules: expected ids or names, or any")
			}
		default:
			d.search(part, f)
		}
	}
	if !named {
		f.add(e.pos, "the filter has no rules: expected ids or names, or any")
	}
	d.conditions(e, condition, f)
	if len(d.wanted) > 1 {
		f.add(condition.pos, "the filter has a list of conditions: expected one")
	}
	for _, wanted := range d.wanted {
		if !wanted.withoutFindings() {
			f.add(start(condition.value), "the filter keeps only what its searches find: expected what is to be left out, such as `not selection`")
		}
	}
}

// withoutFindings evaluates a condition for an event in which no search finds
// anything.
func (e *expression) withoutFindings() bool {
	held := 0
	for _, kid := range e.kids {
		if kid.withoutFindings() {
			held++
		}
	}
	switch {
	case e.search != nil:
		return false
	case e.op == opNot:
		return held == 0
	case e.op == opAnd:
		return held == len(e.kids)
	case e.op == opOr:
		return held > 0
	}
	return held >= e.need
}

// applyFilters gives rules the filters that are meant for them.
func applyFilters(filters, rules []*document) {
	for _, filter := range filters {
		any := len(filter.targets) == 1 && (strings.EqualFold(filter.targets[0].text, "any") || strings.EqualFold(filter.targets[0].text, "all"))
		for _, target := range filter.targets {
			applied := 0
			for _, d := range rules {
				named := target.text == d.rule.ID || target.text == d.rule.Name
				switch {
				case !named && !any:
				case slices.Contains(d.filters, filter):
					applied++
				case filter.rule.LogSource.covers(d.rule.LogSource):
					d.filters = append(d.filters, filter)
					d.made = append(d.made, filter.made...)
					applied++
				case named:
					filter.f.add(target.pos, "the filter's logsource is not that of the rule %q: expected the same, or less of it", target.text)
					applied++
				}
			}
			if applied == 0 {
				filter.f.add(target.pos, "the filter names %q, and there is no such rule:%s expected the id or name of a rule on single events", target.text, suggestion(target.text, callable(rules)))
			}
		}
	}
}

// callable are the ids and names that rules can be called by.
func callable(rules []*document) (all []string) {
	for _, d := range rules {
		if all = append(all, d.rule.ID); d.rule.Name != "" {
			all = append(all, d.rule.Name)
		}
	}
	return all
}

// covers reports that a source has all that is asked for.
func (l LogSource) covers(other LogSource) bool {
	fits := func(want, have string) bool { return want == "" || want == have }
	return fits(l.Category, other.Category) && fits(l.Product, other.Product) && fits(l.Service, other.Service)
}
