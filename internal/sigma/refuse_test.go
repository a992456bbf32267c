package sigma

import (
	"errors"
	"strings"
	"testing"
)

// What cannot be right, or is not supported yet, is refused where it stands.
// The detection of a case begins on line 6, column 5.
func TestRefusals(t *testing.T) {
	for _, c := range []struct{ name, detection, want string }{
		{"unknown modifier", "s:\n    action|contain: x\ncondition: s", `rule.yml:7:9: action|contain: unknown modifier "contain": did you mean "contains"?`},
		{"expand without a list", "s:\n    action|expand: '%x%'\ncondition: s", "rule.yml:7:24: no list for the placeholder %x%: expected the file placeholders/x.txt"},
		{"expand without a placeholder", "s:\n    action|expand: x\ncondition: s", "rule.yml:7:24: expand, but no placeholder"},
		{"a percent sign alone", "s:\n    action|expand: '50%'\ncondition: s", "a percent sign without a name"},
		{"two encodings", "s:\n    action|base64|base64offset: x\ncondition: s", "modifiers base64 and base64offset do not go together"},
		{"encodings in the wrong order", "s:\n    action|base64|wide: x\ncondition: s", "modifier wide comes after base64: expected it before"},
		{"encoding after the comparison", "s:\n    action|contains|base64: x\ncondition: s", "modifier base64 comes after contains: expected it before"},
		{"encoded regular expression", "s:\n    action|base64|re: x\ncondition: s", "modifier base64 does not go with re"},
		{"encoded wildcard", "s:\n    action|base64: 'x*'\ncondition: s", "rule.yml:7:24: base64 of a text with wildcards"},
		{"encoded number", "s:\n    action|base64: 5\ncondition: s", "base64 has a number for a value: expected a text"},
		{"too short for an offset", "s:\n    action|base64offset|contains: x\ncondition: s", "the text is too short for base64offset"},
		{"wide text beyond ASCII", "s:\n    action|wide: ä\ncondition: s", "wide of 'ä' is no text: expected base64"},
		{"byte order mark in a text", "s:\n    action|utf16: x\ncondition: s", "utf16 begins with a byte order mark, which is no text"},
		{"dashes without end, encoded", "s:\n    action|windash|base64: -a-b-c-d-e\ncondition: s", "windash before an encoding, with more than 4 dashes"},
		{"windash of a network", "s:\n    origin.ip|windash|cidr: 10.0.0.0/8\ncondition: s", "modifier windash does not go with cidr"},
		{"two parts of a time", "s:\n    time|hour|minute: 5\ncondition: s", "modifiers hour and minute do not go together"},
		{"part of a time with contains", "s:\n    time|hour|contains: 5\ncondition: s", "modifier hour goes with lt, lte, gt, gte and neq only"},
		{"no such hour", "s:\n    time|hour: 24\ncondition: s", "rule.yml:7:20: hour is a whole number from 0 to 23"},
		{"hour of a number", "s:\n    rows|hour: 5\ncondition: s", "rows is no time: hour takes a number out of one"},
		{"hour that is a text", "s:\n    time|hour: '5'\ncondition: s", "hour has a text for a value: expected a number"},
		{"two comparisons", "s:\n    action|contains|re: x\ncondition: s", "modifiers contains and re do not go together"},
		{"modifier twice", "s:\n    action|contains|contains: x\ncondition: s", "modifier contains is there twice"},
		{"i without re", "s:\n    action|i: x\ncondition: s", "modifier i belongs to a regular expression"},
		{"cased re", "s:\n    action|re|cased: x\ncondition: s", "modifier cased does not go with re"},
		{"neq with re", "s:\n    action|re|neq: x\ncondition: s", "modifier neq does not go with re"},
		{"null among values", "s:\n    action: [x, null]\ncondition: s", "rule.yml:7:21: action has null among other values"},
		{"neq with all", "s:\n    action|neq|all: [x, y]\ncondition: s", "modifier neq does not go with all"},
		{"all of exists", "s:\n    action|exists|all: [true, true]\ncondition: s", "modifier all does not go with exists"},
		{"all with one value", "s:\n    action|contains|all: [x]\ncondition: s", "rule.yml:7:30: all has a single value"},
		{"keyword with contains", "s:\n    '|contains': x\ncondition: s", "keywords take the modifiers all, cased, re and those that encode only"},
		{"no field", "s:\n    '': x\ncondition: s", "a field has no name"},
		{"unknown field", "s:\n    accessor.employr: x\ncondition: s", `rule.yml:7:9: no event has a field "accessor.employr": did you mean "accessor.employer"?`},
		{"field without its parent", "s:\n    restricted_by: x\ncondition: s", `did you mean "accessor.restricted_by"?`},
		{"unknown fieldref", "s:\n    action|fieldref: nothing\ncondition: s", `rule.yml:7:26: no event has a field "nothing"`},
		{"bad regular expression", "s:\n    action|re: 'a('\ncondition: s", "rule.yml:7:20: bad regular expression: missing closing )"},
		{"look-around", "s:\n    action|re: '(?=a)'\ncondition: s", "expected RE2 syntax"},
		{"bad network", "s:\n    origin.ip|cidr: 10.0.0.0\ncondition: s", `rule.yml:7:25: "10.0.0.0" is no network: expected one such as 10.0.0.0/8`},
		{"host bits", "s:\n    origin.ip|cidr: 10.1.0.0/8\ncondition: s", "bits behind the prefix are set, expected 10.0.0.0/8"},
		{"cidr on a number", "s:\n    rows|cidr: 10.0.0.0/8\ncondition: s", "rows is no address"},
		{"gt with text", "s:\n    rows|gt: '5'\ncondition: s", "rule.yml:7:18: gt has a text for a value: expected a number"},
		{"gt on a time", "s:\n    time|gt: 5\ncondition: s", "time is no number"},
		{"gt on an address", "s:\n    origin.ip|gt: 5\ncondition: s", "origin.ip is no number"},
		{"exists with text", "s:\n    action|exists: sure\ncondition: s", "exists has a text for a value: expected true or false"},
		{"exists with a list", "s:\n    action|exists: [true, false]\ncondition: s", "exists has a list of values"},
		{"flag with text", "s:\n    accessor.known: maybe\ncondition: s", "accessor.known is true or false"},
		{"flag with a modifier", "s:\n    accessor.known|contains: t\ncondition: s", "accessor.known is true or false"},
		{"contains null", "s:\n    action|contains: null\ncondition: s", "contains has null for a value: expected a text"},
		{"null keyword", "s:\n    - null\ncondition: s", "s holds null: expected a map or a keyword"},
		{"nested map", "s:\n    accessor:\n        id: x\ncondition: s", "accessor has keys and values for a value"},
		{"nested list", "s:\n    action: [[x]]\ncondition: s", "action has a list for a value"},
		{"empty list of values", "s:\n    action: []\ncondition: s", "action has no value"},
		{"empty search", "s: {}\ncondition: s", "s is empty"},
		{"empty list", "s: []\ncondition: s", "s is an empty list"},
		{"null search", "s:\ncondition: s", "s is null"},
		{"anchor", "s:\n    action: &a x\ncondition: s", "YAML anchor"},
		{"same key twice", "s:\n    action: x\n    action: y\ncondition: s", "rule.yml:8:9: not YAML: mapping key \"action\" already defined"},
		{"no condition", "s:\n    action: x", "the detection has no condition"},
		{"no search", "condition: s", "the detection has no search identifier"},
		{"condition is a map", "s:\n    action: x\ncondition:\n    a: b", "a condition is keys and values"},
		{"empty condition", "s:\n    action: x\ncondition: ''", "the condition is empty"},
		{"condition names nothing", "sel:\n    action: x\ncondition: sell", `rule.yml:8:16: the condition names "sell", which the detection does not define: did you mean "sel"?`},
		{"place within the condition", "s:\n    action: x\ncondition: 's and nope'", `rule.yml:8:23: the condition names "nope"`},
		{"pattern names nothing", "s:\n    action: x\ncondition: 1 of f_*", `rule.yml:8:21: "f_*" names no search identifier`},
		{"never closed", "s:\n    action: x\ncondition: (s", "rule.yml:8:16: this parenthesis is never closed"},
		{"closed too often", "s:\n    action: x\ncondition: s)", "rule.yml:8:17: a closing parenthesis too many"},
		{"ends too early", "s:\n    action: x\ncondition: s and", "rule.yml:8:21: the condition ends too early"},
		{"two identifiers", "s:\n    action: x\ncondition: s s", `rule.yml:8:18: unexpected "s" in the condition: expected and, or, or the end`},
		{"operator first", "s:\n    action: x\ncondition: and s", `unexpected "and" in the condition`},
		{"more than there are", "s:\n    action: x\ncondition: 2 of s*", "2 of s* can never hold: it names 1 search identifiers"},
		{"0 of", "s:\n    action: x\ncondition: 0 of s*", `"0" is no quantity`},
		{"some of", "s:\n    action: x\ncondition: some of s*", `"some" is no quantity`},
		{"of what", "s:\n    action: x\ncondition: 1 of", "the condition ends too early: expected them or a pattern"},
		{"aggregation", "s:\n    action: x\ncondition: s | count() > 5", "aggregations after | are Sigma 1's"},
		{"timeframe", "s:\n    action: x\ntimeframe: 1h\ncondition: s", "timeframe belongs to Sigma 1's aggregations"},
		{"identifier that is a word", "all:\n    action: x\ncondition: all of them", `"all" cannot name a search`},
		{"deep condition", "s:\n    action: x\ncondition: " + strings.Repeat("not ", 200) + "s", "the condition is nested deeper than 100 levels"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse("rule.yml", []byte(ruleText(c.detection)), Options{})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got  %v\nwant %s", err, c.want)
			}
			var fault *Fault
			if !errors.As(err, &fault) || fault.Line == 0 || fault.Column == 0 || fault.File != "rule.yml" {
				t.Errorf("no place in %#v", fault)
			}
		})
	}
}

func TestRefusalsOfTheWholeFile(t *testing.T) {
	good := ruleText("s:\n    action: x\ncondition: s")
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", "rule.yml: the file is empty"},
		{"only a comment", "# nothing\n", "rule.yml: the file is empty"},
		{"not YAML", "title: [", "not YAML"},
		{"not UTF-8", "title: \xff", "not valid UTF-8"},
		{"a list", "- a", "rule.yml:1:1: the rule is a list"},
		{"the same rule twice", good + "---\n" + good, `rule.yml:11:5: id "7a2f0a3e-3f0e-4f5e-9a51-0c6f3b8f4d10" is taken by rule.yml:2:5`},
		{"brackets", "a: " + strings.Repeat("[", 100), "brackets or lists nested deeper than 64 levels"},
		{"lists on one line", strings.Repeat("- ", 100) + "x", "brackets or lists nested deeper than 64 levels"},
		{"no title", strings.Replace(good, "title", "titel", 1), "the rule has no title"},
		{"no id", strings.Replace(good, "id: ", "author: ", 1), "the rule has no id: expected one, a UUID"},
		{"empty id", strings.Replace(good, "id: 7a2f0a3e-3f0e-4f5e-9a51-0c6f3b8f4d10", "id: ''", 1), "rule.yml:2:5: id is empty"},
		{"id with a space", strings.Replace(good, "id: 7", "id: a 7", 1), "id has spaces"},
		{"no logsource", strings.Replace(good, "logsource:\n    product: watchglass\n", "", 1), "the rule has no logsource"},
		{"no detection", "title: x\nid: y\nlogsource:\n    product: z\n", "the rule has no detection"},
		{"unknown level", good + "level: urgent\n", `rule.yml:9:8: unknown level "urgent"`},
		{"near level", good + "level: hihg\n", `did you mean "high"?`},
		{"unknown status", good + "status: done\n", `unknown status "done"`},
		{"unsupported", good + "status: unsupported\n", "status is unsupported"},
		{"bad date", good + "date: yesterday\n", "date is no date: expected YYYY-MM-DD"},
		{"tags of maps", good + "tags:\n    - a: b\n", "tags holds keys and values"},
		{"long title", "title: " + strings.Repeat("x", 257) + "\n", "title has more than 256 characters"},
		{"rule and correlation", good + "correlation:\n    type: event_count\n", "expected one of detection, correlation and filter"},
		{"unknown taxonomy", good + "taxonomy: ecs\n", `rule.yml:9:11: taxonomy "ecs": expected a file NAME.fields.yml`},
		{"collection", "title: x\naction: global\n", "a rule collection"},
		{"unknown own key", good + "watchglass:\n    groupby: [accessor.id]\n", `unknown key "groupby" in watchglass: expected group-by`},
		{"empty group-by", good + "watchglass:\n    group-by: []\n", "group-by is empty"},
		{"unknown group-by", good + "watchglass:\n    group-by: [accessor.nme]\n", `no event has a field "accessor.nme"`},
		{"unknown evidence", good + "fields: [nope]\n", `no event has a field "nope"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse("rule.yml", []byte(c.text), Options{})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}
