package sigma

import "testing"

// Every modifier, value form and condition form, on raw JSON. The names are
// those of the tables in docs/rules.md.
func TestMatch(t *testing.T) {
	type probe struct {
		event string
		want  bool
	}
	for _, c := range []struct {
		name, detection string
		probes          []probe
	}{
		{"text ignores case", "s:\n    a: FooBar\ncondition: s", []probe{{`{"a":"foobar"}`, true}, {`{"a":"FOOBAR"}`, true}, {`{"a":"foobar1"}`, false}, {`{}`, false}}},
		{"text ignores case beyond ASCII", "s:\n    a: Ärger\ncondition: s", []probe{{`{"a":"äRGER"}`, true}, {`{"a":"arger"}`, false}}},
		{"map is and", "s:\n    a: x\n    b: y\ncondition: s", []probe{{`{"a":"x","b":"y"}`, true}, {`{"a":"x"}`, false}}},
		{"list of values is or", "s:\n    a: [x, y]\ncondition: s", []probe{{`{"a":"y"}`, true}, {`{"a":"z"}`, false}}},
		{"list of maps is or", "s:\n    - a: x\n      b: y\n    - c: z\ncondition: s", []probe{{`{"c":"z"}`, true}, {`{"a":"x","b":"y"}`, true}, {`{"a":"x"}`, false}}},
		{"list field: any element", "s:\n    a: x\ncondition: s", []probe{{`{"a":["w","x"]}`, true}, {`{"a":["w"]}`, false}, {`{"a":[]}`, false}}},
		{"list field: not means no element", "s:\n    a: x\ncondition: not s", []probe{{`{"a":["w","x"]}`, false}, {`{"a":["w"]}`, true}, {`{}`, true}}},
		{"list field: one element for each condition", "s:\n    a|startswith: x\n    a|endswith: y\ncondition: s", nil},
		{"path", "s:\n    a.b: x\ncondition: s", []probe{{`{"a":{"b":"x"}}`, true}, {`{"a.b":"x"}`, true}, {`{"a":[{"b":"w"},{"b":"x"}]}`, true}, {`{"a":"x"}`, false}}},
		{"wildcard *", `s:
    a: 'x*z'
condition: s`, []probe{{`{"a":"xyyZ"}`, true}, {`{"a":"xz"}`, true}, {`{"a":"xzy"}`, false}}},
		{"wildcard ?", `s:
    a: 'x?z'
condition: s`, []probe{{`{"a":"xüz"}`, true}, {`{"a":"xz"}`, false}, {`{"a":"xyyz"}`, false}}},
		{"escaped wildcard", `s:
    a: 'x\*z'
condition: s`, []probe{{`{"a":"x*z"}`, true}, {`{"a":"xyz"}`, false}, {`{"a":"x\\*z"}`, false}}},
		{"plain backslash", `s:
    a: 'c:\dir'
condition: s`, []probe{{`{"a":"C:\\Dir"}`, true}, {`{"a":"C:Dir"}`, false}}},
		{"double backslash is one", `s:
    a: 'c:\\dir'
condition: s`, []probe{{`{"a":"C:\\Dir"}`, true}, {`{"a":"C:\\\\Dir"}`, false}}},
		{"escaped backslash before wildcard", `s:
    a: 'x\\*'
condition: s`, []probe{{`{"a":"x\\yz"}`, true}, {`{"a":"x*"}`, false}}},
		{"three backslashes before wildcard", `s:
    a: 'x\\\*'
condition: s`, []probe{{`{"a":"x\\*"}`, true}, {`{"a":"x\\y"}`, false}}},
		{"contains", "s:\n    a|contains: Mid\ncondition: s", []probe{{`{"a":"amidst"}`, true}, {`{"a":"mi-d"}`, false}}},
		{"contains with wildcard", "s:\n    a|contains: 'm?d*t'\ncondition: s", []probe{{`{"a":"amidst"}`, true}, {`{"a":"amids"}`, false}}},
		{"startswith", "s:\n    a|startswith: Ab\ncondition: s", []probe{{`{"a":"abc"}`, true}, {`{"a":"cab"}`, false}}},
		{"endswith", "s:\n    a|endswith: Bc\ncondition: s", []probe{{`{"a":"abc"}`, true}, {`{"a":"bcd"}`, false}}},
		{"all", "s:\n    a|contains|all: [x, y]\ncondition: s", []probe{{`{"a":"-y-x-"}`, true}, {`{"a":"x"}`, false}}},
		{"all on a list field: each value by some element", "s:\n    a|all: [x, y]\ncondition: s", []probe{{`{"a":["y","x"]}`, true}, {`{"a":["x","x"]}`, false}}},
		{"cased", "s:\n    a|cased: FooB*\ncondition: s", []probe{{`{"a":"FooBar"}`, true}, {`{"a":"foobar"}`, false}}},
		{"contains cased", "s:\n    a|contains|cased: oB\ncondition: s", []probe{{`{"a":"FooBar"}`, true}, {`{"a":"foobar"}`, false}}},
		{"cased beside not cased", "a:\n    a|contains: x\nb:\n    a|contains|cased: x\ncondition: a and not b", []probe{{`{"a":"X"}`, true}, {`{"a":"x"}`, false}}},
		{"neq", "s:\n    a|neq: X\ncondition: s", []probe{{`{"a":"y"}`, true}, {`{"a":"x"}`, false}, {`{}`, true}, {`{"a":["y","x"]}`, false}}},
		{"neq with contains", "s:\n    a|contains|neq: [x, y]\ncondition: s", []probe{{`{"a":"ab"}`, true}, {`{"a":"aXb"}`, false}, {`{"a":["z","y"]}`, false}, {`{}`, true}}},
		{"neq of a list: none of them", "s:\n    a|neq: [x, 5]\ncondition: s", []probe{{`{"a":"y"}`, true}, {`{"a":5}`, false}, {`{"a":"x"}`, false}}},
		{"re is searched, and minds case", "s:\n    a|re: 'b+c'\ncondition: s", []probe{{`{"a":"abbcd"}`, true}, {`{"a":"ABBC"}`, false}}},
		{"re i", "s:\n    a|re|i: '^b+c$'\ncondition: s", []probe{{`{"a":"BbC"}`, true}, {`{"a":"abc"}`, false}}},
		{"re m", "s:\n    a|re|m: '^b$'\ncondition: s", []probe{{`{"a":"a\nb\nc"}`, true}, {`{"a":"abc"}`, false}}},
		{"re s", "s:\n    a|re|s: 'a.c'\ncondition: s", []probe{{`{"a":"a\nc"}`, true}, {`{"a":"ac"}`, false}}},
		{"re without s", "s:\n    a|re: 'a.c'\ncondition: s", []probe{{`{"a":"a\nc"}`, false}, {`{"a":"abc"}`, true}}},
		{"re all", "s:\n    a|re|all: ['^a', 'z$']\ncondition: s", []probe{{`{"a":"abz"}`, true}, {`{"a":"ab"}`, false}}},
		{"cidr", "s:\n    a|cidr: [10.0.0.0/8, '2001:db8::/32']\ncondition: s", []probe{{`{"a":"10.1.2.3"}`, true}, {`{"a":"11.1.2.3"}`, false}, {`{"a":"2001:DB8::1"}`, true}, {`{"a":"::ffff:10.1.2.3"}`, true}, {`{"a":"10"}`, false}, {`{"a":10}`, false}}},
		{"exists", "s:\n    a|exists: true\ncondition: s", []probe{{`{"a":null}`, true}, {`{"a":""}`, true}, {`{"a":[]}`, true}, {`{"b":1}`, false}}},
		{"exists false", "s:\n    a|exists: false\ncondition: s", []probe{{`{"a":null}`, false}, {`{"b":1}`, true}}},
		{"null", "s:\n    a: null\ncondition: s", []probe{{`{"a":null}`, true}, {`{}`, true}, {`{"a":""}`, false}, {`{"a":"null"}`, false}, {`{"a":["x",null]}`, true}}},
		{"empty", "s:\n    a: ''\ncondition: s", []probe{{`{"a":""}`, true}, {`{"a":null}`, false}, {`{}`, false}, {`{"a":" "}`, false}}},
		{"any text, even empty", "s:\n    a: '*'\ncondition: s", []probe{{`{"a":"x"}`, true}, {`{"a":""}`, true}, {`{"a":null}`, false}, {`{}`, false}, {`{"a":{}}`, false}}},
		{"number", "s:\n    a: 5\ncondition: s", []probe{{`{"a":5}`, true}, {`{"a":5.0}`, true}, {`{"a":"5"}`, true}, {`{"a":"5.0"}`, false}, {`{"a":50}`, false}}},
		{"number with a wildcard", "s:\n    a: '46*'\ncondition: s", []probe{{`{"a":4688}`, true}, {`{"a":4788}`, false}}},
		{"large numbers are exact", "s:\n    a: 18446744073709551615\ncondition: s", []probe{{`{"a":18446744073709551615}`, true}, {`{"a":18446744073709551614}`, false}}},
		{"boolean", "s:\n    a: true\ncondition: s", []probe{{`{"a":true}`, true}, {`{"a":"True"}`, true}, {`{"a":false}`, false}, {`{"a":1}`, false}}},
		{"text true", "s:\n    a: 'true'\ncondition: s", []probe{{`{"a":true}`, true}, {`{"a":"true"}`, true}}},
		{"YAML 1.2 text", "s:\n    a: [NO, on, 12:30:45, 00000429, 0x1f, 1_000]\ncondition: s", []probe{
			{`{"a":"no"}`, true},
			{`{"a":false}`, false},
			{`{"a":"ON"}`, true},
			{`{"a":"12:30:45"}`, true},
			{`{"a":45045}`, false},
			{`{"a":"00000429"}`, true},
			{`{"a":429}`, false},
			{`{"a":31}`, false},
			{`{"a":1000}`, false},
		}},
		{"gt", "s:\n    a|gt: 5\ncondition: s", []probe{{`{"a":6}`, true}, {`{"a":5}`, false}, {`{"a":"6"}`, true}, {`{"a":"six"}`, false}, {`{}`, false}}},
		{"gte", "s:\n    a|gte: 5\ncondition: s", []probe{{`{"a":5}`, true}, {`{"a":4.9}`, false}}},
		{"lt", "s:\n    a|lt: -1.5\ncondition: s", []probe{{`{"a":-2}`, true}, {`{"a":-1.5}`, false}}},
		{"lte", "s:\n    a|lte: 5\ncondition: s", []probe{{`{"a":5}`, true}, {`{"a":5.1}`, false}, {`{"a":"05"}`, false}}},
		{"fieldref", "s:\n    a|fieldref: b\ncondition: s", []probe{{`{"a":"X","b":"x"}`, true}, {`{"a":"x","b":"y"}`, false}, {`{"a":1,"b":1.0}`, true}, {`{"a":null,"b":null}`, false}, {`{}`, false}}},
		{"fieldref neq", "s:\n    a|fieldref|neq: b\ncondition: s", []probe{{`{"a":"x","b":"y"}`, true}, {`{"a":"x","b":"X"}`, false}}},
		{"fieldref cased", "s:\n    a|fieldref|cased: b\ncondition: s", []probe{{`{"a":"x","b":"x"}`, true}, {`{"a":"x","b":"X"}`, false}}},
		{"windash", "s:\n    a|windash|contains: ' -enc '\ncondition: s", []probe{{`{"a":"x -enc y"}`, true}, {`{"a":"x /ENC y"}`, true}, {`{"a":"x ―enc y"}`, true}, {`{"a":"x +enc y"}`, false}}},
		{"windash, every dash", "s:\n    a|windash: a-b/c\ncondition: s", []probe{{`{"a":"a/b-c"}`, true}, {`{"a":"a–b—c"}`, true}, {`{"a":"abc"}`, false}}},
		{"contains windash all", "s:\n    a|contains|windash|all: ['-x', '/y']\ncondition: s", []probe{{`{"a":"/x -y"}`, true}, {`{"a":"/x y"}`, false}}},
		{"base64", "s:\n    a|base64: foobar\ncondition: s", []probe{{`{"a":"Zm9vYmFy"}`, true}, {`{"a":"foobar"}`, false}}},
		{"base64 contains", "s:\n    a|base64|contains: foo\ncondition: s", []probe{{`{"a":"=Zm9v="}`, true}, {`{"a":"Zm9"}`, false}}},
		{"base64offset", "s:\n    a|base64offset|contains: '/bin/bash'\ncondition: s", []probe{
			{`{"a":"L2Jpbi9iYXNo"}`, true},
			{`{"a":"IC9iaW4vYmFzaA=="}`, true}, // one byte before
			{`{"a":"ICAvYmluL2Jhc2gg"}`, true}, // two before, one after
			{`{"a":"L2Jpbi9iYXNj"}`, false},
		}},
		{"wide base64offset", "s:\n    a|wide|base64offset|contains: 'ping'\ncondition: s", []probe{{`{"a":"cABpAG4AZwA="}`, true}, {`{"a":"IHAAaQBuAGcA"}`, true}, {`{"a":"cGluZw=="}`, false}}},
		{"utf16le", "s:\n    a|utf16le: cmd\ncondition: s", []probe{{`{"a":"c\u0000m\u0000d\u0000"}`, true}, {`{"a":"cmd"}`, false}}},
		{"utf16be", "s:\n    a|utf16be|contains: 'c*d'\ncondition: s", []probe{{`{"a":"x\u0000c\u0000m\u0000d"}`, true}, {`{"a":"cmd"}`, false}}},
		{"utf16 base64", "s:\n    a|utf16|base64: cmd\ncondition: s", []probe{{`{"a":"//5jAG0AZAA="}`, true}, {`{"a":"YwBtAGQA"}`, false}}},
		{"utf16be base64 beyond ASCII", "s:\n    a|utf16be|base64: '€'\ncondition: s", []probe{{`{"a":"IKw="}`, true}}},
		{"wide is utf16le", "s:\n    a|wide: a\ncondition: s", []probe{{`{"a":"a\u0000"}`, true}, {`{"a":"a"}`, false}}},
		{"windash base64", "s:\n    a|windash|base64: '-a'\ncondition: s", []probe{{`{"a":"LWE="}`, true}, {`{"a":"L2E="}`, true}, {`{"a":"K2E="}`, false}}},
		{"minute, hour, day", "s:\n    a|minute: 14\n    a|hour: 20\n    a|day: 23\ncondition: s", []probe{{`{"a":"2026-11-23T20:14:05Z"}`, true}, {`{"a":"2026-11-23 20:14:05"}`, true}, {`{"a":1795464845000}`, true}, {`{"a":1795464845}`, true}, {`{"a":"2026-11-23T21:14:05Z"}`, false}, {`{"a":"soon"}`, false}}},
		{"hour by the clock that is shown", "s:\n    a|hour: 20\ncondition: s", []probe{{`{"a":"2026-11-23T20:14:05+05:00"}`, true}, {`{"a":"2026-11-23T15:14:05Z"}`, false}}},
		{"week, month, year", "s:\n    a|week: 48\n    a|month: 11\n    a|year: 2026\ncondition: s", []probe{{`{"a":"2026-11-23"}`, true}, {`{"a":"2026-11-22"}`, false}}},
		{"hour compared", "s:\n    a|hour|gte: 22\ncondition: s", []probe{{`{"a":"2026-11-23T22:00:00Z"}`, true}, {`{"a":"2026-11-23T21:59:59Z"}`, false}, {`{}`, false}}},
		{"hour neq", "s:\n    a|hour|neq: [8, 9]\ncondition: s", []probe{{`{"a":"2026-11-23T10:00:00Z"}`, true}, {`{"a":"2026-11-23T09:59:59Z"}`, false}}},
		{"expand", "s:\n    a|expand: '%admins%'\ncondition: s", []probe{{`{"a":"root"}`, true}, {`{"a":"ADM_x"}`, true}, {`{"a":"%admins%"}`, false}}},
		{"expand within a text", "s:\n    a|expand|contains: '\\%u=%admins%;'\ncondition: s", []probe{{`{"a":"x%u=root;"}`, true}, {`{"a":"u=root;"}`, false}}},
		{"expand twice", "s:\n    a|expand: '%admins%@%hosts%'\ncondition: s", []probe{{`{"a":"root@h1"}`, true}, {`{"a":"adm_@h2"}`, true}, {`{"a":"root@h3"}`, false}}},
		{"expand cidr", "s:\n    a|expand|cidr: '%nets%'\ncondition: s", []probe{{`{"a":"10.1.1.1"}`, true}, {`{"a":"11.1.1.1"}`, false}}},
		{"expand numbers", "s:\n    a|expand|gt: '%limit%'\ncondition: s", []probe{{`{"a":6}`, true}, {`{"a":5}`, false}}},
		{"placeholder without expand", "s:\n    a: '%admins%'\ncondition: s", []probe{{`{"a":"%admins%"}`, true}, {`{"a":"root"}`, false}}},
		{"keywords", "s: [evil, 'x?z', 42]\ncondition: s", []probe{{`{"a":{"b":["so EVIL!"]}}`, true}, {`{"a":"-xyz-"}`, true}, {`{"a":142}`, true}, {`{"evil":"x"}`, false}}},
		{"one keyword", "s: evil\ncondition: s", []probe{{`{"a":"evils"}`, true}, {`{"a":"good"}`, false}}},
		{"keywords all", "s:\n    '|all': [evil, bad]\ncondition: s", []probe{{`{"a":"evil","b":"bad"}`, true}, {`{"a":"evil"}`, false}}},
		{"keywords and maps", "s:\n    - evil\n    - a: x\ncondition: s", []probe{{`{"b":"evil"}`, true}, {`{"a":"x"}`, true}, {`{"b":"x"}`, false}}},
		{"and or not, precedence", "a:\n    a: 1\nb:\n    b: 1\nc:\n    c: 1\ncondition: a or b and not c", []probe{{`{"a":1,"c":1}`, true}, {`{"b":1}`, true}, {`{"b":1,"c":1}`, false}}},
		{"parentheses", "a:\n    a: 1\nb:\n    b: 1\nc:\n    c: 1\ncondition: (a or b) and not c", []probe{{`{"a":1,"c":1}`, false}, {`{"b":1}`, true}}},
		{"not not", "a:\n    a: 1\ncondition: not not a", []probe{{`{"a":1}`, true}, {`{}`, false}}},
		{"1 of pattern", "s_1:\n    a: 1\ns_2:\n    b: 1\nf:\n    c: 1\ncondition: 1 of s_* and not f", []probe{{`{"b":1}`, true}, {`{"b":1,"c":1}`, false}, {`{"c":1}`, false}}},
		{"2 of pattern", "s_1:\n    a: 1\ns_2:\n    b: 1\ns_3:\n    c: 1\ncondition: 2 of s_*", []probe{{`{"a":1,"c":1}`, true}, {`{"b":1}`, false}}},
		{"all of pattern", "s_1:\n    a: 1\ns_2:\n    b: 1\ncondition: all of s_*", []probe{{`{"a":1,"b":1}`, true}, {`{"b":1}`, false}}},
		{"1 of them leaves out _", "s:\n    a: 1\n_x:\n    b: 1\ncondition: 1 of them", []probe{{`{"a":1}`, true}, {`{"b":1}`, false}}},
		{"all of them", "s:\n    a: 1\nx:\n    b: 1\ncondition: all of them", []probe{{`{"a":1,"b":1}`, true}, {`{"b":1}`, false}}},
		{"any of", "s:\n    a: 1\nx:\n    b: 1\ncondition: any of them", []probe{{`{"b":1}`, true}, {`{}`, false}}},
		{"list of conditions is or", "s:\n    a: 1\nx:\n    b: 1\ncondition:\n    - s\n    - x", []probe{{`{"b":1}`, true}, {`{"a":1}`, true}, {`{}`, false}}},
		{"block condition", "s:\n    a: 1\nx:\n    b: 1\ncondition: >-\n    s\n    and x", []probe{{`{"a":1,"b":1}`, true}, {`{"a":1}`, false}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			set := mustParse(t, c.detection, Options{AnyField: true, Placeholders: Placeholders{
				"admins": {"root", "adm_*"}, "hosts": {"h1", "h2"}, "nets": {"10.0.0.0/8"}, "limit": {"5"},
			}})
			if c.probes == nil {
				c.probes = []probe{{`{"a":["x-","-y"]}`, true}, {`{"a":["x-"]}`, false}}
			}
			for _, p := range c.probes {
				if got := matchesJSON(t, set, p.event); got != p.want {
					t.Errorf("%s: got %t, want %t", p.event, got, p.want)
				}
			}
		})
	}
}
