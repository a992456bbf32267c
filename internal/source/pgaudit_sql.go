package source

import (
	"bytes"
	"strings"
)

// walkSQL splits a statement by PostgreSQL's lexical rules, as far as is
// needed to tell comments from literals: it calls comment with the inside of
// each /* */, and token with each word, quoted identifier, or other character.
// Either may be nil. Literals and -- comments are left out.
func walkSQL(s []byte, comment, token func([]byte)) {
	for i := 0; i < len(s); {
		start := i
		switch c := s[i]; {
		case c == '\'':
			escapes := i > 0 && (s[i-1] == 'E' || s[i-1] == 'e') && (i < 2 || !isWord(s[i-2]))
			i = skipQuoted(s, i, escapes)
			continue
		case c == '"':
			i = skipQuoted(s, i, false)
		case c == '-' && i+1 < len(s) && s[i+1] == '-':
			if n := bytes.IndexByte(s[i:], '\n'); n >= 0 {
				i += n
			} else {
				i = len(s)
			}
			continue
		case c == '/' && i+1 < len(s) && s[i+1] == '*':
			end := skipComment(s, i)
			if comment != nil && end-i >= 4 {
				comment(s[i+2 : end-2])
			}
			i = end
			continue
		case c == '$':
			i = skipDollar(s, i)
			continue
		case isWord(c):
			for i < len(s) && (isWord(s[i]) || s[i] == '$') {
				i++
			}
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f':
			i++
			continue
		default:
			i++
		}
		if token != nil {
			token(s[start:i])
		}
	}
}

func isWord(c byte) bool {
	return c == '_' || c >= 0x80 || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9'
}

// skipQuoted returns the index behind the quoted text that starts at i. A
// doubled quote does not end it.
func skipQuoted(s []byte, i int, escapes bool) int {
	quote := s[i]
	for i++; i < len(s); i++ {
		switch {
		case escapes && s[i] == '\\':
			i++
		case s[i] == quote:
			if i+1 >= len(s) || s[i+1] != quote {
				return i + 1
			}
			i++
		}
	}
	return len(s)
}

// skipComment returns the index behind a comment, which may hold others.
func skipComment(s []byte, i int) int {
	depth := 0
	for ; i+1 < len(s); i++ {
		switch {
		case s[i] == '/' && s[i+1] == '*':
			depth++
			i++
		case s[i] == '*' && s[i+1] == '/':
			depth--
			i++
			if depth == 0 {
				return i + 1
			}
		}
	}
	return len(s)
}

// skipDollar returns the index behind $tag$ … $tag$, or behind the $.
func skipDollar(s []byte, i int) int {
	end := i + 1
	for end < len(s) && isWord(s[end]) {
		end++
	}
	if end == len(s) || s[end] != '$' || end > i+1 && s[i+1] >= '0' && s[i+1] <= '9' {
		return i + 1
	}
	tag := s[i : end+1]
	if n := bytes.Index(s[end+1:], tag); n >= 0 {
		return end + 1 + n + len(tag)
	}
	return len(s)
}

// copied reads the relation of the COPY in a statement, in small letters where
// it is not quoted, or says that the COPY is of a query. Of several different relations, as in a
// multi-statement string, none is returned.
func copied(statement []byte) (relation string, query bool) {
	state, several := "", false
	var name strings.Builder
	end := func() {
		if name.Len() > 0 && relation != "" && relation != name.String() {
			several = true
		}
		if name.Len() > 0 {
			relation = name.String()
		}
		name.Reset()
		state = "done"
	}
	first := true
	walkSQL(statement, nil, func(t []byte) {
		switch {
		case string(t) == ";":
			if state == "name" || state == "dot" {
				end()
			}
			state, first = "", true
			return
		case first && bytes.EqualFold(t, []byte("copy")):
			state = "copy"
		case state == "copy" && string(t) == "(":
			query, state = true, "done"
		case state == "copy" && bytes.EqualFold(t, []byte("binary")):
		case state == "copy" || state == "dot":
			if t[0] != '"' {
				t = bytes.ToLower(t)
			}
			name.Write(t)
			state = "name"
		case state == "name" && string(t) == ".":
			name.WriteByte('.')
			state = "dot"
		case state == "name":
			end()
		}
		first = false
	})
	if state == "name" {
		end()
	}
	if several {
		return "", false
	}
	return relation, query && relation == ""
}
