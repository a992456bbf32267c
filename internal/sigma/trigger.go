package sigma

import (
	"cmp"
	"slices"
)

// triggers are predicates of which at least one must hold for a condition to hold: a
// rule need not be looked at for an event that satisfies none of them.
type triggers struct {
	predicates []int
	cost       float64 // how many rules they are expected to bring up in vain
}

// triggersOf finds the cheapest triggers of a condition. False if it has none: it
// may hold where nothing does.
func triggersOf(n *node, cost func(predicate int) float64) (triggers, bool) {
	switch n.op {
	case opPredicate:
		return triggers{[]int{n.pred}, cost(n.pred)}, true
	case opAnd:
		var best triggers
		found := false
		for i := range n.kids {
			if t, ok := triggersOf(&n.kids[i], cost); ok && (!found || t.cost < best.cost) {
				best, found = t, true
			}
		}
		return best, found
	case opOr:
		return triggersOfAny(n.kids, cost)
	case opAtLeast:
		if n.need > 0 {
			return triggersOfAny(n.kids, cost)
		}
	}
	return triggers{}, false
}

func triggersOfAny(kids []node, cost func(int) float64) (triggers, bool) {
	var all triggers
	for i := range kids {
		t, ok := triggersOf(&kids[i], cost)
		if !ok {
			return triggers{}, false
		}
		all.predicates = append(all.predicates, t.predicates...)
		all.cost += t.cost
	}
	return all, true
}

// likely is how often a predicate is expected to hold, as far as that can be told
// without having seen events; only the order counts.
func (p *predicate) likely() float64 {
	switch {
	case p.part != wholeValue:
		return 2000
	case p.test.orders():
		return 1000 // and the class of a value does not tell
	case p.test == testField:
		return 2000
	case p.test == testExists || p.test == testNull || p.test == testEmpty:
		return 100
	case p.test == testFlag:
		return 50
	case p.test == testRegexp || p.pattern.shape == shapeGlob || p.test == testCIDR:
		return 5
	case p.test == testText && p.pattern.shape == shapeAny:
		return 100
	case p.test == testText && p.pattern.shape != shapeEqual:
		return 2
	}
	return 1
}

// gates are the rules that only numbers beyond a bound bring up, by the field
// that holds the number.
type gates struct {
	field int
	above []gate // ascending: a number brings up those not above it
	below []gate // descending
}

type gate struct {
	bound float64
	rule  int32
}

// open tells of the rules that the numbers of a field bring up, and perhaps some
// more where float64 does not tell numbers apart.
func (g *gates) open(v *fieldValue, tell func(rule int32)) {
	for i := range v.leaves {
		num, ok := v.leaves[i].number()
		if !ok {
			continue
		}
		for _, it := range g.above {
			if it.bound > num.approx {
				break
			}
			tell(it.rule)
		}
		for _, it := range g.below {
			if it.bound < num.approx {
				break
			}
			tell(it.rule)
		}
	}
}

func (g *gates) add(p *predicate, rule int32) {
	it := gate{p.num.approx, rule}
	if p.test == testLess || p.test == testLessEqual {
		g.below = append(g.below, it)
	} else {
		g.above = append(g.above, it)
	}
}

func (g *gates) sort() {
	slices.SortFunc(g.above, func(a, b gate) int { return cmp.Compare(a.bound, b.bound) })
	slices.SortFunc(g.below, func(a, b gate) int { return cmp.Compare(b.bound, a.bound) })
}
