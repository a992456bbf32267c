package sigma

import (
	"fmt"
	"strings"

	"github.com/watchglass/watchglass/schema"
)

// sqlColumn is a column of access_events, or an expression that stands for one.
type sqlColumn struct {
	name string
	kind schema.Kind
}

func sqlColumnOf(f *field) (sqlColumn, error) {
	if f.def.Path == "" {
		return sqlColumn{}, fmt.Errorf("field %q is no column of access_events", f.path)
	}
	if key, ok := strings.CutPrefix(f.path, schema.AttributesPrefix); ok {
		return sqlColumn{name: "attributes[" + sqlQuote(key) + "]", kind: schema.String}, nil
	}
	return sqlColumn{name: f.def.Column, kind: f.def.Kind}, nil
}

// exists is what accessEvent.read calls so.
func (c sqlColumn) exists() string {
	switch c.kind {
	case schema.Strings:
		return "notEmpty(" + c.name + ")"
	case schema.Number:
		return c.name + " != 0"
	case schema.Bool, schema.Time:
		return sqlTrue
	}
	return c.name + " != ''"
}

// text is what leaf.textOf makes of a value that is no list. The time is
// written out by functions that no setting changes.
func (c sqlColumn) text() string {
	switch c.kind {
	case schema.Number:
		return "toString(" + c.name + ")"
	case schema.Bool:
		return "if(" + c.name + ", 'true', 'false')"
	case schema.Time:
		return "concat(formatDateTime(" + c.name + ", '%FT%T', 'UTC'), '.', leftPad(toString(toUnixTimestamp64Milli(" + c.name + ") % 1000), 3, '0'), 'Z')"
	}
	return c.name
}

// sqlSame is predicate.same for each value of a with each of b.
func sqlSame(a, b sqlColumn, cased bool) string {
	if a.kind == schema.Number && b.kind == schema.Number {
		return a.name + " = " + b.name
	}
	if a.kind != schema.Strings && b.kind == schema.Strings {
		a, b = b, a
	}
	form := func(c sqlColumn) string {
		switch {
		case cased:
			return c.text()
		case c.kind == schema.Strings:
			return "arrayMap(x -> " + sqlFoldAll("x") + ", " + c.name + ")"
		}
		return sqlFoldAll(c.text())
	}
	switch {
	case a.kind == schema.Strings && b.kind == schema.Strings:
		return "hasAny(" + form(a) + ", " + form(b) + ")"
	case a.kind == schema.Strings && b.mayBeEmpty(): // what is empty is not there
		return sqlAnd(b.exists(), "has("+form(a)+", "+form(b)+")")
	case a.kind == schema.Strings:
		return "has(" + form(a) + ", " + form(b) + ")"
	case a.mayBeEmpty() && b.mayBeEmpty():
		return sqlAnd(a.exists(), form(a)+" = "+form(b))
	}
	return form(a) + " = " + form(b)
}

// mayBeEmpty reports a column whose text can be ”.
func (c sqlColumn) mayBeEmpty() bool { return c.kind == schema.String || c.kind == schema.Addr }
