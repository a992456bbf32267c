package sigma

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

// The forms that SQL takes; test/rules holds what they mean to the matcher.
func TestSQL(t *testing.T) {
	for _, c := range []struct{ detection, want string }{
		{"s:\n    action: [Export, copy]\ncondition: s", "lower(action) IN ('copy', 'export')"},
		{"s:\n    action: share\ncondition: s", "lower(replaceAll(action, 'ſ', 's')) = 'share'"},
		{"s:\n    action: kill\ncondition: s", `lower(replaceAll(action, '\xE2\x84\xAA', 'k')) = 'kill'`},
		{"s:\n    action|cased: Export\ncondition: s", "action = 'Export'"},
		{"s:\n    accessor.id: 'ÄÖ'\ncondition: s", "replaceAll(replaceAll(accessor_id, 'ä', 'Ä'), 'ö', 'Ö') = 'ÄÖ'"},
		{"s:\n    accessor.id: '0''\\'\ncondition: s", `accessor_id = '0\'\\'`},
		{"s:\n    accessor.id|startswith: '10.'\ncondition: s", "startsWith(accessor_id, '10.')"},
		{"s:\n    statement|contains: 'from u'\ncondition: s", "position(lower(statement), 'from u') > 0"},
		{"s:\n    statement|endswith: '%'\ncondition: s", "endsWith(statement, '%')"},
		{"s:\n    accessor.id: 'a?*1'\ncondition: s", `match(accessor_id, '[^\\x00-\\x{10FFFF}]|\\A[aA](?s:.)(?s:.)*1\\z')`},
		{"s:\n    accessor.id: '*'\ncondition: s", "accessor_id != ''"},
		{"s:\n    data.categories: '*'\ncondition: s", "notEmpty(data_categories)"},
		{"s:\n    subject.ids: ['1', '2']\ncondition: s", "hasAny(subject_ids, ['1', '2'])"},
		{"s:\n    subject.ids|cased: x\ncondition: s", "has(subject_ids, 'x')"},
		{"s:\n    subject.ids: ['a', '']\ncondition: s", "(arrayExists(x -> lower(x) = 'a', subject_ids) OR (empty(subject_ids) OR hasAny(subject_ids, [''])))"},
		{"s:\n    subject.groups|neq: minor\ncondition: s", "NOT (arrayExists(x -> lower(x) = 'minor', subject_groups))"},
		{"s:\n    rows|gt: 5\ncondition: s", "rows >= 6"},
		{"s:\n    rows|lte: 5.5\ncondition: s", "rows < 6"},
		{"s:\n    rows: [5, -1, 1e1]\ncondition: s", "(rows = 5 OR rows = 10)"},
		{"s:\n    rows: 9007199254740992.0\ncondition: s", "(rows >= 9007199254740992 AND rows < 9007199254740994)"},
		{"s:\n    rows|lt: 18446744073709551615\ncondition: s", "rows < 18446744073709551615"},
		{"s:\n    rows: null\ncondition: s", "NOT (rows != 0)"},
		{"s:\n    rows: 'x*'\ncondition: s", "false"},
		{"s:\n    accessor.known: false\ncondition: s", "NOT (accessor_known)"},
		{"s:\n    accessor.known: 'TRUE'\ncondition: s", "accessor_known"},
		{"s:\n    time|exists: true\ncondition: s", "true"},
		{"s:\n    attributes.it's|exists: true\ncondition: s", `attributes['it\'s'] != ''`},
		{"s:\n    accessor.id|fieldref|cased: accessor.on_behalf_of\ncondition: s", "(accessor_id != '' AND accessor_id = accessor_on_behalf_of)"},
		{"s:\n    rows|fieldref: bytes\ncondition: s", "rows = bytes"},
		{"a:\n    rows: 1\nb:\n    rows: 2\nc:\n    rows: 3\ncondition: 2 of them", "(toUInt8(rows = 1) + toUInt8(rows = 2) + toUInt8(rows = 3)) >= 2"},
		{"s:\n    action|re: '^a.[^b]$'\ncondition: s", `match(action, '[^\\x00-\\x{10FFFF}]|(?:\\Aa[^\\x0A][\\x{0}-ac-\\x{10FFFF}]\\z)')`},
	} {
		set := mustParse(t, c.detection, Options{})
		if got, err := set.SQL(set.rules[0]); err != nil || got != c.want {
			t.Errorf("%s\ngot  %s, %v\nwant %s", c.detection, got, err, c.want)
		}
	}
}

// What the table has no column for is refused by name.
func TestSQLRefuses(t *testing.T) {
	set := mustParse(t, "s:\n    no.such: 1\ncondition: s", Options{AnyField: true})
	if got, err := set.SQL(set.rules[0]); err == nil || !strings.Contains(err.Error(), `"no.such"`) {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestDefaultRulesHaveSQL(t *testing.T) {
	set, err := LoadDir("../../deploy/policy/rules", Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range set.rules {
		if got, err := set.SQL(r); err != nil || got == sqlFalse || got == sqlTrue {
			t.Errorf("%s: %q, %v", r.Title, got, err)
		}
	}
	for _, r := range set.over {
		if _, err := set.SQLOverTime(r, Query{Table: "access_events", From: time.UnixMilli(0), To: time.UnixMilli(1)}); err != nil {
			t.Errorf("%s: %v", r.Title, err)
		}
	}
}

// An expression that is written out for ClickHouse is, for Go, the same.
func TestRegexpIsWrittenOut(t *testing.T) {
	texts := []string{"", "a", "A", "ab", "a\nb", "straße", "STRASSE", "k", "\u212a", "ſ", "a.b", "x]y", "\\", "日本", "aaa", "ab|c", "-", "^"}
	for _, source := range []string{"a", "(?i)k", "(?i)S+", "^a.b$", "(?s)a.b", "(?m)^b", "[^a]", `[\]\[\\^-]`, "a{2,3}", "(a|b)*c?", `\bk\b`, `\.`, `\pL{2}`, "^$", "a|", "x*", `\Q.\E`, `[[:^alpha:]]`} {
		re := regexp.MustCompile(source)
		sql, err := sqlRegexp(re, "x")
		if err != nil {
			t.Fatal(err)
		}
		written := strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(sql, "match(x, '"), "')"), `\\`, `\`)
		again := regexp.MustCompile(written)
		for _, text := range texts {
			if re.MatchString(text) != again.MatchString(text) {
				t.Errorf("%s became %s, which differs on %q", source, written, text)
			}
		}
	}
}
