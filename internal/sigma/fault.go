package sigma

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// Fault is why a rule was refused, and where.
type Fault struct {
	File         string
	Line, Column int // from 1; 0 when it concerns the file as a whole
	Message      string
}

func (f *Fault) Error() string { return place(f.File, f.Line, f.Column) + ": " + f.Message }

// Warning is something legal but suspicious, found by [Set.Lint].
type Warning struct {
	File         string
	Line, Column int
	Rule         string // id
	Message      string
}

func (w Warning) String() string { return place(w.File, w.Line, w.Column) + ": warning: " + w.Message }

func place(file string, line, column int) string {
	if line == 0 {
		return file
	}
	return fmt.Sprintf("%s:%d:%d", file, line, column)
}

// position is a place in a rule file, from 1.
type position struct{ line, column int }

func at(tok *token.Token) position {
	if tok == nil || tok.Position == nil {
		return position{}
	}
	return position{tok.Position.Line, tok.Position.Column}
}

// start is where a node begins: a block mapping's own token is its first colon.
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

// faults collects everything that is wrong in one file.
type faults struct {
	file string
	all  []*Fault
}

func (f *faults) add(pos position, format string, args ...any) {
	f.all = append(f.all, &Fault{File: f.file, Line: pos.line, Column: pos.column, Message: fmt.Sprintf(format, args...)})
}

// syntax adds what the YAML parser said.
func (f *faults) syntax(err error) {
	var syntax yaml.Error
	if errors.As(err, &syntax) {
		f.add(at(syntax.GetToken()), "not YAML: %s", syntax.GetMessage())
		return
	}
	f.add(position{}, "not YAML: %v", err)
}

// sorted returns the faults in the order of the file.
func (f *faults) sorted() []error {
	slices.SortStableFunc(f.all, func(a, b *Fault) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	f.all = slices.CompactFunc(f.all, func(a, b *Fault) bool { return *a == *b }) // of a filter: once per rule
	all := make([]error, len(f.all))
	for i := range f.all {
		all[i] = f.all[i]
	}
	return all
}

// joined is all faults as one error; nil when there are none.
func (f *faults) joined() error { return errors.Join(f.sorted()...) }
