package sigma

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/watchglass/watchglass/schema"
)

// ClickHouse knows two ways to ignore case: of ASCII (lower), and Unicode's full
// mappings (lowerUTF8), which are not simple folding: İ becomes two characters,
// ſ and the Kelvin sign are not s and k. So a text is folded just as far as the
// literal can tell: lower for ASCII, and the few characters beyond it that fold
// to one of the literal's by name.

// sqlPattern is pattern.match.
func sqlPattern(p *pattern, cased bool, text string) string {
	if p.shape == shapeAny {
		return sqlTrue
	}
	if p.shape == shapeGlob {
		return sqlMatch(text, globRegexp(p.runes, cased))
	}
	if !cased {
		text = sqlFold(text, p.literal)
	}
	literal := sqlQuote(p.literal)
	switch p.shape {
	case shapePrefix:
		return "startsWith(" + text + ", " + literal + ")"
	case shapeSuffix:
		return "endsWith(" + text + ", " + literal + ")"
	case shapeSubstring:
		return "position(" + text + ", " + literal + ") > 0"
	}
	return text + " = " + literal
}

// sqlFold folds a text as far as it takes to compare it with literals, which
// are folded. All of it is on bytes, and so right for any text.
func sqlFold(text string, literals ...string) string {
	var seen []rune
	ascii := false
	for _, r := range strings.Join(literals, "") {
		if slices.Contains(seen, r) {
			continue
		}
		seen = append(seen, r)
		for _, other := range orbit(r) {
			if other < utf8.RuneSelf {
				ascii = true
			} else {
				text = "replaceAll(" + text + ", " + sqlQuote(string(other)) + ", " + sqlQuote(string(r)) + ")"
			}
		}
	}
	if ascii {
		text = "lower(" + text + ")"
	}
	return text
}

// orbit returns the other runes that simple folding makes equal to r.
func orbit(r rune) (others []rune) {
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		others = append(others, next)
	}
	return others
}

// sqlFoldAll is fold, for two texts of which neither is known.
func sqlFoldAll(text string) string {
	var from, to strings.Builder
	for r := rune(utf8.RuneSelf); r <= unicode.MaxRune; r++ {
		if folded := foldRune(r); folded != r {
			from.WriteRune(r)
			to.WriteRune(folded)
		}
	}
	return "lower(translateUTF8(" + text + ", " + sqlQuote(from.String()) + ", " + sqlQuote(to.String()) + "))"
}

// sqlLists joins the comparisons of one field with whole texts to one list
// each, and returns the nodes that are left.
func (s *Set) sqlLists(kids []node) (terms []string, rest []node) {
	type key struct {
		field int
		cased bool
	}
	values := map[key][]string{}
	var order []key
	for _, kid := range kids {
		if kid.op != opPredicate {
			rest = append(rest, kid)
			continue
		}
		p := &s.predicates[kid.pred]
		def := s.fields[p.field].def
		text := sqlEquals(p)
		if text == nil || def.Path == "" || def.Str == nil && def.Strs == nil {
			rest = append(rest, kid)
			continue
		}
		k := key{p.field, p.cased}
		if values[k] == nil {
			order = append(order, k)
		}
		values[k] = append(values[k], text...)
	}
	for _, k := range order {
		c, _ := sqlColumnOf(&s.fields[k.field])
		terms = append(terms, sqlIn(c, k.cased, values[k]))
	}
	return terms, rest
}

// sqlEquals is the only text that a predicate takes, nil if there may be others.
func sqlEquals(p *predicate) []string {
	whole := p.test == testText || p.test == testNumber || p.test == testFlag
	if !whole || p.pattern.shape != shapeEqual || p.pattern.literal == "" {
		return nil
	}
	return []string{p.pattern.literal}
}

// sqlIn compares a text, or each of a list, with texts none of which is empty.
func sqlIn(c sqlColumn, cased bool, values []string) string {
	slices.Sort(values)
	values = slices.Compact(values)
	element := c.name
	if c.kind == schema.Strings {
		element = "x"
	}
	text := element
	if !cased {
		text = sqlFold(element, values...)
	}
	one, list := sqlQuote(values[0]), "("+sqlQuotes(values)+")"
	switch {
	case c.kind != schema.Strings && len(values) == 1:
		return text + " = " + one
	case c.kind != schema.Strings:
		return text + " IN " + list
	case text == element && len(values) == 1:
		return "has(" + c.name + ", " + one + ")"
	case text == element:
		return "hasAny(" + c.name + ", [" + sqlQuotes(values) + "])"
	case len(values) == 1:
		return "arrayExists(x -> " + text + " = " + one + ", " + c.name + ")"
	}
	return "arrayExists(x -> " + text + " IN " + list + ", " + c.name + ")"
}
