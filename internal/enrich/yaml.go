package enrich

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// yamlFile is a decoded YAML file that can still say where a value stood.
type yamlFile struct {
	name string
	text []byte
	tree *ast.File
}

// decodeYAML reads one strict YAML document into a struct: unknown and
// duplicate keys, wrong types, an empty file and a second document are errors
// with their position.
func decodeYAML(name string, r io.Reader, into any) (*yamlFile, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	f := &yamlFile{name: name, text: text}
	f.tree, err = parser.ParseBytes(text, 0)
	if err != nil {
		return nil, yamlFault(name, err)
	}
	bodies := 0
	for _, d := range f.tree.Docs {
		if d.Body != nil {
			bodies++
		}
	}
	switch {
	case bodies == 0:
		return nil, faultAt(name, 1, 1, "the file is empty: expected `version: 1` and what docs/policy.md describes")
	case bodies > 1:
		return nil, faultAt(name, 1, 1, "the file holds %d YAML documents: expected one", bodies)
	}
	if err := yaml.UnmarshalWithOptions(text, into, yaml.Strict()); err != nil {
		return nil, yamlFault(name, err)
	}
	return f, nil
}

// yamlFault turns a complaint of the YAML library into a FileError.
func yamlFault(name string, err error) error {
	var ye yaml.Error
	if !errors.As(err, &ye) || ye.GetToken() == nil {
		return faultAt(name, 0, 0, "%s", strings.Split(err.Error(), "\n")[0])
	}
	p := ye.GetToken().Position
	return faultAt(name, p.Line, p.Column, "%s", ye.GetMessage())
}

// fault is an error at a value, named by a path such as $.entries[3].silo; when the
// value is not there, at the nearest thing that holds it.
func (f *yamlFile) fault(path, format string, args ...any) error {
	line, column := f.at(path)
	return faultAt(f.name, line, column, format, args...)
}

// line gives the line on which a value starts, 0 when it cannot be found.
func (f *yamlFile) line(path string) int {
	line, _ := f.at(path)
	return line
}

func (f *yamlFile) at(path string) (line, column int) {
	for len(path) > 1 {
		if p, err := yaml.PathString(path); err == nil {
			if node, err := p.FilterFile(f.tree); err == nil && node != nil && node.GetToken() != nil {
				return start(node)
			}
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 1)]
	}
	return 1, 1
}

// start is where a reader would say that a node begins: a mapping's token is
// the colon after its first key.
func start(node ast.Node) (line, column int) {
	switch n := node.(type) {
	case *ast.MappingNode:
		if n.IsFlowStyle || len(n.Values) == 0 {
			break
		}
		return start(n.Values[0])
	case *ast.MappingValueNode:
		return start(n.Key)
	}
	p := node.GetToken().Position
	return p.Line, p.Column
}

// checkVersion holds a file to the only version there is.
func (f *yamlFile) checkVersion(version int) error {
	if version != 1 {
		return f.fault("$.version", "version is %d: expected `version: 1`", version)
	}
	return nil
}

// words is one string, or a list of them.
type words []string

// UnmarshalYAML takes both shapes.
func (w *words) UnmarshalYAML(node ast.Node) error {
	one, ok := node.(ast.ScalarNode)
	if ok {
		text, ok := one.GetValue().(string)
		if !ok {
			return &yaml.UnexpectedNodeTypeError{Actual: node.Type(), Expected: ast.StringType, Token: node.GetToken()}
		}
		*w = words{text}
		return nil
	}
	var list []string
	if err := yaml.NodeToValue(node, &list, yaml.Strict()); err != nil {
		return fmt.Errorf("expected a text or a list of texts: %w", err)
	}
	*w = list
	return nil
}

// index is the path of an element of a list.
func index(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }
