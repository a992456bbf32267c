package sigma

import (
	"hash/maphash"
	"slices"
)

// claim is a rule that matches the events of one tuple of classes; unless it is
// sure, only those for which the rest of its condition holds.
type claim struct {
	rule int32
	sure bool
	rest node // of the condition: what the classes do not decide
}

// outcome is the claims on the event at hand, ascending by rule.
func (m *Matcher) outcome() []claim {
	key := bytesOf(m.tuple)
	hash := maphash.String(m.seed, key)
	if claims, ok := m.outcomes.find(hash, key); ok {
		return claims
	}
	claims := m.judgeCandidates()
	m.outcomes.keep(hash, key, claims)
	for i := range claims {
		m.budget.left -= 2 + claims[i].rest.size()
	}
	return claims
}

// judgeCandidates looks at the rules that the event's classes bring up.
func (m *Matcher) judgeCandidates() (claims []claim) {
	m.satisfied.clear()
	m.raised.clear()
	m.candidate = append(m.candidate[:0], m.set.index.always...)
	for i, c := range m.classes {
		for _, p := range c.all[m.tuple[i]].predicates {
			m.satisfied.mark(p)
			for _, rule := range m.set.index.triggered[p] {
				m.bringUp(rule)
			}
		}
	}
	slices.Sort(m.candidate)
	for _, rule := range m.candidate {
		condition := &m.set.rules[rule].condition
		switch condition.judge(m.known) {
		case holds:
			claims = append(claims, claim{rule: rule, sure: true})
		case open:
			claims = append(claims, claim{rule: rule, rest: condition.undecided(m.known)})
		}
	}
	return claims
}

// judge is what the classes tell of a predicate.
func (m *Matcher) judge(i int) verdict {
	switch {
	case m.set.predicates[i].open():
		return open
	case m.satisfied.has(int32(i)):
		return holds
	}
	return fails
}
