package sigma

import (
	"cmp"
	"regexp"
	"regexp/syntax"
	"slices"
	"unicode/utf8"
)

// What every text that satisfies a predicate contains, folded: a text without it
// need not be compared. "" if there is no such literal, or none that is found
// easily.

// literalOfPattern is the longest run without wildcards.
func literalOfPattern(p *pattern) string {
	if p.shape != shapeGlob {
		return fold(p.literal)
	}
	longest := ""
	for from := 0; from < len(p.runes); from++ {
		to := from
		for to < len(p.runes) && p.runes[to] >= 0 {
			to++
		}
		longest = longer(longest, string(p.runes[from:to]))
		from = to
	}
	return fold(longest)
}

// literalsOfRegexp are all of them, the longest first.
func literalsOfRegexp(re *regexp.Regexp) []string {
	tree, err := syntax.Parse(re.String(), syntax.Perl)
	if err != nil {
		return nil
	}
	all := literalsOf(tree)
	for i := range all {
		all[i] = fold(all[i])
	}
	slices.SortStableFunc(all, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	return all
}

func literalsOf(re *syntax.Regexp) (all []string) {
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			if r == utf8.RuneError { // also stands for each byte that is not UTF-8
				return nil
			}
		}
		return []string{string(re.Rune)}
	case syntax.OpCapture, syntax.OpPlus:
		return literalsOf(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return literalsOf(re.Sub[0])
		}
	case syntax.OpConcat:
		for _, part := range re.Sub {
			all = append(all, literalsOf(part)...)
		}
	}
	return all
}

// shortLiteral is too frequent in texts to be of use where there is a longer one.
const shortLiteral = 3

// rarest is the literal that the fewest predicates have, so that what many have in
// common does not bring them all up; "" if there is none. The longest comes first.
func rarest(literals []string, users map[string]int) string {
	if len(literals) == 0 {
		return ""
	}
	best := literals[0]
	for _, literal := range literals[1:] {
		if len(literal) > shortLiteral && users[literal] < users[best] {
			best = literal
		}
	}
	return best
}

func longer(a, b string) string {
	if len(b) > len(a) {
		return b
	}
	return a
}
