package sigma

import (
	"bytes"
	"math"
)

// jsonScan reads a line of JSON in one pass: it holds it to the grammar, and notes
// where values begin and end. What they are is only looked at when a rule asks.
//
// It takes what fastjson validates and then parses, and nothing else.
type jsonScan struct {
	line   []byte
	nodes  []jsonNode // in the order of the line: a list or an object before what is in it
	dotted bool       // a name of a member may hold a dot
	at     int
}

type jsonKind uint8

const (
	jsonObject jsonKind = iota
	jsonList
	jsonText
	jsonNumber
	jsonTrue
	jsonFalse
	jsonNull
)

// jsonNode is one value, and the name of the member that holds it.
type jsonNode struct {
	kind                 jsonKind
	escaped, nameEscaped bool
	next                 int32 // the node after this one and all that is in it
	from, to             int32 // of a number, and of what is between the quotes of a text
	nameFrom, nameTo     int32 // of what is between the quotes of the name
}

// deepest is how deep values may nest.
const deepest = 300

// object scans a line, and reports that it is one JSON object.
func (s *jsonScan) object(line []byte) bool {
	if len(line) > math.MaxInt32 {
		return false
	}
	s.line, s.nodes, s.dotted, s.at = line, s.nodes[:0], false, 0
	if !s.sees('{') || !s.value(jsonNode{}, 1) {
		return false
	}
	s.space()
	return s.at == len(line)
}

// sees skips white space, and reports that c is next.
func (s *jsonScan) sees(c byte) bool {
	s.space()
	return s.at < len(s.line) && s.line[s.at] == c
}

func (s *jsonScan) space() {
	for s.at < len(s.line) && s.line[s.at] <= ' ' {
		switch s.line[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

// value scans one, which is next, into n, which has its name.
func (s *jsonScan) value(n jsonNode, depth int) bool {
	if s.at == len(s.line) || depth > deepest {
		return false
	}
	self := len(s.nodes)
	n.from, n.next = int32(s.at), int32(self+1)
	var ok bool
	switch s.line[s.at] {
	case '"':
		n.kind = jsonText
		n.from++
		n.escaped, ok = s.text(&plainInText)
		n.to = int32(s.at - 1)
	case '{':
		s.nodes = append(s.nodes, n)
		ok = s.members(depth)
		s.nodes[self].next = int32(len(s.nodes))
		return ok
	case '[':
		n.kind = jsonList
		s.nodes = append(s.nodes, n)
		ok = s.items(depth)
		s.nodes[self].next = int32(len(s.nodes))
		return ok
	case 't':
		n.kind, ok = jsonTrue, s.word("true")
	case 'f':
		n.kind, ok = jsonFalse, s.word("false")
	case 'n':
		n.kind, ok = jsonNull, s.word("null")
	default:
		n.kind, ok = jsonNumber, s.number()
		n.to = int32(s.at)
	}
	s.nodes = append(s.nodes, n)
	return ok
}

func (s *jsonScan) members(depth int) bool {
	s.at++
	if s.sees('}') {
		s.at++
		return true
	}
	for s.sees('"') {
		n := jsonNode{nameFrom: int32(s.at + 1)}
		var ok bool
		if n.nameEscaped, ok = s.text(&plainInName); !ok {
			return false
		}
		n.nameTo = int32(s.at - 1)
		s.dotted = s.dotted || n.nameEscaped
		if !s.sees(':') {
			return false
		}
		s.at++
		s.space()
		if !s.value(n, depth+1) {
			return false
		}
		switch {
		case s.sees(','):
			s.at++
		case s.sees('}'):
			s.at++
			return true
		default:
			return false
		}
	}
	return false
}

func (s *jsonScan) items(depth int) bool {
	s.at++
	if s.sees(']') {
		s.at++
		return true
	}
	for {
		s.space()
		if !s.value(jsonNode{}, depth+1) {
			return false
		}
		switch {
		case s.sees(','):
			s.at++
		case s.sees(']'):
			s.at++
			return true
		default:
			return false
		}
	}
}

func (s *jsonScan) word(w string) bool {
	if len(s.line)-s.at < len(w) || string(s.line[s.at:s.at+len(w)]) != w {
		return false
	}
	s.at += len(w)
	return true
}

// number is -?(0|[1-9][0-9]*)(.[0-9]+)?([eE][-+]?[0-9]+)?
func (s *jsonScan) number() bool {
	if s.line[s.at] == '-' {
		s.at++
	}
	from := s.at
	if !s.digits() || s.at-from > 1 && s.line[from] == '0' {
		return false
	}
	if s.at < len(s.line) && s.line[s.at] == '.' {
		s.at++
		if !s.digits() {
			return false
		}
	}
	if s.at < len(s.line) && s.line[s.at]|0x20 == 'e' {
		s.at++
		if s.at < len(s.line) && (s.line[s.at] == '-' || s.line[s.at] == '+') {
			s.at++
		}
		return s.digits()
	}
	return true
}

// digits skips one or more.
func (s *jsonScan) digits() bool {
	from := s.at
	for s.at < len(s.line) && s.line[s.at]-'0' <= 9 {
		s.at++
	}
	return s.at > from
}

// plainInText are the bytes that a text goes on with; plainInName too, but a dot is
// to be noticed.
var plainInText, plainInName = plainBytes(), plainBytes('.')

func plainBytes(but ...byte) (plain [256]bool) {
	for c := range plain {
		plain[c] = c >= ' ' && c != '"' && c != '\\' && !bytes.Contains(but, []byte{byte(c)})
	}
	return plain
}

// text scans from one quote to behind the other, and reports escapes.
func (s *jsonScan) text(plain *[256]bool) (escaped, ok bool) {
	line, i := s.line, s.at+1
	control := false // since the last escape
	for {
		for i < len(line) && plain[line[i]] {
			i++
		}
		if i == len(line) {
			return escaped, false
		}
		switch line[i] {
		case '"':
			s.at = i + 1
			return escaped, !control
		case '\\':
			length := escapeLength(line[i:])
			if length == 0 {
				return true, false
			}
			i += length
			// fastjson takes control characters in front of an escape.
			escaped, control = true, false
		case '.':
			s.dotted = true
			i++
		default:
			control = true
			i++
		}
	}
}

// escapeLength is the number of bytes of an escape, 0 if it is none.
func escapeLength(text []byte) int {
	if len(text) < 2 {
		return 0
	}
	switch text[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if len(text) < 6 {
			return 0
		}
		for _, c := range text[2:6] {
			if !(c-'0' <= 9 || c|0x20-'a' <= 5) {
				return 0
			}
		}
		return 6
	}
	return 0
}
