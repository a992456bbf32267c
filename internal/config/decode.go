package config

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// decoder writes YAML nodes into structs, and gathers what is wrong.
type decoder struct {
	file, dir string
	lookupEnv func(string) (string, bool)
	where     map[string]position // key → its value, of what the file sets
	problems  Problems
}

func (d *decoder) problem(pos position, key, format string, args ...any) {
	d.problems = append(d.problems, Problem{File: d.file, Line: pos.line, Column: pos.column, Key: key, Message: fmt.Sprintf(format, args...)})
}

// field is one key of a section, as its tags describe it.
type field struct {
	key, fallback, min, max, doc string
	oneof                        []string
	required                     bool
	value                        reflect.Value
}

func structOf(pointer any) reflect.Value { return reflect.ValueOf(pointer).Elem() }

func fieldsOf(section reflect.Value) []field {
	out := make([]field, section.NumField())
	for i := range out {
		tag := section.Type().Field(i).Tag
		out[i] = field{
			key: tag.Get("yaml"), fallback: tag.Get("default"), min: tag.Get("min"), max: tag.Get("max"), doc: tag.Get("doc"),
			required: tag.Get("required") != "", value: section.Field(i),
		}
		if list := tag.Get("oneof"); list != "" {
			out[i].oneof = strings.Split(list, ",")
		}
	}
	return out
}

func isSection(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t != reflect.TypeFor[Secret]() && t != reflect.TypeFor[URL]()
}

// section fills a struct: its defaults, then what the file says.
func (d *decoder) section(node ast.Node, key string, section reflect.Value) {
	values := d.entries(node, key)
	fields := fieldsOf(section)
	var known []string
	for _, f := range fields {
		known = append(known, f.key)
		path := dotted(key, f.key)
		var given ast.Node
		for _, v := range values {
			if name(v) == f.key {
				given = v.Value
				d.where[path] = start(given)
			}
		}
		switch {
		case isSection(f.value.Type()):
			d.section(given, path, f.value)
		case given != nil:
			d.field(given, path, f)
		case f.fallback != "":
			d.field(literal(f.fallback), path, f)
		}
		if f.required && f.value.IsZero() && !d.failed(path) {
			d.problem(start(node), path, "is missing: %s", f.doc)
		}
	}
	for _, v := range values {
		d.unknown(v, key, known)
	}
}

func (d *decoder) unknown(v *ast.MappingValueNode, key string, known []string) {
	for _, k := range known {
		if name(v) == k {
			return
		}
	}
	hint := "the keys here are " + strings.Join(known, ", ")
	if near := nearest(name(v), known); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	d.problem(at(v.Key.GetToken()), dotted(key, name(v)), "unknown key: %s", hint)
}

func (d *decoder) failed(key string) bool {
	for _, p := range d.problems {
		if strings.HasPrefix(p.Key, key) {
			return true
		}
	}
	return false
}

// entries returns the members of a mapping; none for nothing.
func (d *decoder) entries(node ast.Node, key string) []*ast.MappingValueNode {
	switch node := node.(type) {
	case nil, *ast.NullNode:
		return nil
	case *ast.MappingNode:
		return node.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{node}
	}
	d.problem(start(node), key, "wants keys and values, not %s", describe(node))
	return nil
}

// field fills one value that is not a section.
func (d *decoder) field(node ast.Node, key string, f field) {
	switch {
	case f.value.Kind() == reflect.Slice:
		d.list(node, key, f)
	case f.value.Kind() == reflect.Map:
		d.mapping(node, key, f)
	case isSection(f.value.Type()):
		d.section(node, key, f.value)
	default:
		d.scalar(node, key, f)
	}
}

func (d *decoder) list(node ast.Node, key string, f field) {
	sequence, ok := node.(*ast.SequenceNode)
	if !ok {
		d.problem(start(node), key, "wants a list, not %s: write [a, b], or a line for each beginning with -", describe(node))
		return
	}
	out := reflect.MakeSlice(f.value.Type(), len(sequence.Values), len(sequence.Values))
	for i, element := range sequence.Values {
		one := f
		one.value, one.required = out.Index(i), false
		path := key + "[" + strconv.Itoa(i) + "]"
		d.where[path] = start(element)
		d.field(element, path, one)
	}
	if len(sequence.Values) == 0 && f.required {
		d.problem(start(node), key, "is empty: %s", f.doc)
	}
	f.value.Set(out)
}

func (d *decoder) mapping(node ast.Node, key string, f field) {
	out := reflect.MakeMap(f.value.Type())
	for _, entry := range d.entries(node, key) {
		one := f
		one.value, one.required = reflect.New(f.value.Type().Elem()).Elem(), false
		path := dotted(key, name(entry))
		d.where[path] = start(entry.Value)
		d.field(entry.Value, path, one)
		out.SetMapIndex(reflect.ValueOf(name(entry)), one.value)
	}
	f.value.Set(out)
}

func (d *decoder) scalar(node ast.Node, key string, f field) {
	text, ok := textOf(node)
	if t := f.value.Type(); t == reflect.TypeFor[Secret]() || t == reflect.TypeFor[URL]() {
		text, ok = referenceOf(node, text, ok)
	}
	if !ok {
		d.problem(start(node), key, "wants %s, not %s", wanted(f.value), describe(node))
		return
	}
	if node.Type() == ast.NullType {
		d.problem(start(node), key, "has no value: it wants %s", wanted(f.value))
		return
	}
	if err := d.set(f.value, text, node.Type()); err != nil {
		d.problem(start(node), key, "%v", err)
		return
	}
	if err := inBounds(f); err != nil {
		d.problem(start(node), key, "%v", err)
	}
}

// set converts the text of a scalar to the type of a field.
func (d *decoder) set(value reflect.Value, text string, kind ast.NodeType) error {
	isText := kind == ast.StringType || kind == ast.LiteralType
	switch target := value.Addr().Interface().(type) {
	case *time.Duration:
		parsed, err := parseDuration(text)
		*target = parsed
		return err
	case *Size:
		parsed, err := parseSize(text)
		*target = parsed
		return err
	case *bool:
		*target = text == "true"
		if kind != ast.BoolType {
			return fmt.Errorf("wants true or false")
		}
	case *int:
		parsed, err := strconv.Atoi(text)
		*target = parsed
		if err != nil || kind != ast.IntegerType {
			return fmt.Errorf("wants a whole number")
		}
	case *string:
		*target = text
		if !isText {
			return fmt.Errorf("wants a text: put it in quotes")
		}
	case *Path:
		*target = join(d.dir, text)
	case *Secret:
		if text == "" {
			return nil
		}
		resolved, err := resolve(text, d.dir, d.lookupEnv)
		*target = Secret{reference: text, value: resolved}
		return err
	case *URL:
		return d.setURL(target, text)
	default:
		return fmt.Errorf("settings of type %s are not supported", value.Type())
	}
	return nil
}

func (d *decoder) setURL(target *URL, text string) error {
	target.value = text
	if strings.HasPrefix(text, "file:") || strings.HasPrefix(text, "env:") {
		resolved, err := resolve(text, d.dir, d.lookupEnv)
		if err != nil {
			return err
		}
		*target = URL{reference: text, value: resolved}
	}
	return checkURL(target.value)
}
