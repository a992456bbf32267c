package sigma

import (
	"strings"
	"unicode/utf8"
)

// Elements of a pattern that are not literal runes.
const (
	anyRun  rune = -1 // *
	anyOne  rune = -2 // ?
	anyDash rune = -3 // one of dashSigns, where the modifier windash stands
)

// pattern is a text with wildcards, compiled to the cheapest comparison that does.
type pattern struct {
	shape   shape
	literal string // of all shapes but glob
	runes   []rune // of glob
}

type shape uint8

const (
	shapeEqual shape = iota
	shapePrefix
	shapeSuffix
	shapeSubstring
	shapeAny
	shapeGlob
)

// parsePattern reads Sigma's wildcards and escapes: `\*`, `\?` and `\\` are
// the characters themselves, any other backslash is a plain one.
func parsePattern(text string) []rune {
	var runes []rune
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		i += size
		switch r {
		case '*':
			r = anyRun
		case '?':
			r = anyOne
		case '\\':
			if i < len(text) && strings.IndexByte(`*?\`, text[i]) >= 0 {
				r = rune(text[i])
				i++
			}
		}
		runes = append(runes, r)
	}
	return runes
}

// literalPattern is text without any wildcard.
func literalPattern(text string) []rune { return []rune(text) }

// withDashes makes every dash of a pattern any of them.
func withDashes(elements []rune) []rune {
	for i, r := range elements {
		if isDash(r) {
			elements[i] = anyDash
		}
	}
	return elements
}

// newPattern compiles elements; folded unless cased.
func newPattern(elements []rune, cased bool) pattern {
	runes := make([]rune, 0, len(elements))
	for _, r := range elements {
		if r == anyRun && len(runes) > 0 && runes[len(runes)-1] == anyRun {
			continue
		}
		if r >= 0 && !cased {
			r = foldRune(r)
		}
		runes = append(runes, r)
	}
	front := len(runes) > 0 && runes[0] == anyRun
	back := len(runes) > 1 && runes[len(runes)-1] == anyRun
	if front && len(runes) == 1 {
		return pattern{shape: shapeAny}
	}
	middle := runes
	if front {
		middle = middle[1:]
	}
	if back {
		middle = middle[:len(middle)-1]
	}
	for _, r := range middle {
		if r < 0 {
			return pattern{shape: shapeGlob, runes: runes}
		}
	}
	p := pattern{literal: string(middle)}
	switch {
	case front && back:
		p.shape = shapeSubstring
	case front:
		p.shape = shapeSuffix
	case back:
		p.shape = shapePrefix
	}
	return p
}

// match compares with a text, folded unless the pattern is cased.
func (p *pattern) match(text string) bool {
	switch p.shape {
	case shapeEqual:
		return text == p.literal
	case shapePrefix:
		return strings.HasPrefix(text, p.literal)
	case shapeSuffix:
		return strings.HasSuffix(text, p.literal)
	case shapeSubstring:
		return strings.Contains(text, p.literal)
	case shapeAny:
		return true
	}
	return glob(p.runes, text)
}

// glob matches elements with the whole text. On a mismatch only the last *
// takes one rune more: time is the product of both lengths at worst.
func glob(elements []rune, text string) bool {
	e, i := 0, 0
	star, resume := -1, 0
	for i < len(text) {
		r, size := utf8.DecodeRuneInString(text[i:])
		if r == utf8.RuneError && size == 1 {
			r = utf8.MaxRune + 1 + rune(text[i]) // a stray byte equals no rune
		}
		switch {
		case e < len(elements) && elements[e] == anyRun:
			star, resume = e, i
			e++
		case e < len(elements) && (elements[e] == anyOne || elements[e] == r || elements[e] == anyDash && isDash(r)):
			e++
			i += size
		case star >= 0:
			_, skip := utf8.DecodeRuneInString(text[resume:])
			resume += skip
			e, i = star+1, resume
		default:
			return false
		}
	}
	for e < len(elements) && elements[e] == anyRun {
		e++
	}
	return e == len(elements)
}

// key tells patterns apart, for sharing predicates.
func (p *pattern) key() string {
	if p.shape != shapeGlob {
		return string('0'+rune(p.shape)) + p.literal
	}
	return string('0'+rune(shapeGlob)) + patternText(p.runes)
}

// patternText writes elements as a rule would; dashes as `\-`.
func patternText(elements []rune) string {
	var b strings.Builder
	for _, r := range elements {
		switch r {
		case anyDash:
			b.WriteString(`\-`)
		case anyRun:
			b.WriteString(`*`)
		case anyOne:
			b.WriteString(`?`)
		case '*', '?', '\\':
			b.WriteByte('\\')
			fallthrough
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
