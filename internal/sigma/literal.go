package sigma

import (
	"regexp"
	"regexp/syntax"
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

func literalOfRegexp(re *regexp.Regexp) string {
	tree, err := syntax.Parse(re.String(), syntax.Perl)
	if err != nil {
		return ""
	}
	return fold(literalOf(tree))
}

func literalOf(re *syntax.Regexp) string {
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			if r == utf8.RuneError { // also stands for each byte that is not UTF-8
				return ""
			}
		}
		return string(re.Rune)
	case syntax.OpCapture, syntax.OpPlus:
		return literalOf(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return literalOf(re.Sub[0])
		}
	case syntax.OpConcat:
		longest := ""
		for _, part := range re.Sub {
			longest = longer(longest, literalOf(part))
		}
		return longest
	}
	return ""
}

func longer(a, b string) string {
	if len(b) > len(a) {
		return b
	}
	return a
}
