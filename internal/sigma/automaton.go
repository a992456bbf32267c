package sigma

import (
	"bytes"
	"cmp"
	"slices"
)

// automaton finds all occurrences of many literals in one pass over a text
// (Aho and Corasick). Its size is that of the literals together, so that ten
// thousand of them are no trouble; only the root, where most bytes of most
// texts end, has a whole table.
type automaton struct {
	root   [256]int32
	states []state
	labels []byte  // by edge
	target []int32 // by edge
}

// state stands for a text that literals begin with; 0 for the empty one.
type state struct {
	edge, edges int32 // where they begin, and how many
	suffix      int32 // the longest proper suffix that is a state
	literal     int32 // which literal ends here, or none
	shorter     int32 // the nearest suffix that is a literal, 0: there is none
}

const none = -1

// newAutomaton takes literals that are not empty, without repeats.
func newAutomaton(literals []string) *automaton {
	order := make([]int, len(literals))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(literals[a], literals[b]) })
	a := &automaton{states: []state{{literal: none}}}
	// Level by level: a state is the literals that share its text. Suffixes are
	// shorter, so that their states are complete before they are needed.
	type span struct{ state, from, to, parent int }
	level := []span{{to: len(order)}}
	for depth := 0; len(level) > 0; depth++ {
		var next []span
		for _, s := range level {
			a.states[s.state].edge = int32(len(a.labels))
			for i := s.from; i < s.to; {
				literal := literals[order[i]]
				if len(literal) == depth {
					i++
					continue
				}
				end := i
				for end < s.to && literals[order[end]][depth] == literal[depth] {
					end++
				}
				kid := state{literal: none}
				if len(literal) == depth+1 {
					kid.literal = int32(order[i])
				}
				a.states = append(a.states, kid)
				a.labels, a.target = append(a.labels, literal[depth]), append(a.target, int32(len(a.states)-1))
				next = append(next, span{state: len(a.states) - 1, from: i, to: end, parent: s.state})
				i = end
			}
			a.states[s.state].edges = int32(len(a.labels)) - a.states[s.state].edge
		}
		for _, s := range next {
			kid := &a.states[s.state]
			label := literals[order[s.from]][depth]
			if s.parent == 0 {
				a.root[label] = int32(s.state)
			} else {
				kid.suffix = a.step(a.states[s.parent].suffix, label)
			}
			if up := &a.states[kid.suffix]; up.literal != none {
				kid.shorter = kid.suffix
			} else {
				kid.shorter = up.shorter
			}
		}
		level = next
	}
	return a
}

func (a *automaton) step(from int32, c byte) int32 {
	for from != 0 {
		s := &a.states[from]
		if s.edges == 1 { // as most have
			if a.labels[s.edge] == c {
				return a.target[s.edge]
			}
		} else if i := bytes.IndexByte(a.labels[s.edge:s.edge+s.edges], c); i >= 0 {
			return a.target[int(s.edge)+i]
		}
		from = s.suffix
	}
	return a.root[c]
}

// find tells of each occurrence.
func (a *automaton) find(text string, tell func(literal int)) {
	at := int32(0)
	for i := range len(text) {
		if at == 0 {
			at = a.root[text[i]]
		} else {
			at = a.step(at, text[i])
		}
		if at == 0 {
			continue
		}
		s := &a.states[at]
		if s.literal != none {
			tell(int(s.literal))
		}
		for up := s.shorter; up != 0; up = a.states[up].shorter {
			tell(int(a.states[up].literal))
		}
	}
}
