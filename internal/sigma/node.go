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
