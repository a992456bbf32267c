package sigma

import (
	"maps"
	"slices"
	"strings"
)

// textIndex finds the predicates that a folded text may satisfy, whatever their
// number: by the whole text, by its beginnings and ends of the lengths there
// are, and by the literals in it.
type textIndex struct {
	whole    map[string][]candidate
	begin    affixes
	end      affixes
	literals []string // non-empty, ascending
	within   [][]candidate
	search   *automaton  // of literals, where they are many
	rest     []candidate // those without a literal: asked one by one
}

// candidate is a predicate that a value may satisfy.
type candidate struct {
	predicate int32
	sure      bool // it does, without comparing
}

// affixes are literals that texts begin or end with.
type affixes struct {
	lengths []int // ascending
	by      map[string][]candidate
}

// fewLiterals are sought one by one, which is quicker.
const fewLiterals = 4

// newTextIndex indexes predicates of set.
func newTextIndex(set []predicate, which []int32) textIndex {
	x := textIndex{whole: map[string][]candidate{}}
	begin, end, within := map[string][]candidate{}, map[string][]candidate{}, map[string][]candidate{}
	literals, users := map[int32][]string{}, map[string]int{} // of regular expressions
	for _, i := range which {
		if p := &set[i]; p.test == testRegexp {
			literals[i] = literalsOfRegexp(p.re)
			for _, literal := range literals[i] {
				users[literal]++
			}
		}
	}
	for _, i := range which {
		p := &set[i]
		if p.test == testRegexp {
			literal := rarest(literals[i], users)
			within[literal] = append(within[literal], candidate{predicate: i})
			continue
		}
		literal := literalOfPattern(&p.pattern)
		found := candidate{i, !p.cased && p.pattern.shape != shapeGlob}
		switch p.pattern.shape {
		case shapeEqual:
			x.whole[literal] = append(x.whole[literal], found)
		case shapePrefix:
			begin[literal] = append(begin[literal], found)
		case shapeSuffix:
			end[literal] = append(end[literal], found)
		default:
			within[literal] = append(within[literal], found)
		}
	}
	x.begin, x.end = newAffixes(begin), newAffixes(end)
	x.rest = within[""]
	delete(within, "")
	x.literals = slices.Sorted(maps.Keys(within))
	for _, literal := range x.literals {
		x.within = append(x.within, within[literal])
	}
	if len(x.literals) >= fewLiterals {
		x.search = newAutomaton(x.literals)
	}
	return x
}

func newAffixes(by map[string][]candidate) affixes {
	a := affixes{by: by}
	for literal := range by {
		a.lengths = append(a.lengths, len(literal))
	}
	slices.Sort(a.lengths)
	a.lengths = slices.Compact(a.lengths)
	return a
}

func (x *textIndex) empty() bool {
	return len(x.whole)+len(x.begin.by)+len(x.end.by)+len(x.literals)+len(x.rest) == 0
}

// find tells c of all candidates, some of them several times.
func (x *textIndex) find(text string, c *collector) {
	if len(x.whole) > 0 {
		c.consider(x.whole[text])
	}
	for _, n := range x.begin.lengths {
		if n > len(text) {
			break
		}
		c.consider(x.begin.by[text[:n]])
	}
	for _, n := range x.end.lengths {
		if n > len(text) {
			break
		}
		c.consider(x.end.by[text[len(text)-n:]])
	}
	if x.search != nil {
		x.search.find(text, func(literal int) { c.consider(x.within[literal]) })
	} else {
		for i, literal := range x.literals {
			if strings.Contains(text, literal) {
				c.consider(x.within[i])
			}
		}
	}
	c.consider(x.rest)
}
