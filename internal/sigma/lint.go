package sigma

import (
	"fmt"
	"slices"
	"strings"

	"github.com/watchglass/watchglass/schema"
)

// What our own events are, for the logsource of rules.
const (
	ourCategory = "data_access"
	ourProduct  = "watchglass"
)

// Lint finds what is legal but suspicious, rule by rule in the order of ids.
func (s *Set) Lint() []Warning {
	var all []Warning
	for _, r := range s.All() {
		l := linter{rule: r}
		l.metadata()
		l.searches()
		l.quiet(s)
		all = append(all, l.found...)
	}
	return all
}

// quiet warns of an alerting rule that a rule over time has silenced.
func (l *linter) quiet(s *Set) {
	if !l.rule.Quiet || !l.rule.source.has["level"] {
		return
	}
	for _, over := range s.over {
		if slices.Contains(over.Correlation.Rules, l.rule) {
			l.warn(l.rule.source.idPos, "does not alert by itself: %s names it without generate: true", over.ID)
			return
		}
	}
}

type linter struct {
	rule  *Rule
	found []Warning
}

func (l *linter) warn(pos position, format string, args ...any) {
	l.found = append(l.found, Warning{
		File: l.rule.File, Line: pos.line, Column: pos.column, Rule: l.rule.ID, Message: fmt.Sprintf(format, args...),
	})
}

func (l *linter) metadata() {
	d := l.rule.source
	if !isUUID(l.rule.ID) {
		l.warn(d.idPos, "id is no UUID, which Sigma asks for")
	}
	for _, e := range d.unknown {
		l.warn(e.pos, "%q is no attribute of Sigma:%s it is left alone", e.key, suggestion(e.key, knownKeys()))
	}
	if !l.rule.LogSource.isOurs() {
		l.warn(d.sourceAt, "never true: access events are of category %s and product %s, and the logsource asks for another; a file NAME.fields.yml can say what it is here", ourCategory, ourProduct)
	}
	if l.rule.Status == statusDeprecated {
		l.warn(position{1, 1}, "status is deprecated: another rule takes its place, and both match")
	}
	if l.rule.Description == "" {
		l.warn(position{1, 1}, "no description: whoever is on call has nothing but the title")
	}
}

func (l *linter) searches() {
	for _, s := range l.rule.source.searches {
		if !s.used {
			l.warn(s.pos, "no condition names %q", s.name)
		}
		l.tree(s.tree)
	}
}

func (l *linter) tree(t tree) {
	for _, kid := range t.kids {
		l.tree(kid)
	}
	if t.item != nil {
		l.item(t.item)
	}
}

func (l *linter) item(it *item) {
	l.slow(it)
	l.shadowed(it)
	def, known := schema.Lookup(it.field)
	if it.mods.part != wholeValue || len(it.mods.steps) > 0 {
		known = false // what is compared is no value as it is
	} else if !known && it.field != keywordPath {
		l.warn(it.pos, "no event has a field %q", it.field)
	}
	for _, s := range it.values {
		switch {
		case s.kind == kindText && strings.Trim(s.text, "*") == "" && (s.text != "" || it.mods.match != "") && it.mods.match != "re":
			l.warn(s.pos, "true for every event that has a value here: expected exists: true, if that is meant")
		case it.mods.match != "" || it.mods.neq || s.kind == kindNull || strings.ContainsAny(s.text, `*?\`):
		case known && def.Kind == schema.Number && s.kind != kindNumber:
			if _, ok := parseNumber(s.text); !ok {
				l.warn(s.pos, "never true: %s is a number", it.field)
			}
		case known && s.text != "":
			if set := closedSet(it.field); set != nil && !slices.Contains(set, fold(s.text)) {
				l.warn(s.pos, "never true:%s %s is one of %s", suggestion(s.text, set), it.field, strings.Join(set, ", "))
			}
		}
	}
}

// slow warns of what costs more than it finds.
func (l *linter) slow(it *item) {
	if it.field == keywordPath {
		l.warn(it.pos, "slow: keywords are looked for in every text of every event: expected a field, if it is known")
	}
	for _, s := range it.values {
		if it.mods.match == "re" && strings.HasPrefix(s.text, ".*") {
			l.warn(s.pos, "slow: .* at the start finds nothing more, since an expression is looked for anywhere")
		}
	}
}

// shadowed warns of values that an earlier or a shorter one finds as well.
func (l *linter) shadowed(it *item) {
	finds := map[string]func(text, part string) bool{
		"": func(a, b string) bool { return a == b }, "contains": strings.Contains, "startswith": strings.HasPrefix, "endswith": strings.HasSuffix,
	}[it.mods.match]
	if finds == nil || it.mods.all || len(it.mods.steps) > 0 || len(it.values) > maxShadows {
		return
	}
	text := func(s scalar) string {
		if it.mods.cased {
			return s.text
		}
		return fold(s.text)
	}
	for i, s := range it.values {
		for j, other := range it.values {
			plain := s.kind == kindText && other.kind == kindText && other.text != "" && !strings.ContainsAny(s.text+other.text, `*?\`)
			if i != j && plain && finds(text(s), text(other)) && (text(s) != text(other) || j < i) {
				l.warn(s.pos, "shadowed: %q finds all that this finds", other.text)
				break
			}
		}
	}
}

// maxShadows bounds what is compared with each other.
const maxShadows = 2000

// closedSet returns the values that a field can have, nil where they are open.
func closedSet(path string) []string {
	switch path {
	case "action":
		return schema.Actions()
	case "outcome":
		return schema.Outcomes()
	case "accessor.kind":
		return schema.AccessorKinds()
	case "accessor.location_state":
		return schema.LocationStates()
	case "accessor.restricted_by", "on_behalf_of.restricted_by":
		return schema.RestrictionGrounds()
	case "accessor.status":
		return []string{"active", "departed", "unknown"}
	}
	return nil
}

// isUUID reports 8-4-4-4-12 hex digits.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case !('0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'):
			return false
		}
	}
	return true
}
