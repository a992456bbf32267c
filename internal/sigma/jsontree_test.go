package sigma

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
	"unsafe"

	"github.com/valyala/fastjson"
)

// jsonTree is how fastjson reads an event: what jsonEvent is held against.
type jsonTree struct {
	parser fastjson.Parser
	root   *fastjson.Value
}

// parse takes one JSON object. line may be reused afterwards.
func (e *jsonTree) parse(line []byte) error {
	if !utf8.Valid(line) {
		return errors.New("not valid UTF-8")
	}
	if err := fastjson.ValidateBytes(line); err != nil {
		return fmt.Errorf("not JSON: %w", err)
	}
	root, err := e.parser.ParseBytes(line)
	if err != nil {
		return fmt.Errorf("not JSON: %w", err)
	}
	if root.Type() != fastjson.TypeObject {
		return fmt.Errorf("expected a JSON object, found %s", root.Type())
	}
	e.root = root
	e.everything(root, &fieldValue{}) // names are unescaped now, and not only when one is missed
	return nil
}

func (e *jsonTree) load(f *field, into *fieldValue) {
	if f.path == keywordPath {
		e.everything(e.root, into)
		return
	}
	e.descend(e.root, f.path, into)
	if !into.exists {
		into.null = true
	}
}

// descend follows a path: the longest member name that is there wins
// ("a.b" before "a", then "b"), and lists are entered.
func (e *jsonTree) descend(v *fastjson.Value, path string, into *fieldValue) {
	switch v.Type() {
	case fastjson.TypeObject:
		object := v.GetObject()
		for end := len(path); end > 0; end = strings.LastIndexByte(path[:end], '.') {
			child := object.Get(path[:end])
			switch {
			case child == nil:
			case end == len(path):
				e.collect(child, into)
				return
			default:
				e.descend(child, path[end+1:], into)
				return
			}
		}
	case fastjson.TypeArray:
		for _, item := range v.GetArray() {
			e.descend(item, path, into)
		}
	}
}

// collect takes a value, and the elements of a list.
func (e *jsonTree) collect(v *fastjson.Value, into *fieldValue) {
	into.exists = true
	switch v.Type() {
	case fastjson.TypeNull:
		into.null = true
	case fastjson.TypeString:
		into.leaves = append(into.leaves, leaf{text: textOf(v)})
	case fastjson.TypeNumber:
		from := len(into.made)
		into.made = v.MarshalTo(into.made)
		text := into.madeFrom(from)
		if num, ok := parseNumber(text); ok {
			into.leaves = append(into.leaves, leaf{kind: kindNumber, num: num, text: text})
		}
	case fastjson.TypeTrue, fastjson.TypeFalse:
		into.leaves = append(into.leaves, leaf{kind: kindBool, flag: v.Type() == fastjson.TypeTrue})
	case fastjson.TypeObject:
		into.leaves = append(into.leaves, leaf{kind: kindObject})
	case fastjson.TypeArray:
		for _, item := range v.GetArray() {
			e.collect(item, into)
		}
	}
}

// everything takes each text, number and flag at any depth; names of members
// are not part of the message.
func (e *jsonTree) everything(v *fastjson.Value, into *fieldValue) {
	switch v.Type() {
	case fastjson.TypeObject:
		v.GetObject().Visit(func(_ []byte, child *fastjson.Value) { e.everything(child, into) })
	case fastjson.TypeArray:
		for _, item := range v.GetArray() {
			e.everything(item, into)
		}
	default:
		e.collect(v, into)
	}
}

// textOf is valid until the parser takes the next event.
func textOf(v *fastjson.Value) string {
	text := v.GetStringBytes()
	return unsafe.String(unsafe.SliceData(text), len(text))
}
