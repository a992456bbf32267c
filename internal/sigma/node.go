package sigma

// node is a boolean expression over predicates: the compiled condition.
type node struct {
	op   op
	pred int // of opPredicate: index of Set.predicates
	need int // of opAtLeast: how many kids must hold
	kids []node
}

type op uint8

const (
	opPredicate op = iota
	opAnd
	opOr
	opNot
	opAtLeast
)

// join combines nodes, without a level of its own where there is one only.
func join(o op, kids []node) node {
	if len(kids) == 1 {
		return kids[0]
	}
	return node{op: o, kids: kids}
}

// holds evaluates the expression; holds(i) gives predicate i. It asks for no
// predicate that cannot change the outcome.
func (n *node) holds(predicate func(int) bool) bool {
	switch n.op {
	case opPredicate:
		return predicate(n.pred)
	case opNot:
		return !n.kids[0].holds(predicate)
	case opAnd:
		for i := range n.kids {
			if !n.kids[i].holds(predicate) {
				return false
			}
		}
		return true
	case opOr:
		for i := range n.kids {
			if n.kids[i].holds(predicate) {
				return true
			}
		}
		return false
	}
	need := n.need
	for i := range n.kids {
		if n.kids[i].holds(predicate) {
			if need--; need == 0 {
				return true
			}
		}
	}
	return false
}

// each tells of every predicate in the expression.
func (n *node) each(tell func(predicate int)) {
	if n.op == opPredicate {
		tell(n.pred)
	}
	for i := range n.kids {
		n.kids[i].each(tell)
	}
}

// verdict is what is known of an expression before all of its predicates are.
type verdict uint8

const (
	fails verdict = iota
	open
	holds
)

// judge evaluates the expression as far as the predicates that are known decide it.
func (n *node) judge(known func(predicate int) verdict) verdict {
	switch n.op {
	case opPredicate:
		return known(n.pred)
	case opNot:
		return holds - n.kids[0].judge(known)
	case opAnd:
		worst := holds
		for i := range n.kids {
			if worst = min(worst, n.kids[i].judge(known)); worst == fails {
				break
			}
		}
		return worst
	case opOr:
		best := fails
		for i := range n.kids {
			if best = max(best, n.kids[i].judge(known)); best == holds {
				break
			}
		}
		return best
	}
	held, undecided := 0, 0
	for i := range n.kids {
		switch n.kids[i].judge(known) {
		case holds:
			held++
		case open:
			undecided++
		}
	}
	switch {
	case held >= n.need:
		return holds
	case held+undecided >= n.need:
		return open
	}
	return fails
}

// undecided is what is left of an expression that judge calls open: it holds where
// the whole does.
func (n *node) undecided(known func(predicate int) verdict) node {
	if n.op == opPredicate {
		return *n
	}
	need := n.need
	var kids []node
	for i := range n.kids {
		switch n.kids[i].judge(known) {
		case holds:
			need--
		case open:
			kids = append(kids, n.kids[i].undecided(known))
		}
	}
	if n.op == opAnd || n.op == opOr {
		return join(n.op, kids)
	}
	return node{op: n.op, need: need, kids: kids}
}

// size is how many nodes there are.
func (n *node) size() int {
	all := 1
	for i := range n.kids {
		all += n.kids[i].size()
	}
	return all
}
