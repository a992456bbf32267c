package enrich

import "strings"

// pattern is a glob: `*` is any run of characters, `?` any one byte; letters
// of ASCII match without regard to case.
type pattern string

// newPattern prepares a pattern as it was written.
func newPattern(text string) pattern { return pattern(lower(text)) }

// match reports whether text, which must be in lower case, fits. It takes
// time proportional to len(p)·len(text) at worst, and does not allocate.
func (p pattern) match(text string) bool {
	if p == "*" {
		return true
	}
	at, star, mark := 0, -1, 0
	for i := 0; i < len(text); {
		switch {
		case at < len(p) && p[at] == '*':
			star, mark = at, i
			at++
		case at < len(p) && (p[at] == '?' || p[at] == text[i]):
			at++
			i++
		case star >= 0:
			mark++
			at, i = star+1, mark
		default:
			return false
		}
	}
	for at < len(p) && p[at] == '*' {
		at++
	}
	return at == len(p)
}

// lower folds ASCII only: what bytes beyond it mean is the stores' business.
func lower(text string) string {
	for i := 0; i < len(text); i++ {
		if 'A' <= text[i] && text[i] <= 'Z' {
			return strings.Map(func(r rune) rune {
				if 'A' <= r && r <= 'Z' {
					return r + 'a' - 'A'
				}
				return r
			}, text)
		}
	}
	return text
}

func matchAny(ps []pattern, text string) bool {
	for _, p := range ps {
		if p.match(text) {
			return true
		}
	}
	return false
}
