package sigma

import "slices"

// LooksAt returns the fields that the rule's comparisons look at, ascending;
// "" stands for keywords, which look at all texts.
func (s *Set) LooksAt(r *Rule) []string {
	var paths []string
	s.eachPredicate(&r.condition, false, func(p *predicate, _ bool) {
		paths = append(paths, s.fields[p.field].path)
		if p.test == testField {
			paths = append(paths, s.fields[p.other].path)
		}
	})
	slices.Sort(paths)
	return slices.Compact(paths)
}

// AsksFor reports that the rule asks for a value of a text field by name: one
// of its comparisons, not counting those under `not`, takes it.
func (s *Set) AsksFor(r *Rule, path, value string) bool {
	found := false
	s.eachPredicate(&r.condition, false, func(p *predicate, negated bool) {
		named := p.test == testText || p.test == testRegexp
		if !negated && named && p.pattern.shape != shapeAny && s.fields[p.field].path == path {
			l := leaf{text: value}
			found = found || p.leafHolds(&fieldValue{}, &l, nil)
		}
	})
	return found
}

// eachPredicate visits the predicates of an expression, with whether they are
// under an odd number of `not`.
func (s *Set) eachPredicate(n *node, negated bool, visit func(*predicate, bool)) {
	if n.op == opPredicate {
		visit(&s.predicates[n.pred], negated)
		return
	}
	for i := range n.kids {
		s.eachPredicate(&n.kids[i], negated != (n.op == opNot), visit)
	}
}
