package sigma

import (
	"slices"
	"strings"
)

// modifiers are those of one field, checked for which go together.
type modifiers struct {
	steps []string // what values become before they are compared, in this order: see transforming
	part  timePart // of a time, to compare with
	match string   // of matching, or "" for the whole text
	all   bool
	cased bool
	neq   bool
	flags string // of re: i, m, s
}

// matching modifiers decide how a value is compared: one at most.
func matching() []string {
	return []string{"contains", "startswith", "endswith", "re", "cidr", "exists", "lt", "lte", "gt", "gte", "fieldref"}
}

// transforming modifiers make other texts of a value.
func transforming() []string {
	return []string{"expand", "windash", "utf16", "utf16le", "utf16be", "wide", "base64", "base64offset"}
}

// linking modifiers are all others.
func linking() []string { return []string{"all", "cased", "neq"} }

// parseModifiers reads what follows the field in `field|a|b`; false, and a
// fault, for what is unknown, repeated or contradictory.
func parseModifiers(e entry, f *faults) (modifiers, bool) {
	var m modifiers
	names := strings.Split(e.key, "|")
	field, names := names[0], names[1:]
	for i, name := range names {
		part, isPart := timePartOf(name)
		switch {
		case slices.Contains(names[:i], name):
			return refuse(e, f, "modifier %s is there twice", name)
		case slices.Contains(matching(), name):
			if m.match != "" {
				return refuse(e, f, "modifiers %s and %s do not go together: expected one of them", m.match, name)
			}
			m.match = name
		case slices.Contains(transforming(), name):
			if complaint := m.step(name); complaint != "" {
				return refuse(e, f, "%s", complaint)
			}
		case isPart:
			if m.part != wholeValue {
				return refuse(e, f, "modifiers %s and %s do not go together: expected one part of a time", m.part, name)
			}
			m.part = part
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
		default:
			known := slices.Concat(matching(), linking(), transforming(), timeParts())
			return refuse(e, f, "unknown modifier %q:%s expected one of %s", name, suggestion(name, known), strings.Join(known, ", "))
		}
	}
	return m.check(e, field, f)
}

// step adds a transformation, or says why it cannot come here: texts are filled
// in first, then written in other characters, then encoded, then compared.
func (m *modifiers) step(name string) (complaint string) {
	rank := func(name string) int {
		return min(slices.Index([]string{"expand", "windash", "", "base64"}, shortOf(name)), 3)
	}
	for _, before := range m.steps {
		switch {
		case rank(before) == rank(name):
			return "modifiers " + before + " and " + name + " do not go together: expected one of them"
		case rank(before) > rank(name):
			return "modifier " + name + " comes after " + before + ": expected it before"
		}
	}
	if m.match != "" && rank(name) > rank("windash") {
		return "modifier " + name + " comes after " + m.match + ": expected it before, since the encoded text is what is compared"
	}
	m.steps = append(m.steps, name)
	return ""
}

// shortOf gives one name for modifiers of a kind: "" for UTF-16's, base64.
func shortOf(step string) string {
	switch {
	case strings.HasPrefix(step, "utf16") || step == "wide":
		return ""
	case strings.HasPrefix(step, "base64"):
		return "base64"
	}
	return step
}

// check holds the modifiers to Sigma's legal combinations.
func (m modifiers) check(e entry, field string, f *faults) (modifiers, bool) {
	text := m.match == "" || m.match == "contains" || m.match == "startswith" || m.match == "endswith"
	encodes := slices.ContainsFunc(m.steps, func(s string) bool { return s != "expand" })
	switch {
	case encodes && !text:
		return refuse(e, f, "modifier %s does not go with %s: it is for texts", m.steps[len(m.steps)-1], m.match)
	case len(m.steps) > 0 && m.match == "exists":
		return refuse(e, f, "modifier %s does not go with exists", m.steps[0])
	case m.part != wholeValue && (m.match != "" && !m.compares() || m.cased || m.all || len(m.steps) > 0):
		return refuse(e, f, "modifier %s goes with lt, lte, gt, gte and neq only: it compares numbers", m.part)
	case m.cased && !text && m.match != "fieldref":
		return refuse(e, f, "modifier cased does not go with %s: it is for texts", m.match)
	case m.neq && !text && m.match != "fieldref":
		return refuse(e, f, "modifier neq does not go with %s: expected `not` in the condition", m.match)
	case m.neq && m.all:
		return refuse(e, f, "modifier neq does not go with all: it already means none of the values")
	case m.all && (m.match == "exists" || m.compares()):
		return refuse(e, f, "modifier all does not go with %s", m.match)
	case field == keywordPath && (m.neq || m.part != wholeValue || m.match != "" && m.match != "re"):
		return refuse(e, f, "keywords take the modifiers all, cased, re and those that encode only: expected a field before the first |")
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
