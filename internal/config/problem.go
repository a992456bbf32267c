package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Problem is one thing wrong in a file.
type Problem struct {
	File         string
	Line, Column int    // from 1; 0 when the file says nothing about it
	Key          string // dotted path, "" for syntax
	Message      string
}

func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
	}
	if p.Key != "" {
		b.WriteString(": " + p.Key)
	}
	b.WriteString(": " + p.Message)
	return strings.TrimPrefix(b.String(), ": ")
}

// Problems is everything that is wrong in a file, in its order.
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i := range p {
		lines[i] = p[i].String()
	}
	return strings.Join(lines, "\n")
}

func (p Problems) sorted() Problems {
	slices.SortStableFunc(p, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return p
}

type position struct{ line, column int }

func at(tok *token.Token) position {
	if tok == nil || tok.Position == nil {
		return position{}
	}
	return position{tok.Position.Line, tok.Position.Column}
}

// start is where a node begins: a block mapping's own token is its first
// colon.
func start(node ast.Node) position {
	switch node := node.(type) {
	case nil:
		return position{}
	case *ast.MappingNode:
		if len(node.Values) > 0 && !node.IsFlowStyle {
			return at(node.Values[0].Key.GetToken())
		}
	case *ast.MappingValueNode:
		return at(node.Key.GetToken())
	}
	return at(node.GetToken())
}

// parse returns the file's only document; nil when it is empty.
func parse(path string, text []byte) (ast.Node, *Problem) {
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		var syntax yaml.Error
		if errors.As(err, &syntax) {
			pos := at(syntax.GetToken())
			return nil, &Problem{File: path, Line: pos.line, Column: pos.column, Message: syntax.GetMessage()}
		}
		return nil, &Problem{File: path, Message: err.Error()}
	}
	var body ast.Node
	for _, doc := range file.Docs {
		switch {
		case doc.Body == nil || doc.Body.Type() == ast.CommentType:
		case body != nil:
			pos := start(doc.Body)
			return nil, &Problem{File: path, Line: pos.line, Column: pos.column, Message: "a second document: there is one only"}
		default:
			body = doc.Body
		}
	}
	return body, nil
}

// nearest returns the candidate that a typing error most likely meant, "" when
// none is near.
func nearest(word string, candidates []string) string {
	best, bestDistance := "", len(word)/3+2
	for _, candidate := range candidates {
		d := distance(strings.ToLower(word), candidate)
		if strings.HasPrefix(candidate, word) && len(word) > 2 {
			d = 1
		}
		if d < bestDistance {
			best, bestDistance = candidate, d
		}
	}
	return best
}

// distance is Levenshtein's.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
