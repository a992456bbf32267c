package sigma

import (
	"slices"
	"strings"
)

// modifiers are those of one field, checked for which go together.
type modifiers struct {
	match string // contains, startswith, endswith, re, cidr, exists, lt, lte, gt, gte, fieldref or ""
	all   bool
	cased bool
	neq   bool
	flags string // of re: i, m, s
}

// matching modifiers decide how a value is compared: one at most.
func matching() []string {
	return []string{"contains", "startswith", "endswith", "re", "cidr", "exists", "lt", "lte", "gt", "gte", "fieldref"}
}

// later are Sigma's other modifiers, refused until they do what Sigma says.
func later() []string {
	return []string{
		"windash", "base64", "base64offset", "utf16", "utf16le", "utf16be", "wide", "expand",
		"minute", "hour", "day", "week", "month", "year",
	}
}

// parseModifiers reads what follows the field in `field|a|b`; false, and a
// fault, for what is unknown, unsupported, repeated or contradictory.
func parseModifiers(e entry, f *faults) (modifiers, bool) {
	var m modifiers
	names := strings.Split(e.key, "|")
	field, names := names[0], names[1:]
	for i, name := range names {
		switch {
		case slices.Contains(names[:i], name):
			return refuse(e, f, "modifier %s is there twice", name)
		case slices.Contains(matching(), name):
			if m.match != "" {
				return refuse(e, f, "modifiers %s and %s do not go together: expected one of them", m.match, name)
			}
			m.match = name
		case name == "all":
			m.all = true
		case name == "cased":
			m.cased = true
		case name == "neq":
			m.neq = true
		case name == "i" || name == "m" || name == "s":
			if m.match != "re" {
				return refuse(e, f, "modifier %s belongs to a regular expression: expected it after re", name)
			}
			m.flags += name
		case slices.Contains(later(), name):
			return refuse(e, f, "modifier %s is Sigma's, but not supported yet", name)
		default:
			known := slices.Concat(matching(), []string{"all", "cased", "neq"})
			return refuse(e, f, "unknown modifier %q:%s expected one of %s", name, suggestion(name, known), strings.Join(known, ", "))
		}
	}
	return m.check(e, field, f)
}

// check holds the modifiers to Sigma's legal combinations.
func (m modifiers) check(e entry, field string, f *faults) (modifiers, bool) {
	text := m.match == "" || m.match == "contains" || m.match == "startswith" || m.match == "endswith"
	switch {
	case m.cased && !text && m.match != "fieldref":
		return refuse(e, f, "modifier cased does not go with %s: it is for texts", m.match)
	case m.neq && m.match != "" && m.match != "fieldref":
		return refuse(e, f, "modifier neq does not go with %s: expected `not` in the condition", m.match)
	case m.neq && m.all:
		return refuse(e, f, "modifier neq does not go with all: it already means none of the values")
	case m.all && (m.match == "exists" || m.compares()):
		return refuse(e, f, "modifier all does not go with %s", m.match)
	case field == keywordPath && (m.neq || m.match != "" && m.match != "re"):
		return refuse(e, f, "keywords take the modifiers all, cased and re only: expected a field before the first |")
	}
	return m, true
}

// compares reports a numeric comparison.
func (m modifiers) compares() bool {
	return m.match == "lt" || m.match == "lte" || m.match == "gt" || m.match == "gte"
}

func refuse(e entry, f *faults, format string, args ...any) (modifiers, bool) {
	f.add(e.pos, "%s: "+format, append([]any{e.key}, args...)...)
	return modifiers{}, false
}
