package sigma

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"regexp/syntax"
	"strings"

	"github.com/watchglass/watchglass/schema"
)

// predicate compiles one value of an item, and a key that tells it from every
// other comparison with that field.
func (c *compiler) predicate(it *item, s scalar, f *faults) (predicate, string, bool) {
	p := predicate{field: c.field(it.field), cased: it.mods.cased, part: it.mods.part}
	no := func(format string, args ...any) (predicate, string, bool) {
		f.add(s.pos, "%s", fmt.Sprintf(format, args...))
		return predicate{}, "", false
	}
	if complaint := c.fits(it, s); complaint != "" {
		return no("%s", complaint)
	}
	key := fmt.Sprintf("%s%s cased=%t ", p.part, it.mods.match, p.cased)
	switch it.mods.match {
	case "", "contains", "startswith", "endswith":
		return c.textPredicate(p, it, s, f, key)
	case "exists":
		p.test, p.flag = testExists, s.flag
		return p, key + s.text, true
	case "cidr":
		prefix, err := parsePrefix(s.text)
		if err != nil {
			return no("%q is no network: %v", s.text, err)
		}
		p.test, p.cidr = testCIDR, prefix
		return p, key + prefix.String(), true
	case "re":
		source := s.text
		if it.mods.flags != "" {
			source = "(?" + it.mods.flags + ")" + source
		}
		re, err := regexp.Compile(source)
		if err != nil {
			return no("bad regular expression: %s; expected RE2 syntax (no look-around, no back-references)", regexpFault(err))
		}
		p.test, p.re = testRegexp, re
		return p, key + source, true
	case "fieldref":
		if !c.known(s.text, s.pos, f) {
			return predicate{}, "", false
		}
		p.test, p.other = testField, c.field(s.text)
		return p, key + s.text, true
	}
	p.test = map[string]test{"lt": testLess, "lte": testLessEqual, "gt": testGreater, "gte": testGreaterEqual}[it.mods.match]
	p.num = s.num
	return p, key + s.text, true
}

// textPredicate is plain equality with wildcards, contains, startswith, endswith.
func (c *compiler) textPredicate(p predicate, it *item, s scalar, f *faults, key string) (predicate, string, bool) {
	elements := literalPattern(s.text)
	switch s.kind {
	case kindNull:
		p.test = testNull
		return p, "null", true
	case kindText:
		if elements = parsePattern(s.text); s.dashes {
			elements = withDashes(elements)
		}
		p.test = testText
		if s.text == "" {
			p.test = testEmpty
		}
	case kindNumber:
		p.test, p.num = testNumber, s.num
	case kindBool:
		p.test, p.flag = testFlag, s.flag
	}
	if it.field == keywordPath || it.mods.match == "contains" || it.mods.match == "endswith" {
		elements = append([]rune{anyRun}, elements...)
		p.test = testText
	}
	if it.field == keywordPath || it.mods.match == "contains" || it.mods.match == "startswith" {
		elements = append(elements, anyRun)
		p.test = testText
	}
	p.pattern = newPattern(elements, p.cased)
	return p, fmt.Sprintf("%s%d %t %s", key, p.test, p.flag, p.pattern.key()), true
}

// fits says why a value, or a field, is wrong for a comparison; "" if it is not.
func (c *compiler) fits(it *item, s scalar) string {
	name := it.mods.match
	switch {
	case it.field == keywordPath && s.kind == kindNull:
		return "a keyword is null: expected a text"
	case name == "exists" && s.kind != kindBool:
		return fmt.Sprintf("exists has %s for a value: expected true or false", s.kind)
	case it.mods.compares() && s.kind != kindNumber:
		return fmt.Sprintf("%s has %s for a value: expected a number", name, s.kind)
	case it.mods.part != wholeValue && s.kind != kindNumber:
		return fmt.Sprintf("%s has %s for a value: expected a number", it.mods.part, s.kind)
	case it.mods.part != wholeValue && it.mods.part.complaint(s.num) != "":
		return it.mods.part.complaint(s.num)
	case (name == "contains" || name == "startswith" || name == "endswith" || name == "re" || name == "cidr" || name == "fieldref") &&
		s.kind != kindText && s.kind != kindNumber:
		return fmt.Sprintf("%s has %s for a value: expected a text", name, s.kind)
	}
	if c.options.AnyField {
		return ""
	}
	def, ok := schema.Lookup(it.field)
	if !ok {
		return ""
	}
	if it.mods.part != wholeValue {
		if def.Kind == schema.Time || def.Kind == schema.String {
			return ""
		}
		return fmt.Sprintf("%s is no time: %s takes a number out of one", it.field, it.mods.part)
	}
	switch def.Kind {
	case schema.Bool:
		if name == "" && (s.kind == kindBool || strings.EqualFold(s.text, "true") || strings.EqualFold(s.text, "false")) || name == "exists" || name == "fieldref" {
			return ""
		}
		return fmt.Sprintf("%s is true or false: expected one of these, without modifier", it.field)
	case schema.Time, schema.Addr:
		if it.mods.compares() {
			return fmt.Sprintf("%s is no number: %s cannot compare it", it.field, name)
		}
	}
	if name == "cidr" && (def.Kind == schema.Time || def.Kind == schema.Number) {
		return fmt.Sprintf("%s is no address: cidr cannot compare it", it.field)
	}
	return ""
}

// parsePrefix reads a network whose host bits are zero.
func parsePrefix(text string) (netip.Prefix, error) {
	prefix, err := netip.ParsePrefix(text)
	switch {
	case err != nil:
		return prefix, errors.New("expected one such as 10.0.0.0/8 or 2001:db8::/32")
	case prefix.Masked() != prefix:
		return prefix, fmt.Errorf("bits behind the prefix are set, expected %s", prefix.Masked())
	case prefix.Addr().Is4In6():
		return prefix, errors.New("an IPv4 address mapped to IPv6, expected the IPv4 network")
	}
	return prefix, nil
}

func regexpFault(err error) string {
	var fault *syntax.Error
	if errors.As(err, &fault) {
		return fmt.Sprintf("%s: `%s`", fault.Code, fault.Expr)
	}
	return err.Error()
}
