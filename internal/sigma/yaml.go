package sigma

import (
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// entry is one key of a map, with its value.
type entry struct {
	key   string
	pos   position // of the key
	value ast.Node
	// mapped is what the field that the value names is called here: see mapping.
	mapped string
}

// maxRuleBytes is far beyond any rule; the largest published one has some 40 KB.
const maxRuleBytes = 1 << 20

// maxNesting bounds what YAML parsers recurse into.
const maxNesting = 64

// parseYAML returns the documents of a file, those that are empty left out; none,
// and a fault, if it is not YAML or empty.
func parseYAML(text []byte, f *faults) []ast.Node {
	switch {
	case len(text) > maxRuleBytes:
		f.add(position{}, "the file has %d bytes: expected at most %d", len(text), maxRuleBytes)
		return nil
	case !utf8.Valid(text):
		f.add(position{}, "not valid UTF-8: expected UTF-8")
		return nil
	case nesting(text) > maxNesting:
		f.add(position{}, "brackets or lists nested deeper than %d levels", maxNesting)
		return nil
	}
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		f.syntax(err)
		return nil
	}
	var bodies []ast.Node
	for _, doc := range file.Docs {
		switch {
		case doc.Body == nil || doc.Body.Type() == ast.CommentType || doc.Body.Type() == ast.NullType:
		case doc.Body.Type() == ast.DirectiveType:
			f.add(start(doc.Body), "a YAML directive: rules cannot use it")
			return nil
		default:
			bodies = append(bodies, doc.Body)
		}
	}
	if len(bodies) == 0 {
		f.add(position{}, "the file is empty: expected a Sigma rule")
	}
	return bodies
}

// parseOne is parseYAML for files that hold one document.
func parseOne(text []byte, f *faults) ast.Node {
	bodies := parseYAML(text, f)
	if len(bodies) > 1 {
		f.add(start(bodies[1]), "a second document: expected one")
	}
	if len(bodies) != 1 {
		return nil
	}
	return bodies[0]
}

// nesting is the deepest level of brackets, or of lists begun on one line
// (`- - - x`), wherever they stand: in texts and comments too.
func nesting(text []byte) int {
	level, dashes, deepest, leading := 0, 0, 0, true
	for i, c := range text {
		switch c {
		case '\n':
			dashes, leading = 0, true
			continue
		case '[', '{':
			level++
		case ']', '}':
			level = max(0, level-1)
		case '-', '?', ' ', '\t':
			if leading && (c == '-' || c == '?') && i+1 < len(text) && (text[i+1] == ' ' || text[i+1] == '\t') {
				dashes++
			}
			deepest = max(deepest, dashes)
			continue
		}
		leading = false
		deepest = max(deepest, level)
	}
	return deepest
}

// entries returns the keys and values of a map; false, and a fault, if n is none.
func entries(n ast.Node, what string, f *faults) ([]entry, bool) {
	var pairs []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	default:
		f.add(start(n), "%s is %s: expected keys and values", what, describe(n))
		return nil, false
	}
	list := make([]entry, 0, len(pairs))
	seen := map[string]bool{}
	for _, pair := range pairs {
		key, isScalar := scalarOf(keyNode(pair.Key))
		if !isScalar {
			f.add(start(pair), "a key of %s is %s: expected a name", what, describe(keyNode(pair.Key)))
			continue
		}
		if seen[key.text] {
			f.add(key.pos, "%q is there twice in %s", key.text, what)
			continue
		}
		seen[key.text] = true
		list = append(list, entry{key: key.text, pos: key.pos, value: pair.Value})
	}
	return list, true
}

func keyNode(key ast.MapKeyNode) ast.Node {
	if explicit, ok := key.(*ast.MappingKeyNode); ok {
		return explicit.Value
	}
	return key
}

// items returns the elements of a list; a single value is a list of one.
func items(n ast.Node) []ast.Node {
	if list, ok := n.(*ast.SequenceNode); ok {
		return list.Values
	}
	return []ast.Node{n}
}
