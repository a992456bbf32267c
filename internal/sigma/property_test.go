package sigma

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/watchglass/watchglass/schema"
)

// Generated rules and events: the matcher, with all that it shares, folds ahead
// and remembers, says what the plain evaluator says.

// drawScalar is a value as a rule's author could write it, quoted for YAML.
func drawScalar(t *rapid.T) string {
	text := rapid.StringOfN(rapid.SampledFrom([]rune(`aAbBkKıſßÄä*?\. 05-`)), 0, 5, -1)
	quoted := rapid.Map(text, func(s string) string { return "'" + s + "'" })
	return rapid.OneOf(quoted, quoted, quoted, rapid.SampledFrom([]string{"0", "5", "-5", "5.0", "1e2", "true", "false", "null"})).Draw(t, "value")
}

func drawItem(t *rapid.T, fields []string) string {
	field := rapid.SampledFrom(fields).Draw(t, "field")
	mods := rapid.SampledFrom([]string{"", "", "|contains", "|startswith", "|endswith", "|cased", "|contains|cased", "|neq", "|startswith|neq", "|exists", "|gt", "|lte", "|re", "|re|i", "|cidr", "|fieldref", "|fieldref|neq", "|all", "|contains|all", "|windash", "|windash|contains|all", "|base64", "|wide|contains", "|day", "|hour|gte"}).Draw(t, "modifiers")
	var value string
	switch {
	case strings.HasPrefix(mods, "|exists"):
		value = rapid.SampledFrom([]string{"true", "false"}).Draw(t, "exists")
	case mods == "|day" || mods == "|hour|gte":
		value = rapid.SampledFrom([]string{"1", "5", "20"}).Draw(t, "part")
	case mods == "|gt" || mods == "|lte":
		value = rapid.SampledFrom([]string{"0", "5", "-5", "5.5", "100"}).Draw(t, "number")
	case strings.HasPrefix(mods, "|re"):
		value = "'" + rapid.SampledFrom([]string{"a", "^a", "b$", "[ab]+k", "^$", "."}).Draw(t, "expression") + "'"
	case mods == "|cidr":
		value = rapid.SampledFrom([]string{"10.0.0.0/8", "'2001:db8::/32'"}).Draw(t, "network")
	case strings.HasPrefix(mods, "|fieldref"):
		value = rapid.SampledFrom(fields).Draw(t, "other")
	case strings.HasSuffix(mods, "|all"):
		value = "[" + drawScalar(t) + ", " + drawScalar(t) + "]"
	default:
		n := rapid.IntRange(1, 3).Draw(t, "count")
		var list []string
		for range n {
			list = append(list, drawScalar(t))
		}
		value = "[" + strings.Join(list, ", ") + "]"
	}
	return field + mods + ": " + value
}

// drawDetection is a detection that may be refused, for example for null with contains.
func drawDetection(t *rapid.T, fields []string) string {
	var b strings.Builder
	n := rapid.IntRange(1, 4).Draw(t, "searches")
	for i := range n {
		fmt.Fprintf(&b, "s_%d:\n", i)
		switch rapid.IntRange(0, 3).Draw(t, "shape") {
		case 0:
			fmt.Fprintf(&b, "    - %s\n    - %s\n", drawItem(t, fields), drawItem(t, fields))
		case 1:
			fmt.Fprintf(&b, "    - %s\n    - k\n", drawItem(t, fields))
		default:
			fmt.Fprintf(&b, "    %s\n", drawItem(t, fields))
		}
	}
	last := n - 1
	fmt.Fprintf(&b, "condition: "+rapid.SampledFrom([]string{
		"1 of s_*", "all of them", "s_0 and not s_%[1]d", "not (s_0 or s_%[1]d)", "s_%[1]d", "not 1 of them", "s_0 or s_%[1]d and not s_0",
	}).Draw(t, "condition")+"%.0[1]d", last)
	return b.String()
}

func drawText(t *rapid.T) string {
	return rapid.OneOf(
		rapid.StringOfN(rapid.SampledFrom([]rune(`aAbBkKıſßÄä*?\. 05-`+"\u212a")), 0, 6, -1),
		rapid.SampledFrom([]string{"", "5", "-5", "5.0", "true", "null", "10.1.2.3", "2001:db8::1", "::ffff:10.1.1.1", "2026-01-05T20:00:00+03:00", "2026-01-01", "YQ=="}),
	).Draw(t, "text")
}

func drawJSON(t *rapid.T, depth int) any {
	switch rapid.IntRange(0, 8).Draw(t, "kind") {
	case 0:
		return nil
	case 1:
		return rapid.Bool().Draw(t, "flag")
	case 2:
		return json.Number(rapid.SampledFrom([]string{"0", "5", "-5", "5.0", "5.5", "100", "1e2"}).Draw(t, "number"))
	case 3, 4:
		if depth > 0 {
			list := []any{}
			for range rapid.IntRange(0, 3).Draw(t, "length") {
				list = append(list, drawJSON(t, depth-1))
			}
			return list
		}
	case 5:
		if depth > 0 {
			return map[string]any{"b": drawJSON(t, depth-1), "c.d": drawJSON(t, depth-1)}
		}
	}
	return drawText(t)
}

func TestMatcherAgreesWithPlainEvaluatorOnJSON(t *testing.T) {
	fields := []string{"a", "a.b", "a.c.d", "b", "missing"}
	accepted, matched := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		set, err := Parse("r.yml", []byte(ruleText(drawDetection(t, fields))), Options{AnyField: true})
		if err != nil {
			return // refused; the counts below show that most are not
		}
		accepted++
		m := set.NewMatcher()
		for range 8 {
			event := map[string]any{}
			for _, name := range []string{"a", "b", "a.b"} {
				if rapid.Bool().Draw(t, "there") {
					event[name] = drawJSON(t, 2)
				}
			}
			line, err := json.Marshal(event)
			if err != nil {
				t.Fatal(err)
			}
			found, err := m.MatchJSON(line)
			if err != nil {
				t.Fatalf("%v: %s", err, line)
			}
			d := json.NewDecoder(strings.NewReader(string(line)))
			d.UseNumber()
			var root any
			if err := d.Decode(&root); err != nil {
				t.Fatal(err)
			}
			if want := plainMatch(set.rules[0], rawEvent{root}); want != (len(found) == 1) {
				t.Fatalf("plain evaluator says %t, matcher does not: %s", want, line)
			}
			matched += len(found)
		}
	})
	wantBoth(t, accepted, matched)
}

func TestMatcherAgreesWithPlainEvaluatorOnAccessEvents(t *testing.T) {
	fields := []string{"action", "rows", "resource.fields", "origin.ip", "attributes.k", "subject.count", "accessor.device", "time"}
	accepted, matched := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		set, err := Parse("r.yml", []byte(ruleText(drawDetection(t, fields))), Options{})
		if err != nil {
			return // refused; the counts below show that most are not
		}
		accepted++
		m := set.NewMatcher()
		for range 8 {
			ev := sampleEvent()
			ev.Action, ev.Accessor.Device = drawText(t), drawText(t)
			ev.Rows = rapid.SampledFrom([]uint64{0, 5, 50, 100}).Draw(t, "rows")
			ev.Resource.Fields = rapid.SliceOfN(rapid.Custom(drawText), 0, 3).Draw(t, "fields")
			ev.Attributes = schema.AttributeMap{{Key: "k", Value: drawText(t)}}
			if want, got := plainMatch(set.rules[0], typedEvent{ev}), len(m.Match(ev)) == 1; want != got {
				t.Fatalf("plain evaluator says %t, matcher %t: %+v", want, got, ev)
			} else if got {
				matched++
			}
		}
	})
	wantBoth(t, accepted, matched)
}

// wantBoth holds the generators to making rules that are accepted, and events of
// which some match and some do not.
func wantBoth(t *testing.T, accepted, matched int) {
	t.Helper()
	if accepted < 10 || matched < accepted/2 || matched > 7*accepted {
		t.Errorf("%d rules accepted, %d of %d events matched: the generators miss the point", accepted, matched, 8*accepted)
	}
	t.Logf("%d rules accepted, %d of %d events matched", accepted, matched, 8*accepted)
}

// Numbers order as their values do, whatever their size.
func TestNumbersOrder(t *testing.T) {
	texts := []string{"-1e400", "-18446744073709551616", "-5.5", "-5", "0", "0.5", "5", "9007199254740992", "9007199254740993", "18446744073709551615", "1e400"}
	for i, a := range texts {
		for j, b := range texts {
			x, ok := parseNumber(a)
			y, fine := parseNumber(b)
			if !ok || !fine {
				t.Fatalf("%s or %s is no number", a, b)
			}
			if got, want := x.compare(y), compareInts(i, j); got != want {
				t.Errorf("compare %s with %s: %d, want %d", a, b, got, want)
			}
		}
	}
	for _, text := range []string{"", "-", "05", "+5", "1.", ".5", "1e", "0x1f", "1_000", "NaN", "Inf", " 5", "5 ", "٥"} {
		if _, ok := parseNumber(text); ok {
			t.Errorf("%q was taken for a number", text)
		}
	}
}

func compareInts(a, b int) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
