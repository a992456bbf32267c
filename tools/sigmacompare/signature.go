package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// signature is the same for disagreements that are likely to be one and the same:
// the modifiers, and the kinds of what is compared.
func (d disagreement) signature() string {
	var what string
	if words, ok := d.rule.onlyWords(); ok {
		var shapes []string
		for _, w := range words {
			shapes = append(shapes, shape(w))
		}
		slices.Sort(shapes)
		what = fmt.Sprint("keywords ", slices.Compact(shapes), d.rule.searches[0].all)
	} else if it, ok := d.rule.onlyItem(); ok {
		var shapes []string
		for _, v := range it.values {
			shapes = append(shapes, shape(v))
		}
		slices.Sort(shapes)
		what = fmt.Sprint(it.modifiers, slices.Compact(shapes), len(it.values) > 1, kindOf(lookup(d.event, it.field)))
		if it.has("fieldref") {
			what += kindOf(lookup(d.event, it.values[0].text))
		}
	} else {
		what = "structure"
	}
	return fmt.Sprint(what, " ", d.first)
}

func shape(v value) string {
	switch {
	case v.kind != text:
		return string(v.kind)
	case v.text == "":
		return "empty"
	}
	s := "text"
	for _, part := range []string{"*", "?", `\`} {
		if strings.Contains(v.text, part) {
			s += part
		}
	}
	if strings.ContainsFunc(v.text, func(r rune) bool { return r > 0x7f }) {
		s += "é"
	}
	if _, err := json.Number(v.text).Float64(); err == nil {
		s += "5"
	}
	return s
}

func kindOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		switch {
		case v == "":
			return "empty"
		case strings.Contains(v, "\n"):
			return "lines"
		case strings.ContainsFunc(v, func(r rune) bool { return r > 0x7f }):
			return "beyond ASCII"
		}
		return "text"
	case bool:
		return "flag"
	case json.Number:
		return "number"
	case []any:
		kinds := []string{}
		for _, element := range v {
			kinds = append(kinds, kindOf(element))
		}
		slices.Sort(kinds)
		return fmt.Sprint(slices.Compact(kinds))
	}
	return "object"
}
