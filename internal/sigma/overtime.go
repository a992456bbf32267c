package sigma

import (
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
)

// overTime is the section `correlation` as it was written; resolve makes a
// Correlation of it.
type overTime struct {
	pos       position
	kind      string
	rules     []scalar
	groupBy   []scalar
	aliases   []alias
	span      time.Duration
	bounds    []Bound
	fields    []scalar
	percent   string
	generate  bool
	condition *entry
}

// alias is a group-by field that is called otherwise in the events of some rules.
type alias struct {
	name   entry
	fields []entry // rule → field
}

// maxTimespan is beyond any window that is asked for: ten years.
const maxTimespan = 3660 * 24 * time.Hour

// correlation reads the section.
func (d *document) correlation(e entry, f *faults) {
	list, ok := entries(e.value, "correlation", f)
	if !ok {
		return
	}
	o := &overTime{pos: e.pos}
	d.over = o
	for i, part := range list {
		switch part.key {
		case "type":
			o.kind = oneOf(part, correlationTypes(), f)
		case "rules":
			o.rules = scalars(part, f)
		case "group-by":
			o.groupBy = scalars(part, f)
		case "timespan", "timeframe":
			o.span = timespan(part, f)
		case "aliases":
			o.readAliases(part, f)
		case "generate":
			s, isScalar := scalarOf(part.value)
			if !isScalar || s.kind != kindBool {
				f.add(start(part.value), "generate is %s: expected true or false", describe(part.value))
			}
			o.generate = s.flag
		case "condition":
			o.condition = &list[i]
		default:
			known := []string{"type", "rules", "group-by", "timespan", "aliases", "generate", "condition"}
			f.add(part.pos, "unknown key %q in correlation:%s expected one of %s", part.key, suggestion(part.key, known), strings.Join(known, ", "))
		}
	}
	switch {
	case o.kind == "":
		f.add(e.pos, "the correlation has no type: expected one of %s", strings.Join(correlationTypes(), ", "))
	case len(o.rules) == 0:
		f.add(e.pos, "the correlation names no rules: expected ids or names")
	case o.span == 0:
		f.add(e.pos, "the correlation has no timespan: expected one such as 90m")
	default:
		o.readCondition(f)
	}
}

// timespan reads a number and s, m, h or d.
func timespan(e entry, f *faults) time.Duration {
	units := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour}
	if s := text(e, f); len(s) > 1 {
		unit, known := units[s[len(s)-1]]
		n, err := strconv.ParseUint(s[:len(s)-1], 10, 32)
		if known && err == nil && n > 0 && time.Duration(n) <= maxTimespan/unit { //nolint:gosec // 32 bits
			return time.Duration(n) * unit //nolint:gosec // 32 bits
		}
	}
	f.add(start(e.value), "%s is no time span: expected a number from 1 with s, m, h or d, such as 90m, at most 3660d", e.key)
	return 0
}

func (o *overTime) readAliases(e entry, f *faults) {
	list, _ := entries(e.value, "aliases", f)
	for _, part := range list {
		fields, ok := entries(part.value, "the alias "+part.key, f)
		if ok && len(fields) == 0 {
			f.add(part.pos, "the alias %s names no rule: expected rule: field", part.key)
		}
		o.aliases = append(o.aliases, alias{part, fields})
	}
}

// readCondition holds the condition to what the type takes.
func (o *overTime) readCondition(f *faults) {
	values := strings.HasPrefix(o.kind, "value_")
	temporal := strings.HasPrefix(o.kind, "temporal")
	if o.condition == nil {
		if !temporal {
			f.add(o.pos, "the correlation has no condition: expected one such as `gte: 10`")
		}
		return
	}
	if _, isText := scalarOf(o.condition.value); isText && temporal {
		return // a boolean expression over rules, parsed when they are known
	}
	list, _ := entries(o.condition.value, "condition", f)
	for _, e := range list {
		switch {
		case slices.Contains(boundOps(), e.key):
			o.bound(e, f)
		case e.key == "field" && values:
			if o.fields = scalars(e, f); len(o.fields) != 1 && o.kind != "value_count" {
				f.add(e.pos, "%s measures one field", o.kind)
			}
		case e.key == "percentile" && o.kind == "value_percentile":
			o.percentile(e, f)
		default:
			f.add(e.pos, "unknown key %q in the condition of %s: expected %s", e.key, o.kind, strings.Join(o.conditionKeys(), ", "))
		}
	}
	switch {
	case len(o.bounds) == 0 && len(f.all) == 0:
		f.add(o.condition.pos, "the condition compares with nothing: expected one of %s", strings.Join(boundOps(), ", "))
	case values && len(o.fields) == 0:
		f.add(o.condition.pos, "the condition has no field: expected the one whose values count")
	case o.kind == "value_percentile" && o.percent == "":
		f.add(o.condition.pos, "the condition has no percentile: expected a number from 0 to 100, such as `percentile: 95`")
	}
}

func (o *overTime) conditionKeys() []string {
	keys := boundOps()
	if strings.HasPrefix(o.kind, "value_") {
		keys = append(keys, "field")
	}
	if o.kind == "value_percentile" {
		keys = append(keys, "percentile")
	}
	return keys
}

func (o *overTime) bound(e entry, f *faults) {
	s, ok := scalarOf(e.value)
	value, isNumber := new(big.Rat).SetString(s.text)
	switch {
	case !ok || s.kind != kindNumber || !isNumber:
		f.add(start(e.value), "%s is %s: expected a number", e.key, describe(e.value))
	case !strings.HasPrefix(o.kind, "value_") && (!value.IsInt() || value.Sign() < 0):
		f.add(start(e.value), "%s is no count: expected a whole number from 0", e.key)
	default:
		o.bounds = append(o.bounds, Bound{e.key, s.text, value})
	}
}

func (o *overTime) percentile(e entry, f *faults) {
	s, ok := scalarOf(e.value)
	if !ok || s.kind != kindNumber || s.num.negative || s.num.approx > 100 {
		f.add(start(e.value), "percentile is no number from 0 to 100")
		return
	}
	o.percent = s.text
}

// rename gives fields their names here: see mapping.
func (o *overTime) rename(name func(string) string) {
	for _, list := range [][]scalar{o.groupBy, o.fields} {
		for i := range list {
			list[i].text = name(list[i].text)
		}
	}
	for _, a := range o.aliases {
		for i := range a.fields {
			if s, ok := scalarOf(a.fields[i].value); ok {
				a.fields[i].mapped = name(s.text)
			}
		}
	}
}

// field is the value of an alias for one rule.
func (e entry) field(f *faults) (string, position) {
	if e.mapped != "" {
		return e.mapped, start(e.value)
	}
	return text(e, f), start(e.value)
}
