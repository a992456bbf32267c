package source

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/watchglass/watchglass/schema"
)

// largeRecord is the size in bytes above which a record gets special care:
// its syntax is checked with encoding/json first, because fastjson's errors
// quote the rest of the input at every level, and the parser that has read it
// is thrown away, because it would keep its memory.
const largeRecord = 64 << 10

func poison(reason schema.Reason, detail string) *schema.PoisonError {
	return &schema.PoisonError{Reason: reason, Detail: detail}
}

// checkText refuses what fastjson would take, or could not survive: an empty
// record, one over the size limit, invalid UTF-8, raw control characters and
// wrong escapes in strings, and nesting over the limit. The usual record, in
// ASCII and without escapes, is decided by one look at eight bytes at a time.
func checkText(value []byte) *schema.PoisonError {
	if len(value) == 0 || value[0] <= ' ' && len(bytes.TrimLeft(value, " \t\r\n")) == 0 {
		return poison(schema.ReasonEmpty, "the record has no value")
	}
	if len(value) >= schema.MaxRecordBytes {
		return poison(schema.ReasonTooLarge, fmt.Sprintf("the record's value must be below %d bytes", schema.MaxRecordBytes))
	}
	high, special := survey(value)
	if high && !utf8.Valid(value) {
		return poison(schema.ReasonUTF8, "the record is not valid UTF-8")
	}
	deep := bytes.Count(value, []byte{'{'})+bytes.Count(value, []byte{'['}) > schema.MaxDepth
	if special || deep {
		if err := scan(value); err != nil {
			return err
		}
	}
	if len(value) > largeRecord && !json.Valid(value) {
		return malformed(value)
	}
	return nil
}

// survey says whether there are bytes outside ASCII, and whether there are
// backslashes or control characters.
func survey(b []byte) (high, special bool) {
	const (
		ones  = 0x0101010101010101
		highs = 0x8080808080808080
	)
	var h, s uint64
	for len(b) >= 8 {
		x := binary.LittleEndian.Uint64(b)
		slash := x ^ ones*'\\'
		h |= x
		// Standard "has a byte below n" and "has a zero byte" tests; bytes
		// outside ASCII may set them too, which only costs the slower way.
		s |= (x - ones*0x20) | (slash - ones)
		b = b[8:]
		if (h|s)&highs != 0 {
			break
		}
	}
	if (h|s)&highs != 0 {
		return true, true // undecided: take the slower way
	}
	for _, c := range b {
		high = high || c >= utf8.RuneSelf
		special = special || c < 0x20 || c == '\\'
	}
	return high, special
}

// scan walks over the text and checks strings and depth. The grammar between
// strings is left to the parser.
func scan(b []byte) *schema.PoisonError {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '{', '[':
			depth++
			if depth > schema.MaxDepth {
				return poison(schema.ReasonDepth, fmt.Sprintf("nested deeper than %d levels", schema.MaxDepth))
			}
		case '}', ']':
			depth--
		case '"':
			n, err := scanString(b[i+1:])
			if err != nil {
				return err
			}
			i += n
		}
	}
	return nil
}

// scanString checks the string that starts behind its opening quote and
// returns the number of bytes up to and including its closing one.
func scanString(b []byte) (int, *schema.PoisonError) {
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			return i + 1, nil
		case c < 0x20:
			return 0, poison(schema.ReasonMalformed, "a control character in a string is not escaped")
		case c == '\\':
			n := escapeLength(b[i:])
			if n == 0 {
				return 0, poison(schema.ReasonMalformed, "a wrong escape or a lone surrogate in a string")
			}
			i += n - 1
		}
	}
	return 0, poison(schema.ReasonMalformed, "a string has no end")
}

// escapeLength returns the length of the escape that b begins with: 2, 6, 12
// for a surrogate pair, or 0 when it is wrong.
func escapeLength(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		r, ok := hex4(b[2:])
		if !ok {
			return 0
		}
		if !utf16.IsSurrogate(r) {
			return 6
		}
		if len(b) < 12 || b[6] != '\\' || b[7] != 'u' {
			return 0
		}
		low, ok := hex4(b[8:])
		if !ok || utf16.DecodeRune(r, low) == utf8.RuneError {
			return 0
		}
		return 12
	default:
		return 0
	}
}

func hex4(b []byte) (rune, bool) {
	if len(b) < 4 {
		return 0, false
	}
	var r rune
	for _, c := range b[:4] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// malformed says where the syntax breaks, without quoting the record.
func malformed(value []byte) *schema.PoisonError {
	var raw json.RawMessage
	var syntax *json.SyntaxError
	if errors.As(json.Unmarshal(value, &raw), &syntax) {
		return poison(schema.ReasonMalformed, fmt.Sprintf("not JSON at byte %d", syntax.Offset))
	}
	return poison(schema.ReasonMalformed, "not JSON")
}
