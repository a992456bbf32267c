package sigma

import (
	"strings"
	"testing"
)

func TestLint(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"nothing to say", ruleText("s:\n    action: read\ncondition: s") + "description: x\n", ""},
		{"no description", ruleText("s:\n    action: read\ncondition: s"), "r.yml:1:1: warning: no description"},
		{"id", strings.Replace(ruleText("s:\n    action: read\ncondition: s"), "7a2f0a3e", "rule", 1) + "description: x\n", "r.yml:2:5: warning: id is no UUID"},
		{"unknown key", ruleText("s:\n    action: read\ncondition: s") + "description: x\nfalsepositive: x\n", `"falsepositive" is no attribute of Sigma: did you mean "falsepositives"?`},
		{"other logsource", strings.Replace(ruleText("s:\n    action: read\ncondition: s"), "product: watchglass", "product: windows", 1) + "description: x\n", "r.yml:3:1: warning: never true: access events are of category data_access"},
		{"unused", ruleText("s:\n    action: read\nf:\n    rows: 1\ncondition: s") + "description: x\n", `r.yml:8:5: warning: no condition names "f"`},
		{"never true", ruleText("s:\n    action: reed\ncondition: s") + "description: x\n", `r.yml:7:17: warning: never true: did you mean "read"? action is one of`},
		{"never true number", ruleText("s:\n    rows: many\ncondition: s") + "description: x\n", "never true: rows is a number"},
		{"always true", ruleText("s:\n    action|contains: ''\ncondition: s") + "description: x\n", "true for every event that has a value here"},
		{"no such field", ruleText("s:\n    CommandLine: x\ncondition: s") + "description: x\n", `no event has a field "CommandLine"`},
		{"shadowed", ruleText("s:\n    statement|contains: [users, users_ip]\ncondition: s") + "description: x\n", `r.yml:7:37: warning: shadowed: "users" finds all that this finds`},
		{"the same value twice", ruleText("s:\n    action: [read, list, READ]\ncondition: s") + "description: x\n", `r.yml:7:30: warning: shadowed: "read" finds`},
		{"all of them are needed", ruleText("s:\n    statement|contains|all: [users, users_ip]\ncondition: s") + "description: x\n", ""},
		{"slow keyword", ruleText("s: [evil]\ncondition: s") + "description: x\n", "slow: keywords are looked for in every text"},
		{"slow expression", ruleText("s:\n    statement|re: '.*users'\ncondition: s") + "description: x\n", "slow: .* at the start finds nothing more"},
		{"silenced", ruleText("s:\n    action: read\ncondition: s") + "description: x\nlevel: high\n---\ntitle: o\nid: 7a2f0a3e-3f0e-4f5e-9a51-0c6f3b8f4d11\ndescription: x\ncorrelation: {type: event_count, rules: [7a2f0a3e-3f0e-4f5e-9a51-0c6f3b8f4d10], timespan: 1m, condition: {gte: 5}}\n", "does not alert by itself"},
		{"deprecated", ruleText("s:\n    action: read\ncondition: s") + "description: x\nstatus: deprecated\n", "status is deprecated"},
	} {
		t.Run(c.name, func(t *testing.T) {
			set, err := Parse("r.yml", []byte(c.text), Options{AnyField: true})
			if err != nil {
				t.Fatal(err)
			}
			warnings := set.Lint()
			if c.want == "" {
				if len(warnings) != 0 {
					t.Errorf("got %v, want nothing", warnings)
				}
				return
			}
			if len(warnings) != 1 || !strings.Contains(warnings[0].String(), c.want) {
				t.Errorf("got  %v\nwant %s", warnings, c.want)
			}
		})
	}
}

func TestDefaultRulesAreCleanOfWarnings(t *testing.T) {
	set, err := LoadDir("../../deploy/policy/rules", Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range set.Lint() {
		t.Error(w)
	}
	for _, r := range set.All() {
		if r.Status != statusStable || r.Author == "" || r.Date == "" {
			t.Errorf("%s: something is missing: %+v", r.File, r)
		}
		if r.Alerts() && (len(r.FalsePositives) == 0 || len(r.References) == 0 || len(r.Tags) == 0 || !r.source.has["level"]) {
			t.Errorf("%s: something is missing: %+v", r.File, r)
		}
	}
}
