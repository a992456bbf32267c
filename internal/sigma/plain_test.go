package sigma

import (
	"encoding/json"
	"math/big"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/watchglass/watchglass/schema"
)

// plainEvent gives the values under a path, the slow way: text, json.Number, bool,
// nil or map; there says whether the path is there at all.
type plainEvent interface {
	values(path string) (list []any, there bool)
	words() []any
	typed() bool
}

// plainMatch evaluates a rule as its author wrote it: from the parsed document,
// value by value, with no sharing, no folding ahead and nothing remembered.
func plainMatch(r *Rule, ev plainEvent) bool {
	return plainWanted(r.source, ev) &&
		!slices.ContainsFunc(r.source.filters, func(filter *document) bool { return !plainWanted(filter, ev) })
}

func plainWanted(d *document, ev plainEvent) bool {
	return slices.ContainsFunc(d.wanted, func(e *expression) bool { return plainExpression(e, ev) })
}

func plainExpression(e *expression, ev plainEvent) bool {
	if e.search != nil {
		return plainTree(e.search.tree, ev)
	}
	held := 0
	for _, kid := range e.kids {
		if plainExpression(kid, ev) {
			held++
		}
	}
	switch e.op {
	case opNot:
		return held == 0
	case opAnd:
		return held == len(e.kids)
	case opOr:
		return held > 0
	}
	return held >= e.need
}

func plainTree(t tree, ev plainEvent) bool {
	if t.item != nil {
		return plainItem(t.item, ev)
	}
	held := 0
	for _, kid := range t.kids {
		if plainTree(kid, ev) {
			held++
		}
	}
	return held == len(t.kids) || t.op == opOr && held > 0
}

func plainItem(it *item, ev plainEvent) bool {
	held := 0
	for _, forms := range it.forms {
		if slices.ContainsFunc(forms, func(s scalar) bool { return plainValueHolds(it, s, ev) }) {
			held++
		}
	}
	switch {
	case it.mods.neq:
		return held == 0
	case it.mods.all:
		return held == len(it.forms)
	}
	return held > 0
}

func plainValueHolds(it *item, s scalar, ev plainEvent) bool {
	list, there := ev.values(it.field)
	if it.field == keywordPath {
		list, there = ev.words(), true
	}
	switch {
	case it.mods.match == "exists":
		return there == s.flag
	case it.mods.match == "" && s.kind == kindNull:
		return !there || slices.Contains(list, nil)
	case it.mods.match == "" && s.kind == kindText && s.text == "" && ev.typed() && it.field != keywordPath && !there && !plainIsNumber(list):
		return true
	}
	return slices.ContainsFunc(list, func(v any) bool { return v != nil && plainCompare(it, s, v, ev) })
}

func plainIsNumber(list []any) bool {
	return len(list) == 1 && plainNumber(list[0]) != nil
}

func plainNumber(v any) *big.Rat {
	n, ok := v.(json.Number)
	if !ok {
		return nil
	}
	r, ok := new(big.Rat).SetString(string(n))
	if !ok {
		return nil
	}
	return r
}

func plainText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return string(v)
	case bool:
		if v {
			return "true"
		}
		return "false"
	}
	return ""
}

func plainCompare(it *item, s scalar, v any, ev plainEvent) bool {
	if _, isObject := v.(map[string]any); isObject {
		return false
	}
	m := it.mods
	if m.part != wholeValue {
		n, ok := plainPart(m.part, v)
		if !ok {
			return false
		}
		v = n
	}
	switch m.match {
	case "lt", "lte", "gt", "gte":
		return plainOrder(m.match, s, v)
	case "cidr":
		text, isText := v.(string)
		addr, err := netip.ParseAddr(text)
		return isText && err == nil && netip.MustParsePrefix(s.text).Contains(addr.Unmap().WithZone(""))
	case "re":
		flags := ""
		if m.flags != "" {
			flags = "(?" + m.flags + ")"
		}
		return regexp.MustCompile(flags + s.text).MatchString(plainText(v))
	case "fieldref":
		others, _ := ev.values(s.text)
		return slices.ContainsFunc(others, func(o any) bool { return plainSame(v, o, m.cased) })
	case "":
		if it.field == keywordPath {
			break
		}
		if n := plainNumber(v); n != nil && s.kind == kindNumber {
			want, _ := new(big.Rat).SetString(s.text)
			return n.Cmp(want) == 0
		}
		if b, isBool := v.(bool); isBool && s.kind != kindText {
			return s.kind == kindBool && b == s.flag
		}
		if plainNumber(v) != nil && s.kind == kindBool {
			return false
		}
	}
	source := plainPattern(s)
	if it.field == keywordPath || m.match == "contains" || m.match == "endswith" {
		source = ".*" + source
	}
	if it.field == keywordPath || m.match == "contains" || m.match == "startswith" {
		source += ".*"
	}
	if !m.cased {
		source = "(?i:" + source + ")"
	}
	return regexp.MustCompile(`(?s)\A` + source + `\z`).MatchString(plainText(v))
}

// plainPart reads a time from its digits: those of the clock that a text shows.
func plainPart(part timePart, v any) (json.Number, bool) {
	var t time.Time
	switch v := v.(type) {
	case json.Number:
		n, err := strconv.ParseInt(string(v), 10, 64)
		if err != nil || n < 0 || n > 253402300799999 {
			return "", false
		}
		if n < 100_000_000_000 {
			n *= 1000
		}
		t = time.UnixMilli(n).UTC()
	case string:
		m := regexp.MustCompile(`^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d)?)(?:[.,]\d+)?(Z|[+-]\d\d:\d\d)?)?$`).FindStringSubmatch(v)
		if m == nil {
			return "", false
		}
		clock := m[2]
		if len(clock) == 5 && m[3] == "" {
			clock += ":00"
		}
		if clock == "" {
			clock = "00:00:00"
		}
		var err error
		if t, err = time.Parse("2006-01-02 15:04:05", m[1]+" "+clock); err != nil {
			return "", false
		}
	default:
		return "", false
	}
	_, week := t.ISOWeek()
	n := map[timePart]int{partMinute: t.Minute(), partHour: t.Hour(), partDay: t.Day(), partWeek: week, partMonth: int(t.Month()), partYear: t.Year()}[part]
	return json.Number(strconv.Itoa(n)), true
}

// plainPattern is the regular expression of a value's wildcards.
func plainPattern(s scalar) string {
	if s.kind != kindText {
		return regexp.QuoteMeta(s.text)
	}
	text := s.text
	var b strings.Builder
	for text != "" {
		switch {
		case strings.HasPrefix(text, `\*`), strings.HasPrefix(text, `\?`), strings.HasPrefix(text, `\\`):
			b.WriteString(regexp.QuoteMeta(text[1:2]))
			text = text[2:]
			continue
		case text[0] == '*':
			b.WriteString(".*")
		case text[0] == '?':
			b.WriteString(".")
		case s.dashes && strings.ContainsRune("-/–—―", []rune(text)[0]):
			b.WriteString("[-/–—―]")
			text = text[len(string([]rune(text)[0])):]
			continue
		default:
			b.WriteString(regexp.QuoteMeta(text[:1]))
			if text[0] >= 0x80 { // bytes of a rune stay together
				s := b.String()
				b.Reset()
				b.WriteString(s[:len(s)-1])
				r := []rune(text)[0]
				b.WriteString(string(r))
				text = text[len(string(r)):]
				continue
			}
		}
		text = text[1:]
	}
	return b.String()
}

func plainOrder(name string, s scalar, v any) bool {
	n := plainNumber(v)
	if text, isText := v.(string); isText {
		if !json.Valid([]byte(text)) || text == "" || strings.TrimSpace(text) != text {
			return false
		}
		n = plainNumber(json.Number(text))
	}
	if n == nil {
		return false
	}
	want, _ := new(big.Rat).SetString(s.text)
	order := n.Cmp(want)
	return name == "lt" && order < 0 || name == "lte" && order <= 0 || name == "gt" && order > 0 || name == "gte" && order >= 0
}

func plainSame(a, b any, cased bool) bool {
	_, aObject := a.(map[string]any)
	_, bObject := b.(map[string]any)
	if a == nil || b == nil || aObject || bObject {
		return false
	}
	if x, y := plainNumber(a), plainNumber(b); x != nil && y != nil {
		return x.Cmp(y) == 0
	}
	if cased {
		return plainText(a) == plainText(b)
	}
	return strings.EqualFold(plainText(a), plainText(b))
}

// rawEvent is JSON as encoding/json reads it.
type rawEvent struct{ root any }

func plainJSON(t testing.TB, r *Rule, event string) bool {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(event))
	d.UseNumber()
	var root any
	if err := d.Decode(&root); err != nil {
		t.Fatal(err)
	}
	return plainMatch(r, rawEvent{root})
}

func (e rawEvent) typed() bool { return false }

func (e rawEvent) values(path string) ([]any, bool) { return plainDescend(e.root, path) }

func plainDescend(v any, path string) (list []any, there bool) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			more, found := plainDescend(item, path)
			list, there = append(list, more...), there || found
		}
	case map[string]any:
		if child, ok := v[path]; ok {
			return plainFlatten(child), true
		}
		for cut := len(path) - 1; cut > 0; cut-- {
			if child, ok := v[path[:cut]]; ok && path[cut] == '.' {
				return plainDescend(child, path[cut+1:])
			}
		}
	}
	return list, there
}

func plainFlatten(v any) []any {
	array, ok := v.([]any)
	if !ok {
		return []any{v}
	}
	var list []any
	for _, item := range array {
		list = append(list, plainFlatten(item)...)
	}
	return list
}

func (e rawEvent) words() []any { return plainWords(e.root) }

func plainWords(v any) []any {
	var list []any
	switch v := v.(type) {
	case map[string]any:
		for _, child := range v {
			list = append(list, plainWords(child)...)
		}
	case []any:
		for _, item := range v {
			list = append(list, plainWords(item)...)
		}
	default:
		list = append(list, v)
	}
	return list
}

// typedEvent is an access event.
type typedEvent struct{ ev *schema.AccessEvent }

func (e typedEvent) typed() bool { return true }

func (e typedEvent) values(path string) ([]any, bool) {
	f, ok := schema.Lookup(path)
	if !ok {
		return nil, false
	}
	return e.read(f)
}

func (e typedEvent) read(f schema.Field) ([]any, bool) {
	switch f.Kind {
	case schema.String:
		if s := f.Str(e.ev); s != "" {
			return []any{s}, true
		}
	case schema.Strings:
		var list []any
		for _, s := range f.Strs(e.ev) {
			list = append(list, s)
		}
		return list, len(list) > 0
	case schema.Number:
		n := f.Num(e.ev)
		return []any{json.Number(new(big.Int).SetUint64(n).String())}, n != 0
	case schema.Bool:
		return []any{f.Flag(e.ev)}, true
	case schema.Addr:
		if a := f.Addr(e.ev); a.IsValid() {
			return []any{a.String()}, true
		}
	case schema.Time:
		if at := f.Time(e.ev); !at.IsZero() {
			return []any{at.UTC().Format("2006-01-02T15:04:05.000Z07:00")}, true
		}
	}
	return nil, false
}

func (e typedEvent) words() []any {
	var list []any
	for _, f := range schema.Fields() {
		if f.Kind != schema.Bool && f.Kind != schema.Time {
			values, _ := e.read(f)
			list = append(list, values...)
		}
	}
	for _, a := range e.ev.Attributes {
		list = append(list, a.Value)
	}
	return list
}
