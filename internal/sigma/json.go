package sigma

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
	"unsafe"

	"github.com/valyala/fastjson"
)

// jsonEvent reads raw JSON, which tells missing, null and empty apart.
type jsonEvent struct {
	scan   jsonScan
	quoted fastjson.Parser // of texts with escapes
	made   []byte          // backs those texts, unescaped
}

// parse takes one JSON object. The line is not copied: it must stay as it is
// while the event is looked at.
func (e *jsonEvent) parse(line []byte) error {
	e.made = e.made[:0]
	if utf8.Valid(line) && e.scan.object(line) {
		return nil
	}
	return refusal(line)
}

// refusal says what is wrong with a line that jsonScan does not take.
func refusal(line []byte) error {
	if !utf8.Valid(line) {
		return errors.New("not valid UTF-8")
	}
	if err := fastjson.ValidateBytes(line); err != nil {
		return fmt.Errorf("not JSON: %w", err)
	}
	root, err := fastjson.ParseBytes(line)
	if err != nil {
		return fmt.Errorf("not JSON: %w", err)
	}
	return fmt.Errorf("expected a JSON object, found %s", root.Type())
}

func (e *jsonEvent) load(f *field, into *fieldValue) {
	if f.path == keywordPath {
		e.everything(into)
		return
	}
	if at, ok := e.find(f.path); !ok {
		e.descend(0, f.path, into)
	} else if at != none {
		e.collect(at, into)
	}
	if !into.exists {
		into.null = true
	}
}

// text is the usual case of load: one text, which is not empty.
func (e *jsonEvent) text(f *field) (string, bool) {
	if f.path == keywordPath {
		return "", false
	}
	at, ok := e.find(f.path)
	if !ok || at == none {
		return "", false
	}
	n := &e.scan.nodes[at]
	if n.kind != jsonText || n.escaped || n.from == n.to {
		return "", false
	}
	return e.between(n.from, n.to), true
}

// find is what descend does where no list is on the way and no name holds a dot: the
// node, or none. False where that is not so.
func (e *jsonEvent) find(path string) (int32, bool) {
	if e.scan.dotted {
		return none, false
	}
	at := int32(0)
	for {
		switch e.scan.nodes[at].kind {
		case jsonObject:
		case jsonList:
			return none, false
		default:
			return none, true
		}
		end := strings.IndexByte(path, '.')
		if end < 0 {
			return e.member(at, path), true
		}
		if at = e.member(at, path[:end]); at == none {
			return none, true
		}
		path = path[end+1:]
	}
}

// descend follows a path: the longest member name that is there wins
// ("a.b" before "a", then "b"), and lists are entered.
func (e *jsonEvent) descend(at int32, path string, into *fieldValue) {
	n := &e.scan.nodes[at]
	switch n.kind {
	case jsonObject:
		for end := len(path); end > 0; end = strings.LastIndexByte(path[:end], '.') {
			child := e.member(at, path[:end])
			switch {
			case child == none:
			case end == len(path):
				e.collect(child, into)
				return
			default:
				e.descend(child, path[end+1:], into)
				return
			}
		}
	case jsonList:
		for item := at + 1; item < n.next; item = e.scan.nodes[item].next {
			e.descend(item, path, into)
		}
	}
}

// member finds the first one of a name; no path leads to the empty one.
func (e *jsonEvent) member(object int32, name string) int32 {
	if name == "" {
		return none
	}
	nodes, line, last := e.scan.nodes, e.scan.line, name[len(name)-1]
	for i, end := object+1, nodes[object].next; i < end; i = nodes[i].next {
		n := &nodes[i]
		switch {
		case n.nameEscaped:
			if e.unescaped(n.nameFrom, n.nameTo) == name {
				return i
			}
		// The last letter tells most names of one length apart.
		case int(n.nameTo-n.nameFrom) == len(name) && line[n.nameTo-1] == last && string(line[n.nameFrom:n.nameTo]) == name:
			return i
		}
	}
	return none
}

// collect takes a value, and the elements of a list.
func (e *jsonEvent) collect(at int32, into *fieldValue) {
	into.exists = true
	switch n := &e.scan.nodes[at]; n.kind {
	case jsonNull:
		into.null = true
	case jsonText:
		into.leaves = append(into.leaves, leaf{text: e.textOf(n)})
	case jsonNumber:
		text := e.between(n.from, n.to)
		if num, ok := parseNumber(text); ok {
			into.leaves = append(into.leaves, leaf{kind: kindNumber, num: num, text: text})
		}
	case jsonTrue, jsonFalse:
		into.leaves = append(into.leaves, leaf{kind: kindBool, flag: n.kind == jsonTrue})
	case jsonObject:
		into.leaves = append(into.leaves, leaf{kind: kindObject})
	case jsonList:
		for item := at + 1; item < n.next; item = e.scan.nodes[item].next {
			e.collect(item, into)
		}
	}
}

// everything takes each text, number and flag at any depth; names of members
// are not part of the message.
func (e *jsonEvent) everything(into *fieldValue) {
	for i := range e.scan.nodes {
		if k := e.scan.nodes[i].kind; k != jsonObject && k != jsonList {
			e.collect(int32(i), into)
		}
	}
}

// textOf is valid until the next event is parsed, as between and unescaped are.
func (e *jsonEvent) textOf(n *jsonNode) string {
	if n.escaped {
		return e.unescaped(n.from, n.to)
	}
	return e.between(n.from, n.to)
}

func (e *jsonEvent) between(from, to int32) string {
	text := e.scan.line[from:to]
	return unsafe.String(unsafe.SliceData(text), len(text))
}

// unescaped is the text between two quotes.
func (e *jsonEvent) unescaped(from, to int32) string {
	v, err := e.quoted.ParseBytes(e.scan.line[from-1 : to+1])
	if err != nil {
		return "" // it has been scanned
	}
	before := len(e.made)
	e.made = append(e.made, v.GetStringBytes()...)
	text := e.made[before:]
	return unsafe.String(unsafe.SliceData(text), len(text))
}
