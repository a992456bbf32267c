package sigma

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

// Sigma compares without regard to case. Both sides are brought to one form, once:
// every rune becomes the representative of those that Unicode's simple folding
// makes equal (as strings.EqualFold does): the ASCII lower-case letter if there is
// one among them, so that most values are their own form.

// foldRune is the representative of r.
func foldRune(r rune) rune {
	if r < utf8.RuneSelf {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	if 'A' <= least && least <= 'Z' {
		least += 'a' - 'A'
	}
	return least
}

// isFolded reports that s is its own folded form, as far as that can be told
// at a glance: lower-case ASCII.
func isFolded(s string) bool {
	for i := range len(s) {
		if c := s[i]; c >= utf8.RuneSelf || 'A' <= c && c <= 'Z' {
			return false
		}
	}
	return true
}

// appendFold appends the folded form of s. Bytes that are not UTF-8 stay as
// they are.
func appendFold(to []byte, s string) []byte {
	to = slices.Grow(to, len(s))
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			to = append(to, c)
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			to = append(to, s[i])
		} else {
			to = utf8.AppendRune(to, foldRune(r))
		}
		i += size
	}
	return to
}

func fold(s string) string {
	if isFolded(s) {
		return s
	}
	return string(appendFold(nil, s))
}
