package sigma

import (
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// kind is the type of a value, in a rule or in an event.
type kind uint8

const (
	kindText kind = iota
	kindNumber
	kindBool
	kindNull
	kindObject // JSON only: it is there, but nothing compares with it
)

func (k kind) String() string {
	return [...]string{"a text", "a number", "true or false", "null", "an object"}[k]
}

// scalar is one value as a rule's author wrote it.
type scalar struct {
	kind kind
	text string // as written, without quotes
	num  number // of kindNumber
	flag bool   // of kindBool
	pos  position
	// dashes says that every dash of the text stands for any of dashSigns.
	dashes bool
}

// scalarOf reads a scalar node by YAML 1.2's rules, from the raw token: what the
// parser made of it is not used, so NO, on, 12:30:45 and 00000429 stay text.
// False for anything but a scalar.
func scalarOf(n ast.Node) (scalar, bool) {
	s := scalar{pos: start(n)}
	switch n := n.(type) {
	case *ast.LiteralNode:
		s.text = n.Value.Value
		return s, true
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode, *ast.InfinityNode, *ast.NanNode:
		tok := n.GetToken()
		s.text = tok.Value
		if tok.Type != token.SingleQuoteType && tok.Type != token.DoubleQuoteType {
			s.plain()
		}
		return s, true
	}
	return s, false
}

// plain decides what an unquoted text is.
func (s *scalar) plain() {
	switch s.text {
	case "", "~", "null", "Null", "NULL":
		s.kind, s.text = kindNull, ""
	case "true", "True", "TRUE", "false", "False", "FALSE":
		s.kind, s.flag = kindBool, s.text[0]|0x20 == 't'
	default:
		if num, ok := parseNumber(s.text); ok {
			s.kind, s.num = kindNumber, num
		}
	}
}

// describe says what a node is, for errors.
func describe(n ast.Node) string {
	switch n := n.(type) {
	case nil:
		return "nothing"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "keys and values"
	case *ast.SequenceNode:
		return "a list"
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		return "a YAML anchor, alias, merge or tag, which rules cannot use"
	default:
		if s, ok := scalarOf(n); ok {
			return s.kind.String()
		}
		return "something else"
	}
}
