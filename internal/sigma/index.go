package sigma

import "slices"

// index is what a set knows of its rules and predicates ahead of all events.
type index struct {
	groups    []group
	groupOf   []int     // by Set.fields: which group, or none
	triggered [][]int32 // by Set.predicates: the rules that it brings up
	always    []int32   // rules that nothing needs to bring up
	gates     []gates
}

func newIndex(s *Set) *index {
	x := &index{groupOf: make([]int, len(s.fields)), triggered: make([][]int32, len(s.predicates))}
	byField := make([][]int32, len(s.fields))
	for i := range s.predicates {
		if p := &s.predicates[i]; !p.open() {
			byField[p.field] = append(byField[p.field], int32(i))
		}
	}
	for i, predicates := range byField {
		x.groupOf[i] = none
		if len(predicates) > 0 {
			x.groupOf[i] = len(x.groups)
			x.groups = append(x.groups, newGroup(i, s.predicates, predicates))
		}
	}
	x.chooseTriggers(s)
	return x
}

// chooseTriggers prefers predicates that seldom hold, and that few rules have.
func (x *index) chooseTriggers(s *Set) {
	users := make([]int, len(s.predicates))
	for _, r := range s.rules {
		r.condition.each(func(p int) { users[p]++ })
	}
	cost := func(p int) float64 { return s.predicates[p].likely() * float64(users[p]) }
	gated := make([]gates, len(s.fields))
	for i, r := range s.rules {
		t, ok := triggersOf(&r.condition, cost)
		slices.Sort(t.predicates)
		t.predicates = slices.Compact(t.predicates)
		isOpen := func(p int) bool { return s.predicates[p].open() }
		isOrder := func(p int) bool { return s.predicates[p].test.orders() && s.predicates[p].part == wholeValue }
		switch {
		case ok && !slices.ContainsFunc(t.predicates, isOpen):
			for _, p := range t.predicates {
				x.triggered[p] = append(x.triggered[p], int32(i))
			}
		case ok && !slices.ContainsFunc(t.predicates, func(p int) bool { return !isOrder(p) }):
			for _, p := range t.predicates {
				gated[s.predicates[p].field].add(&s.predicates[p], int32(i))
			}
		default:
			x.always = append(x.always, int32(i))
		}
	}
	for i := range gated {
		if g := &gated[i]; len(g.above)+len(g.below) > 0 {
			g.field = i
			g.sort()
			x.gates = append(x.gates, *g)
		}
	}
}
