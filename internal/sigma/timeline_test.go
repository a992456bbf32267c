package sigma

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// overTimeText is a rule over time, with rules a, b and c on single events, which match
// events whose member k is a, b or c.
func overTimeText(correlation string) string {
	var b strings.Builder
	b.WriteString("title: over time\nid: over\ncorrelation:\n    " + strings.ReplaceAll(strings.TrimSpace(correlation), "\n", "\n    ") + "\n")
	for _, k := range []string{"a", "b", "c"} {
		fmt.Fprintf(&b, "---\ntitle: %[1]s\nname: %[1]s\nlogsource: {category: any}\ndetection:\n    s: {k: %[1]s}\n    condition: s\n", k)
	}
	return b.String()
}

// findings runs events, written as `0 a u=1` (second, k, members), and gives the
// findings as `1 {u:1}`: the index of the completing event, and the group.
func findings(t *testing.T, rules string, events ...string) string {
	t.Helper()
	set, err := Parse("r.yml", []byte(rules), Options{AnyField: true})
	if err != nil {
		t.Fatal(err)
	}
	m, timeline := set.NewMatcher(), set.NewTimeline()
	for i, text := range events {
		line := jsonOf(t, text)
		matched, err := m.MatchJSON([]byte(line))
		if err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if err := timeline.addJSON(i, &m.json, Lines{}.fields(), matched); err != nil {
			t.Fatal(err)
		}
	}
	var all []string
	for _, f := range timeline.Findings() {
		text := fmt.Sprint(f.Event)
		for _, g := range f.Group {
			text += fmt.Sprintf(" %s:%s", g.Name, g.Value)
		}
		if f.Rule.ID != "over" {
			text = f.Rule.ID + " " + text
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}

func jsonOf(t *testing.T, text string) string {
	t.Helper()
	parts := strings.Fields(text)
	seconds, err := time.ParseDuration(parts[0] + "s")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC).Add(seconds)
	line := fmt.Sprintf(`{"time":%q,"k":%q`, at.Format(time.RFC3339Nano), parts[1])
	for _, member := range parts[2:] {
		name, value, _ := strings.Cut(member, "=")
		line += fmt.Sprintf(`,%q:%s`, name, value)
	}
	return line + "}"
}

func TestFindings(t *testing.T) {
	for _, c := range []struct {
		name, correlation string
		events            []string
		want              string
	}{
		{
			"event_count", "type: event_count\nrules: [a]\ngroup-by: [u]\ntimespan: 10s\ncondition: {gte: 3}",
			[]string{"0 a u=1", "5 a u=1", "5 b u=1", "6 a u=2", "10 a u=1", "11 a u=1", "30 a u=1"},
			"4 u:1, 5 u:1",
		},
		{"window is closed at both ends", "type: event_count\nrules: [a]\ntimespan: 10s\ncondition: {gte: 2}", []string{"0 a", "10 a", "20.001 a"}, "1"},
		{"the order of arrival does not count", "type: event_count\nrules: [a]\ntimespan: 10s\ncondition: {gte: 2}", []string{"15 a", "100 a", "10 a"}, "0"},
		{"events at one time, in the order of the file", "type: event_count\nrules: [a]\ntimespan: 10s\ncondition: {gte: 2}", []string{"5 a", "5 a"}, "1"},
		{"eq", "type: event_count\nrules: [a]\ntimespan: 10s\ncondition: {eq: 2}", []string{"0 a", "1 a", "2 a"}, "1"},
		{"neq", "type: event_count\nrules: [a]\ntimespan: 10s\ncondition: {neq: 2}", []string{"0 a", "1 a", "2 a"}, "0, 2"},
		{"a range", "type: event_count\nrules: [a]\ntimespan: 10s\ncondition: {gt: 1, lte: 2}", []string{"0 a", "1 a", "2 a"}, "1"},
		{"several rules count together, an event once", "type: event_count\nrules: [a, b]\ntimespan: 10s\ncondition: {gt: 1}", []string{"0 a", "1 b", "2 c"}, "1"},
		{"a group of what is not there", "type: event_count\nrules: [a]\ngroup-by: [u]\ntimespan: 10s\ncondition: {gte: 2}", []string{"0 a", "1 a u=1", "2 a"}, "2 u:"},
		{"a list is a group for each element", "type: event_count\nrules: [a]\ngroup-by: [u, v]\ntimespan: 10s\ncondition: {gte: 2}", []string{`0 a u=["x","y"] v=1`, `1 a u=["y","z","y"] v=1`, `2 a u="y" v=2`}, "1 u:y v:1"},
		{"value_count", "type: value_count\nrules: [a]\ngroup-by: [u]\ntimespan: 10s\ncondition: {gte: 2, field: v}", []string{"0 a u=1 v=1", "1 a u=1 v=1", "2 a u=1", `3 a u=1 v="x"`, "13.5 a u=1 v=2"}, "3 u:1"},
		{"value_count of lists", "type: value_count\nrules: [a]\ntimespan: 10s\ncondition: {gte: 3, field: v}", []string{`0 a v=["x","y"]`, `1 a v=["y","z"]`}, "1"},
		{"value_count of two fields", "type: value_count\nrules: [a]\ntimespan: 10s\ncondition: {gte: 2, field: [v, w]}", []string{"0 a v=1 w=1", "1 a v=1", "2 a v=1 w=2"}, "2"},
		{"value_sum", "type: value_sum\nrules: [a]\ntimespan: 10s\ncondition: {gt: 10, field: v}", []string{"0 a v=5", `1 a v="5"`, `2 a v="x"`, "3 a v=0.5", "11 a v=1"}, "3"},
		{"value_avg", "type: value_avg\nrules: [a]\ntimespan: 10s\ncondition: {gte: 2.5, field: v}", []string{"0 a v=2", "1 a v=3", "2 a v=1"}, "1"},
		{"value_median", "type: value_median\nrules: [a]\ntimespan: 10s\ncondition: {eq: 2.5, field: v}", []string{"0 a v=9", "1 a v=2", "2 a v=3", "3 a v=1"}, "3"},
		{"value_percentile", "type: value_percentile\nrules: [a]\ntimespan: 100s\ncondition: {gte: 9, percentile: 90, field: v}", []string{"0 a v=1", "1 a v=2", "2 a v=10", "3 a v=10"}, "3"},
		{"nothing to measure", "type: value_avg\nrules: [a]\ntimespan: 10s\ncondition: {lt: 5, field: v}", []string{"0 a", "1 a v=1"}, "1"},
		{"temporal", "type: temporal\nrules: [a, b, c]\ngroup-by: [u]\ntimespan: 10s", []string{"0 c u=1", "1 a u=1", "2 b u=2", "5 b u=1", "11 a u=1"}, "3 u:1"},
		{"temporal, two of three", "type: temporal\nrules: [a, b, c]\ntimespan: 10s\ncondition: {gte: 2}", []string{"0 c", "1 c", "2 a"}, "2"},
		{"temporal, with and and or", "type: temporal\nrules: [a, b, c]\ntimespan: 10s\ncondition: a and (b or c)", []string{"0 b", "1 c", "2 a", "20 a"}, "2"},
		{"temporal_ordered", "type: temporal_ordered\nrules: [a, b, c]\ntimespan: 10s", []string{"0 b", "1 a", "2 c", "3 b", "4 c", "12 c"}, "4"},
		{"ordered, the latest beginning counts", "type: temporal_ordered\nrules: [a, b]\ntimespan: 10s", []string{"0 a", "8 a", "15 b"}, "2"},
		{"ordered, condition that says the same", "type: temporal_ordered\nrules: [a, b]\ntimespan: 10s\ncondition: a AND b", []string{"0 a", "8 b"}, "1"},
		{"aliases", "type: temporal\nrules: [a, b]\ngroup-by: [who]\ntimespan: 10s\naliases:\n    who: {a: u, b: v}", []string{"0 a u=1 v=9", "1 b u=9 v=1", "2 b u=1 v=2"}, "1 who:1"},
		{"fewer than", "type: event_count\nrules: [a]\ngroup-by: [u]\ntimespan: 10s\ncondition: {lt: 2}", []string{"0 a u=1", "1 a u=1", "11 a u=1", "15 b", "45 c"}, "2 u:1, 2 u:1"},
		{"silence, once", "type: event_count\nrules: [a]\ntimespan: 10s\ncondition: {lte: 0}", []string{"0 a", "11 a", "45 c"}, "1"},
		{"silence that is not over", "type: event_count\nrules: [a]\ntimespan: 10s\ncondition: {eq: 0}", []string{"0 a", "19 c"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := findings(t, overTimeText(c.correlation), c.events...); got != c.want {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
}

// Sigma's own example: many failed logins, then one that succeeds.
func TestChainOfRulesOverTime(t *testing.T) {
	rules := strings.Replace(overTimeText("type: temporal_ordered\nrules: [many, b]\ngroup-by: [u]\ntimespan: 10s"),
		"---", "---\ntitle: many\nname: many\ncorrelation:\n    type: event_count\n    rules: [a]\n    group-by: [u, host]\n    timespan: 10s\n    condition: {gte: 3}\n---", 1)
	got := findings(t, rules, "0 a u=1 host=1", "1 a u=1 host=1", "2 b u=1", "3 a u=1 host=2", "4 a u=1 host=1", "5 b u=2", "6 b u=1", "15 b u=1")
	if want := "many 4 u:1 host:1, 6 u:1"; got != want {
		t.Errorf("found %q, want %q", got, want)
	}
}

func TestOneEventIsOneLinkOfAChain(t *testing.T) {
	rules := strings.Replace(overTimeText("type: temporal_ordered\nrules: [a, any]\ntimespan: 10s"),
		"---", "---\ntitle: any\nname: any\nlogsource: {category: any}\ndetection:\n    s: {k|exists: true}\n    condition: s\n---", 1)
	if got := findings(t, rules, "0 a", "1 c"); got != "1" {
		t.Errorf("found %q, want the second event only", got)
	}
}

func TestRulesForOthersAlone(t *testing.T) {
	correlation := "type: event_count\nrules: [a]\ntimespan: 10s\ncondition: {gte: 2}"
	quiet := func(text string) (ids []string) {
		set, err := Parse("r.yml", []byte(text), Options{AnyField: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range set.All() {
			if r.Quiet {
				ids = append(ids, r.ID)
			}
		}
		return ids
	}
	if got := quiet(overTimeText(correlation)); len(got) != 1 || got[0] != "a" {
		t.Errorf("quiet: %v, want a", got)
	}
	if got := quiet(overTimeText(correlation + "\ngenerate: true")); got != nil {
		t.Errorf("quiet in spite of generate: %v", got)
	}
}

func TestRefusalsOfCorrelations(t *testing.T) {
	const good = "type: event_count\nrules: [a]\ngroup-by: [action]\ntimespan: 10s\ncondition: {gte: 3}"
	for _, c := range []struct{ name, correlation, want string }{
		{"no type", strings.Replace(good, "type: event_count\n", "", 1), "r.yml:3:1: the correlation has no type"},
		{"unknown type", strings.Replace(good, "event_count", "event_cuont", 1), `r.yml:4:11: unknown type "event_cuont": did you mean "event_count"?`},
		{"no rules", strings.Replace(good, "rules: [a]\n", "", 1), "the correlation names no rules"},
		{"unknown rule", strings.Replace(good, "[a]", "[nope]", 1), `r.yml:5:13: the correlation names "nope", and there is no such rule`},
		{"a rule twice", strings.Replace(good, "[a]", "[a, a]", 1), `the correlation names "a" twice`},
		{"itself", strings.Replace(good, "[a]", "[over]", 1), "the correlation over depends on itself"},
		{"no time span", strings.Replace(good, "timespan: 10s\n", "", 1), "the correlation has no timespan"},
		{"bad time span", strings.Replace(good, "10s", "10M", 1), "r.yml:7:15: timespan is no time span: expected a number from 1 with s, m, h or d"},
		{"no time", strings.Replace(good, "10s", "0s", 1), "timespan is no time span"},
		{"too long", strings.Replace(good, "10s", "4000d", 1), "timespan is no time span"},
		{"no condition", strings.Replace(good, "condition: {gte: 3}", "", 1), "the correlation has no condition"},
		{"empty condition", strings.Replace(good, "{gte: 3}", "{}", 1), "the condition compares with nothing"},
		{"unknown comparison", strings.Replace(good, "gte:", "atleast:", 1), `unknown key "atleast" in the condition of event_count: expected gt, gte`},
		{"no number", strings.Replace(good, "gte: 3", "gte: many", 1), "gte is a text: expected a number"},
		{"half an event", strings.Replace(good, "gte: 3", "gte: 2.5", 1), "gte is no count: expected a whole number"},
		{"field of event_count", strings.Replace(good, "gte: 3", "gte: 3, field: rows", 1), `unknown key "field" in the condition of event_count`},
		{"no field", strings.Replace(good, "event_count", "value_count", 1), "the condition has no field"},
		{"sum of a text", strings.NewReplacer("event_count", "value_sum", "gte: 3", "gte: 3, field: action").Replace(good), "action is no number: value_sum cannot measure it"},
		{"two fields of a sum", strings.NewReplacer("event_count", "value_sum", "gte: 3", "gte: 3, field: [rows, bytes]").Replace(good), "value_sum measures one field"},
		{"no percentile", strings.NewReplacer("event_count", "value_percentile", "gte: 3", "gte: 3, field: rows").Replace(good), "the condition has no percentile"},
		{"percentile of 101", strings.NewReplacer("event_count", "value_percentile", "gte: 3", "gte: 3, field: rows, percentile: 101").Replace(good), "percentile is no number from 0 to 100"},
		{"unknown group", strings.Replace(good, "[action]", "[acton]", 1), `r.yml:6:16: no event has a field "acton": did you mean "action"?`},
		{"group twice", strings.Replace(good, "[action]", "[action, action]", 1), `"action" is there twice in group-by`},
		{"unknown key", good + "\ngroupby: [action]", `unknown key "groupby" in correlation: did you mean "group-by"?`},
		{"generate", good + "\ngenerate: often", "generate is a text: expected true or false"},
		{"temporal of one", "type: temporal\nrules: [a]\ntimespan: 10s", "temporal of one rule: expected two or more"},
		{"not", "type: temporal\nrules: [a, b]\ntimespan: 10s\ncondition: a and not b", "not in the condition of a correlation"},
		{"order of some", "type: temporal_ordered\nrules: [a, b, c]\ntimespan: 10s\ncondition: {gte: 2}", "temporal_ordered wants all of its rules"},
		{"alias of another rule", good + "\naliases: {who: {b: action}}", `the alias who names "b", which is none of the correlation's rules`},
		{"alias without use", good + "\naliases: {who: {a: action}}", "the alias who is not in group-by"},
		{"alias for some rules", "type: temporal\nrules: [a, b]\ngroup-by: [who]\ntimespan: 10s\naliases: {who: {a: action}}", `the alias who has no field for the rule "b"`},
		{"alias of an unknown field", "type: temporal\nrules: [a, b]\ngroup-by: [who]\ntimespan: 10s\naliases: {who: {a: action, b: nope}}", `no event has a field "nope"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.ReplaceAll(overTimeText(c.correlation), "{k: ", "{action: ")
			_, err := Parse("r.yml", []byte(text), Options{})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got  %v\nwant %s", err, c.want)
			}
		})
	}
	circle := "title: x\nname: x\ncorrelation: {type: event_count, rules: [y], timespan: 1m, condition: {gte: 2}}\n---\ntitle: y\nname: y\ncorrelation: {type: event_count, rules: [x], timespan: 1m, condition: {gte: 2}}\n"
	if _, err := Parse("r.yml", []byte(circle), Options{}); err == nil || !strings.Contains(err.Error(), `depends on itself, by way of "x"`) {
		t.Errorf("a circle: %v", err)
	}
	absence := "title: x\nname: x\ncorrelation: {type: event_count, rules: [a], timespan: 1m, condition: {lt: 2}}\n---\n" + strings.Replace(overTimeText("type: event_count\nrules: [x]\ntimespan: 1m\ncondition: {gte: 2}"), "{k: ", "{action: ", 3)
	if _, err := Parse("r.yml", []byte(absence), Options{}); err == nil || !strings.Contains(err.Error(), "asks for fewer than so many, which no event completes") {
		t.Errorf("a chain on absence: %v", err)
	}
}
