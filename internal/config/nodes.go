package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

func dotted(section, key string) string {
	if section == "" {
		return key
	}
	return section + "." + key
}

// name is the key of an entry, as text.
func name(entry *ast.MappingValueNode) string { return entry.Key.GetToken().Value }

// literal parses the text of a tag, which stands in no file.
func literal(text string) ast.Node {
	node, problem := parse("", []byte(text))
	if problem != nil {
		panic("config: a default is not YAML: " + text) // TestDefaults
	}
	return node
}

// textOf returns the text of a scalar; false for everything else. Anchors,
// aliases and tags are not scalars here: they have no use in so small a file.
func textOf(node ast.Node) (string, bool) {
	switch node := node.(type) {
	case *ast.StringNode:
		return node.Value, true
	case *ast.LiteralNode:
		return node.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode:
		return node.GetToken().Value, true
	}
	return "", false
}

// referenceOf mends what the parser makes of a reference inside [ ]: there it
// takes env:NAME for a key and its value.
func referenceOf(node ast.Node, text string, ok bool) (string, bool) {
	if m, isMapping := node.(*ast.MappingNode); isMapping && len(m.Values) == 1 {
		node = m.Values[0]
	}
	pair, isPair := node.(*ast.MappingValueNode)
	if !isPair || (name(pair) != "env" && name(pair) != "file") {
		return text, ok
	}
	value, ok := textOf(pair.Value)
	return name(pair) + ":" + value, ok
}

func describe(node ast.Node) string {
	switch node.Type() {
	case ast.MappingType, ast.MappingValueType:
		return "keys and values"
	case ast.SequenceType:
		return "a list"
	case ast.NullType:
		return "nothing"
	case ast.AnchorType, ast.AliasType, ast.TagType:
		return "an anchor, alias or tag"
	}
	return "a single value"
}

func wanted(value reflect.Value) string {
	switch value.Interface().(type) {
	case time.Duration:
		return "a duration such as 10s"
	case Size:
		return "a size such as 96MiB"
	case bool:
		return "true or false"
	case int:
		return "a whole number"
	case Secret:
		return "file:PATH or env:NAME"
	case URL:
		return "a URL"
	}
	return "a text"
}

// inBounds holds a value to the tags min, max and oneof.
func inBounds(f field) error {
	if len(f.oneof) > 0 && !slices.Contains(f.oneof, f.value.String()) {
		hint := "it is one of " + strings.Join(f.oneof, ", ")
		if near := nearest(f.value.String(), f.oneof); near != "" {
			hint = fmt.Sprintf("did you mean %q? %s", near, hint)
		}
		return fmt.Errorf("unknown value: %s", hint)
	}
	if f.min == "" || !f.value.CanInt() {
		return nil
	}
	if n := f.value.Int(); n < bound(f.value, f.min) || n > bound(f.value, f.max) {
		return fmt.Errorf("out of range: from %s to %s", f.min, f.max)
	}
	return nil
}

func bound(value reflect.Value, text string) int64 {
	d, limit := decoder{}, reflect.New(value.Type()).Elem()
	if err := d.set(limit, text, ast.IntegerType); err != nil {
		panic("config: a bound is not valid: " + text) // TestDefaults
	}
	return limit.Int()
}
