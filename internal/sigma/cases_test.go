package sigma

import (
	"os"
	"strings"
	"testing"
)

func TestParseCases(t *testing.T) {
	cases, err := ParseCases("a.test.yml", []byte(`rule: x
tests:
  - name: all kinds of values
    match: true
    event: {"a": "NO", b: NO, c: [1, 1.50, null, true], "d": {"e": "x"}}
  - {name: near miss, match: false, event: {}}
`))
	if err != nil || len(cases) != 2 {
		t.Fatalf("%v %v", cases, err)
	}
	c := cases[0]
	if c.Rule != "x" || !c.Match || c.Line != 3 || string(c.Events[0]) != `{"a":"NO","b":"NO","c":[1,1.50,null,true],"d":{"e":"x"}}` {
		t.Errorf("%+v %s", c, c.Events[0])
	}
	if cases[1].Match || string(cases[1].Events[0]) != "{}" {
		t.Errorf("%+v", cases[1])
	}
	for _, bad := range []struct{ text, want string }{
		{"rule: x\ntests: []", "at least one test"},
		{"tests:\n  - {name: x, match: true, event: {}}", "expected rule: with an id"},
		{"rule: x\ntests:\n  - {name: x, event: {}}", "a.test.yml:3:5: a test has no match"},
		{"rule: x\ntests:\n  - {name: x, match: yes, event: {}}", "match is a text: expected true or false"},
		{"rule: x\ntests:\n  - {name: x, match: true, event: {}, evnt: {}}", `unknown key "evnt" in a test`},
		{"", "the file is empty"},
	} {
		if _, err := ParseCases("a.test.yml", []byte(bad.text)); err == nil || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("%q: got %v, want %s", bad.text, err, bad.want)
		}
	}
}

// Whether the events match is for test/policy, which has the decoder and the
// enrichment.
func TestEveryDefaultRuleHasAMatchAndANearMiss(t *testing.T) {
	set, err := LoadDir("../../deploy/policy/rules", Options{})
	if err != nil {
		t.Fatal(err)
	}
	cases, err := LoadCases(os.DirFS("../../deploy/policy"), "rules")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string][2]bool{}
	for _, c := range cases {
		have := seen[c.Rule]
		matches := c.Match || len(c.Alerts) > 0
		have[0], have[1] = have[0] || matches, have[1] || !matches
		seen[c.Rule] = have
	}
	var rules []*Rule
	overTime := 0
	for _, r := range set.All() {
		if r.Alerts() {
			rules = append(rules, r)
		}
		if r.Alerts() && r.Correlation != nil {
			overTime++
		}
	}
	if len(rules) != 35 || overTime != 20 || len(seen) != 35 {
		t.Errorf("%d rules, %d of them over time, %d tested; want 35, 20 and 35", len(rules), overTime, len(seen))
	}
	for _, r := range rules {
		if seen[r.ID] != [2]bool{true, true} {
			t.Errorf("%s lacks a match or a near miss", r.File)
		}
	}
}
