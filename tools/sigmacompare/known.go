package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// class is a kind of disagreement that was decided by the specification's text;
// docs/conformance.md tells how, under the same name.
type class struct {
	name string
	is   func(c compared) bool
}

// compared is what a disagreement is about, laid out for the classes.
type compared struct {
	disagreement
	item   item    // of a rule with one field
	values []value // of the field, or the keywords
	leaves []any   // of the event: of the field, or all for keywords
	there  bool    // the field is there
	list   bool    // it is a list, or is within one
}

// classOf is the name of the class of a disagreement, "" if there is none.
func classOf(d disagreement) string {
	c := compared{disagreement: d}
	known := structureClasses()
	if it, ok := d.rule.onlyItem(); ok {
		c.item, c.values = it, it.values
		c.leaves, c.there, c.list = leavesOf(d.event, it.field)
		known = fieldClasses()
		if it.has("fieldref") {
			known = referenceClasses()
		}
	} else if words, ok := d.rule.onlyWords(); ok {
		c.values = words
		c.leaves = appendLeaves(nil, d.event)
		known = keywordClasses()
	}
	for _, k := range known {
		if k.is(c) {
			return k.name
		}
	}
	return ""
}

func fieldClasses() []class {
	return append(transformClasses(), []class{
		{"exists, null", func(c compared) bool { return c.item.has("exists") && c.there && onlyNull(c.leaves) }},
		{"neq, missing field", func(c compared) bool { return c.item.has("neq") && !c.there && c.first }},
		{"null in a list of the event", func(c compared) bool {
			return c.rule1(isNull) && c.list && c.event1(isNil) && c.first != c.item.has("neq")
		}},
		{"startswith, endswith with a wildcard", func(c compared) bool {
			return (c.item.has("startswith") || c.item.has("endswith")) && c.rule1(hasWildcard)
		}},
		{"wildcard, line feed", func(c compared) bool { return c.rule1(hasWildcard) && c.event1(isLines) }},
		{"flag, texts 1, 0, yes, no", func(c compared) bool { return c.rule1(isFlag) && c.event1(isYesNo) }},
		{"flag, cased", func(c compared) bool { return c.item.has("cased") && c.rule1(isFlag) && c.event1(isTrueFalse) }},
		{"number, text that reads as one", func(c compared) bool { return !c.textual() && c.rule1(isNumber) && c.event1(isNumberLike) }},
		{"whole numbers beyond 2^53", func(c compared) bool { return !c.textual() && c.rule1(isHuge) && c.event1(isHugeNumber) }},
		{"numbers as text", func(c compared) bool {
			return c.event1(isOddNumber) && (c.rule1(isText) || c.textual()) || c.textual() && c.rule1(isOddlyWritten)
		}},
		{"case beyond ASCII", func(c compared) bool {
			return !c.item.has("cased") && !c.item.has("re") && (c.rule1(hasSpecialCase) || c.event1(isSpecialCase))
		}},
		{"cidr, zone and mapped addresses", func(c compared) bool { return c.item.has("cidr") && c.event1(isOddAddress) }},
	}...)
}

func referenceClasses() []class {
	return []class{
		{"neq, missing field", func(c compared) bool { return c.item.has("neq") && !c.there && c.first }},
		{"fieldref, lists", func(c compared) bool { _, _, list := c.other(); return list || c.list }},
		{"fieldref, null and objects", func(c compared) bool {
			other, _, _ := c.other()
			return (c.event1(isNil) || c.event1(isObject)) && slices.ContainsFunc(other, func(v any) bool { return isNil(v) || isObject(v) })
		}},
		{"fieldref, different types", func(c compared) bool {
			other, _, _ := c.other()
			return len(c.leaves) == 1 && len(other) == 1 && kindOf(c.leaves[0]) != kindOf(other[0])
		}},
		{"fieldref, numbers written differently", func(c compared) bool {
			other, _, _ := c.other()
			return c.event1(isNumeric) && slices.ContainsFunc(other, isNumeric)
		}},
		{"case beyond ASCII", func(c compared) bool { return !c.item.has("cased") && c.event1(isSpecialCase) }},
	}
}

func keywordClasses() []class {
	return []class{
		{"keywords with all", func(c compared) bool { return c.rule.searches[0].all && c.first }},
		{"keywords, numbers and flags", func(c compared) bool { return c.first && (c.rule1(isNumber) || c.rule1(isFlag) || c.inTyped()) }},
		{"wildcard, line feed", func(c compared) bool { return c.first && c.rule1(hasWildcard) && c.event1(isLines) }},
		{"case beyond ASCII", func(c compared) bool { return c.rule1(hasSpecialCase) || c.event1(isSpecialCase) }},
	}
}

// structureClasses are of rules that are made of what is agreed on.
func structureClasses() []class {
	return []class{
		{"pattern of a condition, names that begin with _", func(c compared) bool { return c.hides() }},
		// rsigma lowers the case of a text before it looks for several values at once, not before it looks for one.
		{"case beyond ASCII", func(c compared) bool { return slices.ContainsFunc(appendLeaves(nil, c.event), isSpecialCase) }},
	}
}

// hides reports a pattern that fits a hidden name without beginning as one.
func (c compared) hides() bool {
	hidden := slices.ContainsFunc(c.rule.searches, func(s search) bool { return strings.HasPrefix(s.name, "_") })
	var any func(condition) bool
	any = func(x condition) bool {
		return strings.HasSuffix(x.leaf, "of *") || strings.HasSuffix(x.leaf, "of *_a") || slices.ContainsFunc(x.kids, any)
	}
	return hidden && slices.ContainsFunc(c.rule.conditions, any)
}

func (c compared) rule1(is func(value) bool) bool { return slices.ContainsFunc(c.values, is) }
func (c compared) event1(is func(any) bool) bool  { return slices.ContainsFunc(c.leaves, is) }

// inTyped reports a keyword that is in the text of a number or a flag.
func (c compared) inTyped() bool {
	return c.event1(func(leaf any) bool {
		return (isNumeric(leaf) || isBool(leaf)) && c.rule1(func(v value) bool { return v.kind == text && found(v.text, fmt.Sprint(leaf)) })
	})
}

// found searches for a text with wildcards.
func found(pattern, in string) bool {
	expression := "(?is)"
	for i := 0; i < len(pattern); i++ {
		switch {
		case pattern[i] == '*':
			expression += ".*"
		case pattern[i] == '?':
			expression += "."
		case pattern[i] == '\\' && i+1 < len(pattern) && strings.IndexByte(`*?\`, pattern[i+1]) >= 0:
			i++
			fallthrough
		default:
			expression += regexp.QuoteMeta(pattern[i : i+1])
		}
	}
	matched, err := regexp.MatchString(expression, in)
	return err == nil && matched
}

// textual reports modifiers that make texts of numbers.
func (c compared) textual() bool {
	return slices.ContainsFunc([]string{"contains", "startswith", "endswith", "re"}, c.item.has)
}

// other is the field that fieldref names.
func (c compared) other() ([]any, bool, bool) { return leavesOf(c.event, c.values[0].text) }

func isNull(v value) bool   { return v.kind == null }
func isFlag(v value) bool   { return v.kind == boolean }
func isNumber(v value) bool { return v.kind == number }
func isText(v value) bool   { return v.kind == text }

func hasWildcard(v value) bool {
	if v.kind != text {
		return false
	}
	for i := 0; i < len(v.text); i++ {
		switch v.text[i] {
		case '*', '?':
			return true
		case '\\':
			if i+1 < len(v.text) && strings.IndexByte(`*?\`, v.text[i+1]) >= 0 {
				i++
			}
		}
	}
	return false
}

func isHuge(v value) bool         { return v.kind == number && isHugeNumber(json.Number(v.text)) }
func isOddlyWritten(v value) bool { return v.kind == number && isOddNumber(json.Number(v.text)) }
func hasSpecialCase(v value) bool { return v.kind == text && isSpecialCase(v.text) }

func isNil(v any) bool     { return v == nil }
func isObject(v any) bool  { _, ok := v.(map[string]any); return ok }
func isBool(v any) bool    { _, ok := v.(bool); return ok }
func isNumeric(v any) bool { _, ok := v.(json.Number); return ok }
func isLines(v any) bool   { s, ok := v.(string); return ok && strings.Contains(s, "\n") }

func onlyNull(leaves []any) bool {
	return !slices.ContainsFunc(leaves, func(v any) bool { return v != nil })
}

func isYesNo(v any) bool {
	s, _ := v.(string)
	return slices.Contains([]string{"1", "0", "yes", "no"}, strings.ToLower(s))
}

func isTrueFalse(v any) bool {
	s, _ := v.(string)
	return strings.EqualFold(s, "true") || strings.EqualFold(s, "false")
}

// isNumberLike reports a text that Rust reads as a number.
func isNumberLike(v any) bool {
	s, ok := v.(string)
	_, err := strconv.ParseFloat(s, 64)
	return ok && err == nil
}

func isHugeNumber(v any) bool {
	n, _ := v.(json.Number)
	f, err := n.Float64()
	return err != nil || f > 1<<53-1 || f < -(1<<53-1)
}

// isOddNumber reports a number that is not written as Rust writes it.
func isOddNumber(v any) bool {
	n, ok := v.(json.Number)
	if !ok {
		return false
	}
	if i, err := n.Int64(); err == nil {
		return strconv.FormatInt(i, 10) != n.String()
	}
	f, err := n.Float64()
	return err != nil || strconv.FormatFloat(f, 'f', -1, 64) != n.String()
}

// isSpecialCase reports letters whose lower case is not their folded form.
func isSpecialCase(v any) bool {
	s, _ := v.(string)
	return strings.ContainsAny(s, "ſ\u212aİΣσςẞßǅ")
}

func isOddAddress(v any) bool {
	s, _ := v.(string)
	return strings.ContainsAny(s, "%") || strings.HasPrefix(strings.ToLower(s), "::ffff:")
}
