package sigma

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	sqlTrue  = "true"
	sqlFalse = "false"
)

// kelvin looks like a K and folds to k.
const kelvin = '\u212a'

// sqlQuote writes a text as a literal. Whatever is not plainly readable is
// escaped byte by byte.
func sqlQuote(s string) string {
	var b strings.Builder
	b.WriteByte('\'')
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '\'' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == utf8.RuneError && size == 1 || !unicode.IsPrint(r) || r == kelvin:
			for _, c := range []byte(s[i : i+size]) {
				fmt.Fprintf(&b, `\x%02X`, c)
			}
		default:
			b.WriteRune(r)
		}
		i += size
	}
	b.WriteByte('\'')
	return b.String()
}

func sqlQuotes(list []string) string {
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = sqlQuote(s)
	}
	return strings.Join(quoted, ", ")
}

func sqlAnd(terms ...string) string { return sqlJoin(terms, " AND ", sqlTrue, sqlFalse) }

func sqlOr(terms ...string) string { return sqlJoin(terms, " OR ", sqlFalse, sqlTrue) }

// sqlJoin leaves out what changes nothing; one that decides stands alone.
func sqlJoin(terms []string, word, nothing, decides string) string {
	if slices.Contains(terms, decides) {
		return decides
	}
	var kept []string
	for _, term := range terms {
		if term != nothing && !slices.Contains(kept, term) {
			kept = append(kept, term)
		}
	}
	switch len(kept) {
	case 0:
		return nothing
	case 1:
		return kept[0]
	}
	return "(" + strings.Join(kept, word) + ")"
}

func sqlNot(term string) string {
	switch term {
	case sqlTrue:
		return sqlFalse
	case sqlFalse:
		return sqlTrue
	}
	return "NOT (" + term + ")"
}

// Quote writes a text as a literal of ClickHouse.
func Quote(s string) string { return sqlQuote(s) }
