package sigma

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"
)

// ClickHouse's regular expressions are RE2's, as Go's are, but some things
// differ: there `.` takes a newline, its tables of Unicode may be of another
// version, \B is true within a character, and it looks for texts that a match
// must hold by a reading of its own of the expression. So an expression is read
// by Go, and written out with nothing left to such choices.

const neverMatches = `[^\x00-\x{10FFFF}]`

// sqlMatch searches text for an expression. The branch in front never matches;
// with it, no text is one that a match must hold.
func sqlMatch(text, expression string) string {
	return "match(" + text + ", " + sqlQuote(neverMatches+"|"+expression) + ")"
}

func sqlRegexp(re *regexp.Regexp, text string) (string, error) {
	parsed, err := syntax.Parse(re.String(), syntax.Perl)
	if err != nil {
		return "", fmt.Errorf("regular expression: %w", err)
	}
	var b strings.Builder
	if holdsNoBoundary(parsed) {
		b.WriteString(`\A(?s:.)*`) // RE2 takes \B between the bytes of a character, too
	}
	if err := writeRegexp(&b, parsed); err != nil {
		return "", err
	}
	return sqlMatch(text, b.String()), nil
}

func holdsNoBoundary(re *syntax.Regexp) bool {
	return re.Op == syntax.OpNoWordBoundary || slices.ContainsFunc(re.Sub, holdsNoBoundary)
}

// globRegexp is the expression of a pattern's elements.
func globRegexp(elements []rune, cased bool) string {
	var b strings.Builder
	first, last := 0, len(elements)
	if elements[0] == anyRun {
		first++
	} else {
		b.WriteString(`\A`)
	}
	if elements[last-1] == anyRun {
		last--
	}
	for _, r := range elements[first:last] {
		switch r {
		case anyRun:
			b.WriteString(`(?s:.)*`)
		case anyOne:
			b.WriteString(`(?s:.)`)
		case anyDash:
			b.WriteString("[" + dashSigns + "]") // begins with -, which is plain there
		default:
			writeRune(&b, r, !cased)
		}
	}
	if last == len(elements) {
		b.WriteString(`\z`)
	}
	return b.String()
}

func writeRegexp(b *strings.Builder, re *syntax.Regexp) error {
	switch re.Op {
	case syntax.OpNoMatch:
		b.WriteString(neverMatches)
	case syntax.OpEmptyMatch:
		b.WriteString(`(?:)`)
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			writeRune(b, r, re.Flags&syntax.FoldCase != 0)
		}
	case syntax.OpCharClass:
		writeClass(b, re.Rune)
	case syntax.OpAnyCharNotNL:
		b.WriteString(`[^\x0A]`)
	case syntax.OpAnyChar:
		b.WriteString(`(?s:.)`)
	case syntax.OpBeginLine:
		b.WriteString(`(?m:^)`)
	case syntax.OpEndLine:
		b.WriteString(`(?m:$)`)
	case syntax.OpBeginText:
		b.WriteString(`\A`)
	case syntax.OpEndText:
		b.WriteString(`\z`)
	case syntax.OpWordBoundary:
		b.WriteString(`\b`)
	case syntax.OpNoWordBoundary:
		b.WriteString(`\B`)
	case syntax.OpCapture:
		return writeGroup(b, re.Sub, "", "")
	case syntax.OpConcat:
		return writeGroup(b, re.Sub, "", "")
	case syntax.OpAlternate:
		return writeGroup(b, re.Sub, "|", "")
	case syntax.OpStar:
		return writeGroup(b, re.Sub, "", "*")
	case syntax.OpPlus:
		return writeGroup(b, re.Sub, "", "+")
	case syntax.OpQuest:
		return writeGroup(b, re.Sub, "", "?")
	case syntax.OpRepeat:
		most := ""
		if re.Max >= 0 {
			most = fmt.Sprint(re.Max)
		}
		return writeGroup(b, re.Sub, "", fmt.Sprintf("{%d,%s}", re.Min, most))
	default:
		return fmt.Errorf("regular expression: %v has no SQL", re.Op)
	}
	return nil
}

func writeGroup(b *strings.Builder, subs []*syntax.Regexp, between, after string) error {
	b.WriteString(`(?:`)
	for i, sub := range subs {
		if i > 0 {
			b.WriteString(between)
		}
		if err := writeRegexp(b, sub); err != nil {
			return err
		}
	}
	b.WriteString(`)` + after)
	return nil
}

// writeRune writes one rune, or the class of all that are equal to it.
func writeRune(b *strings.Builder, r rune, folded bool) {
	others := orbit(r)
	if !folded || len(others) == 0 {
		writePlain(b, r)
		return
	}
	b.WriteByte('[')
	for _, one := range append([]rune{r}, others...) {
		writePlain(b, one)
	}
	b.WriteByte(']')
}

func writeClass(b *strings.Builder, ranges []rune) {
	if len(ranges) == 0 {
		b.WriteString(neverMatches)
		return
	}
	b.WriteByte('[')
	for i := 0; i < len(ranges); i += 2 {
		writePlain(b, ranges[i])
		if ranges[i+1] > ranges[i] {
			b.WriteByte('-')
			writePlain(b, ranges[i+1])
		}
	}
	b.WriteByte(']')
}

// writePlain writes a rune that means itself, within a class and without.
func writePlain(b *strings.Builder, r rune) {
	switch {
	case '0' <= r && r <= '9', 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', r == ' ', r == '_':
		b.WriteRune(r)
	case r > ' ' && r < utf8.RuneSelf-1:
		b.WriteByte('\\')
		b.WriteRune(r)
	default:
		fmt.Fprintf(b, `\x{%X}`, r)
	}
}
