package source

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/watchglass/watchglass/schema"
)

func newTest(t testing.TB, format string) Decoder {
	t.Helper()
	d, err := New(format, Config{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// verdict is "row", "skipped", or the reason of the dead letter.
func verdict(err error) string {
	var p *schema.PoisonError
	switch {
	case err == nil:
		return "row"
	case errors.Is(err, ErrSkipped):
		return "skipped"
	case errors.As(err, &p):
		return string(p.Reason)
	default:
		return err.Error()
	}
}

// inLimits checks what must hold for whatever a decoder lets through.
func inLimits(t *testing.T, ev *schema.AccessEvent) {
	t.Helper()
	for _, f := range schema.Fields() {
		limit := schema.MaxIDBytes
		switch f.Path {
		case "statement":
			limit = schema.MaxTextBytes
		case "purpose.reason", "origin.user_agent":
			limit = schema.MaxReasonBytes
		}
		var all []string
		switch f.Kind {
		case schema.String:
			all = []string{f.Str(ev)}
		case schema.Strings:
			all = f.Strs(ev)
		}
		for _, s := range all {
			if len(s) > limit || !utf8.ValidString(s) {
				t.Errorf("%s: %d bytes, valid UTF-8 %t", f.Path, len(s), utf8.ValidString(s))
			}
		}
	}
	if len(ev.Resource.Fields) > schema.MaxFields || len(ev.Origin.Forwarded) > schema.MaxForwarded || len(ev.Subject.IDs) > schema.MaxSubjectIDs {
		t.Errorf("lists: %d fields, %d forwarded, %d ids", len(ev.Resource.Fields), len(ev.Origin.Forwarded), len(ev.Subject.IDs))
	}
	if len(ev.Attributes) > schema.MaxAttributes {
		t.Errorf("%d attributes", len(ev.Attributes))
	}
	for i, a := range ev.Attributes {
		if len(a.Key) > schema.MaxIDBytes || len(a.Value) > schema.MaxReasonBytes || !utf8.ValidString(a.Key+a.Value) {
			t.Errorf("attribute: %d bytes under %d bytes", len(a.Value), len(a.Key))
		}
		if i > 0 && ev.Attributes[i-1].Key >= a.Key {
			t.Errorf("attribute keys are not ascending and unique: %q, %q", ev.Attributes[i-1].Key, a.Key)
		}
	}
	if ev.Time.IsZero() || ev.Action == "" || ev.Outcome == "" || ev.Accessor.ID == "" || ev.Accessor.Kind == "" || ev.Resource.Store == "" || ev.Resource.Dataset == "" {
		t.Errorf("a required member or a default is missing: %+v", ev)
	}
	if ev.Subject.Count < uint64(len(ev.Subject.IDs)) || ev.Time.Location() != time.UTC || ev.Time.Nanosecond()%1e6 != 0 {
		t.Errorf("count %d of %d ids, time %s", ev.Subject.Count, len(ev.Subject.IDs), ev.Time)
	}
}

var kafkaTime = time.Date(2026, 11, 23, 20, 14, 6, 0, time.UTC)

func TestJSONContract(t *testing.T) {
	value := `{"id":"01JD","time":"2026-11-23T21:14:05.123987+01:00","action":"query","outcome":"denied",
 "accessor":{"id":"e-1042","kind":"service","session":"s-9","device":"lt-77","on_behalf_of":"e-2001"},
 "origin":{"ip":"10.20.3.4","forwarded":["175.16.199.7","not an address"],"user_agent":"psql/16"},
 "resource":{"store":"profiles","region":"us-west-1","dataset":"users.sessions","fields":["ip","lat"],"object":"o-1"},
 "subject":{"ids":["u-5501","u-\u00e9\ud83d\ude00"],"count":2},"rows":1,"bytes":18446744073709551615,
 "purpose":{"kind":"support","ticket":"SUP-1881","reason":"login\ntrouble"},
 "statement":"SELECT \"x\" …","producer":{"name":"profiles-gw","sequence":88123},"attributes":{"k":"v"}}`
	want := schema.AccessEvent{
		ID: "01JD", Time: time.Date(2026, 11, 23, 20, 14, 5, 123e6, time.UTC), Action: "query", Outcome: "denied",
		Accessor: schema.Accessor{ID: "e-1042", Kind: "service", Session: "s-9", Device: "lt-77", OnBehalfOf: "e-2001"},
		Origin:   schema.Origin{IP: netip.MustParseAddr("10.20.3.4"), Forwarded: []string{"175.16.199.7", "not an address"}, UserAgent: "psql/16"},
		Resource: schema.Resource{Store: "profiles", Region: "us-west-1", Dataset: "users.sessions", Fields: []string{"ip", "lat"}, Object: "o-1"},
		Subject:  schema.Subject{IDs: []string{"u-5501", "u-é😀"}, Count: 2}, Rows: 1, Bytes: 1<<64 - 1,
		Purpose:   schema.Purpose{Kind: "support", Ticket: "SUP-1881", Reason: "login\ntrouble"},
		Statement: `SELECT "x" …`, Producer: schema.Producer{Name: "profiles-gw", Sequence: 88123},
		Attributes: schema.AttributeMap{{Key: "k", Value: "v"}},
	}
	d := newTest(t, JSON)
	ev := schema.AccessEvent{Rules: []string{"left over"}, Attributes: schema.AttributeMap{{Key: "left", Value: "over"}}}
	for range 2 { // the second time from interned strings, into used slices
		if err := d.Decode([]byte(value), kafkaTime, &ev); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, ev, cmpopts.EquateComparable(netip.Addr{}), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("event (-want +got):\n%s", diff)
		}
	}
}

// with is a good event with more members, for one fault at a time.
func with(members string) string {
	return `{"time":"2026-11-23T20:14:05Z","action":"read","accessor":{"id":"e-1"},"resource":{"store":"s","dataset":"d"}` + members + `}`
}

func without(part string) string { return strings.Replace(with(""), part, "", 1) }

func instead(old, new string) string { return strings.Replace(with(""), old, new, 1) }

func TestJSONVerdicts(t *testing.T) {
	const when = `"2026-11-23T20:14:05Z"`
	ids := func(n int) string { return `["` + strings.Repeat(`u","`, n-1) + `u"]` }
	many := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,"x%d":1`, i)
		}
		return b.String()
	}
	tests := []struct{ name, value, want string }{
		{"the least there can be", with(""), "row"},
		{"nulls are missing", with(`,"id":null,"origin":null,"subject":{"ids":null,"count":null},"rows":null,"attributes":null,"x":null`), "row"},
		{"white space around", " \t\r\n" + with("") + "\n", "row"},

		{"no value", "", "empty"},
		{"white space only", " \n", "empty"},
		{"null", "null", "empty"},
		{"almost 1 MiB", with(`,"x":"` + strings.Repeat(" ", 10) + `"` + strings.Repeat(" ", schema.MaxRecordBytes-len(with(`,"x":"          "`))-1)), "row"},
		{"1 MiB", with(strings.Repeat(" ", schema.MaxRecordBytes-len(with("")))), "too_large"},

		{"no JSON", "hello", "malformed"},
		{"half", with("")[:60], "malformed"},
		{"trailing garbage", with("") + "x", "malformed"},
		{"two values", with("") + with(""), "malformed"},
		{"a trailing comma", with(`,"rows":1,`), "malformed"},
		{"single quotes", with(`,'id':'x'`), "malformed"},
		{"a byte order mark", "\ufeff" + with(""), "malformed"},
		{"a raw newline in a string", with(",\"id\":\"a\nb\""), "malformed"},
		{"a raw NUL in a key", with(",\"a\x00b\":1"), "malformed"},
		{"an unknown escape", with(`,"id":"\x41"`), "malformed"},
		{"a short escape", with(`,"id":"\u12"`), "malformed"},
		{"a lone high surrogate", with(`,"id":"\ud83d"`), "malformed"},
		{"a lone low surrogate", with(`,"id":"\ude00"`), "malformed"},
		{"surrogates the wrong way round", with(`,"id":"\ude00\ud83d"`), "malformed"},
		{"a leading zero", with(`,"rows":01`), "malformed"},
		{"a leading zero in an attribute", with(`,"attributes":{"x":[01]}`), "malformed"},
		{"a plus sign", with(`,"rows":+1`), "malformed"},
		{"NaN", with(`,"rows":NaN`), "malformed"},
		{"inf in an attribute", with(`,"x":inf`), "malformed"},
		{"a point without digits", with(`,"rows":1.`), "malformed"},
		{"True", with(`,"subject":{"truncated":True}`), "malformed"},
		{"a large record that breaks late", with(`,"x":[` + strings.Repeat(`"aaaaaaaaaaaaaaaa",`, 8<<10) + `nul]`), "malformed"},

		{"invalid UTF-8", with(",\"id\":\"\xff\""), "invalid_utf8"},
		{"an encoded surrogate", with(",\"id\":\"\xed\xa0\x80\""), "invalid_utf8"},
		{"an overlong encoding", with(",\"id\":\"\xc0\xaf\""), "invalid_utf8"},

		{"a member twice", with(`,"rows":1,"rows":1`), "duplicate_member"},
		{"a member twice, once null", with(`,"rows":null,"rows":1`), "duplicate_member"},
		{"a member twice, once escaped", with(`,"rows":1,"\u0072ows":1`), "duplicate_member"},
		{"an inner member twice", instead(`"id":"e-1"`, `"id":"e-1","id":"e-1"`), "duplicate_member"},
		{"an object twice", with(`,"accessor":{"id":"e-1"}`), "duplicate_member"},
		{"an unknown member twice", with(`,"x":1,"x":1`), "duplicate_member"},
		{"an unknown member twice, once null", with(`,"x":null,"x":1`), "duplicate_member"},
		{"an attribute twice", with(`,"attributes":{"x":"1","x":"1"}`), "duplicate_member"},
		{"a member of an unknown member twice", with(`,"x":[{"y":1,"y":2}]`), "duplicate_member"},
		{"the same name in two objects", with(`,"x":[{"y":1},{"y":2}],"y":1`), "row"},
		{"names that differ in case", with(`,"Rows":1,"rows":1`), "row"},

		{"32 levels", with(`,"x":` + strings.Repeat("[", 31) + strings.Repeat("]", 31)), "row"},
		{"33 levels", with(`,"x":` + strings.Repeat("[", 32) + strings.Repeat("]", 32)), "too_deep"},
		{"64 levels", with(`,"x":` + strings.Repeat(`{"a":`, 63) + "1" + strings.Repeat("}", 63)), "too_deep"},
		{"a million brackets", strings.Repeat("[", 1_000_000), "too_deep"},
		{"brackets in a string", with(`,"x":"` + strings.Repeat("[{", 400) + `"`), "row"},
		{"many brackets side by side", with(`,"x":[` + strings.Repeat("[],", 400) + `[]]`), "row"},

		{"no time", without(`"time":` + when + `,`), "missing_member"},
		{"no action", without(`"action":"read",`), "missing_member"},
		{"no accessor", without(`"accessor":{"id":"e-1"},`), "missing_member"},
		{"an empty accessor", instead(`"e-1"`, `""`), "missing_member"},
		{"a null accessor", instead(`"e-1"`, `null`), "missing_member"},
		{"no store", without(`"store":"s",`), "missing_member"},
		{"no dataset", without(`,"dataset":"d"`), "missing_member"},

		{"a list", "[]", "wrong_type"},
		{"a string", `"x"`, "wrong_type"},
		{"a number for a string", with(`,"id":5`), "wrong_type"},
		{"a string for a number", with(`,"rows":"5"`), "wrong_type"},
		{"a string for an object", instead(`{"id":"e-1"}`, `"e-1"`), "wrong_type"},
		{"a string for a list", with(`,"subject":{"ids":"u-1"}`), "wrong_type"},
		{"a number in a list", with(`,"subject":{"ids":["u-1",2]}`), "wrong_type"},
		{"a number for a flag", with(`,"subject":{"truncated":1}`), "wrong_type"},
		{"a list for attributes", with(`,"attributes":[]`), "wrong_type"},
		{"a flag for the time", instead(when, `true`), "wrong_type"},
		{"a wrong type past the limit of ids", with(`,"subject":{"ids":` + strings.TrimSuffix(ids(10_001), "]") + `,5]}`), "wrong_type"},

		{"a negative number", with(`,"rows":-1`), "out_of_range"},
		{"minus zero", with(`,"rows":-0`), "row"},
		{"a fraction", with(`,"rows":1.5`), "out_of_range"},
		{"a whole number with an exponent", with(`,"rows":1e3`), "row"},
		{"1e999", with(`,"rows":1e999`), "out_of_range"},
		{"1e999 in an attribute", with(`,"x":{"y":[1e999]}`), "out_of_range"},
		{"2^64", with(`,"rows":18446744073709551616`), "out_of_range"},
		{"2^64-1", with(`,"rows":18446744073709551615`), "row"},

		{"an id of 512 bytes", instead(`e-1`, strings.Repeat("x", 512)), "row"},
		{"an id of 513 bytes", instead(`e-1`, strings.Repeat("x", 513)), "too_long"},
		{"an id of 257 letters of two bytes", instead(`e-1`, strings.Repeat("é", 257)), "too_long"},
		{"a subject's id of 513 bytes", with(`,"subject":{"ids":["` + strings.Repeat("x", 513) + `"]}`), "too_long"},
		{"a statement of 64 KiB", with(`,"statement":"` + strings.Repeat("x", 64<<10) + `"`), "row"},
		{"a statement over 64 KiB", with(`,"statement":"` + strings.Repeat("x", 64<<10+1) + `"`), "too_long"},
		{"a reason over 4 KiB", with(`,"purpose":{"reason":"` + strings.Repeat("x", 4<<10+1) + `"}`), "too_long"},
		{"an attribute over 4 KiB", with(`,"x":"` + strings.Repeat("x", 4<<10+1) + `"`), "too_long"},
		{"an attribute's JSON over 4 KiB", with(`,"x":[` + strings.Repeat("1,", 2<<10) + `1]`), "too_long"},
		{"1,000 fields", instead(`"dataset":"d"`, `"dataset":"d","fields":`+ids(1000)), "row"},
		{"1,001 fields", instead(`"dataset":"d"`, `"dataset":"d","fields":`+ids(1001)), "too_long"},
		{"65 forwarded", with(`,"origin":{"forwarded":` + ids(65) + `}`), "too_long"},
		{"256 attributes", with(many(256)), "row"},
		{"257 attributes", with(many(257)), "too_long"},
		{"an attribute's key of 513 bytes", with(`,"` + strings.Repeat("x", 513) + `":1`), "too_long"},
		{"10,001 subjects", with(`,"subject":{"ids":` + ids(10_001) + `}`), "row"},

		{"an unknown action", instead(`"read"`, `"peek"`), "unknown_value"},
		{"an action in capitals", instead(`"read"`, `"Read"`), "unknown_value"},
		{"an unknown outcome", with(`,"outcome":"maybe"`), "unknown_value"},
		{"an unknown kind", instead(`"id":"e-1"`, `"id":"e-1","kind":"robot"`), "unknown_value"},

		{"epoch milliseconds", instead(when, "1795464845123"), "row"},
		{"epoch seconds", instead(when, "1795464845"), "time_too_old"},
		{"epoch microseconds", instead(when, "1795464845123000"), "time_too_new"},
		{"epoch nanoseconds", instead(when, "1795464845123000000"), "invalid_time"},
		{"1e999 for a time", instead(when, "1e999"), "invalid_time"},
		{"NaN for a time", instead(when, "NaN"), "malformed"},
		{"a day only", instead(when, `"2026-11-23"`), "invalid_time"},
		{"no offset", instead(when, `"2026-11-23T20:14:05"`), "invalid_time"},
		{"a comma for the point", instead(when, `"2026-11-23T20:14:05,5Z"`), "invalid_time"},
		{"the 31st of November", instead(when, `"2026-11-31T20:14:05Z"`), "invalid_time"},
		{"400 days ago", instead(when, `"2025-10-19T20:14:06Z"`), "row"},
		{"a second more", instead(when, `"2025-10-19T20:14:05Z"`), "time_too_old"},
		{"an hour ahead", instead(when, `"2026-11-23T21:14:06Z"`), "row"},
		{"a millisecond more", instead(when, `"2026-11-23T21:14:06.001Z"`), "time_too_new"},
		{"the year 9999", instead(when, `"9999-12-31T23:59:59Z"`), "time_too_new"},

		{"no address", with(`,"origin":{"ip":"localhost"}`), "invalid_address"},
		{"five numbers", with(`,"origin":{"ip":"1.2.3.4.5"}`), "invalid_address"},
		{"leading zeros", with(`,"origin":{"ip":"010.1.1.1"}`), "invalid_address"},
		{"a network", with(`,"origin":{"ip":"10.0.0.0/8"}`), "invalid_address"},
		{"an empty address", with(`,"origin":{"ip":""}`), "row"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var ev schema.AccessEvent
			err := newTest(t, JSON).Decode([]byte(tt.value), kafkaTime, &ev)
			if got := verdict(err); got != tt.want {
				t.Fatalf("verdict %q (%v), want %q", got, err, tt.want)
			}
			if err == nil {
				inLimits(t, &ev)
			}
		})
	}
}

func TestSpanIsConfigured(t *testing.T) {
	d, err := New(JSON, Config{MaxAge: time.Second, MaxAhead: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	event := time.Date(2026, 11, 23, 20, 14, 5, 0, time.UTC)
	for _, tt := range []struct {
		at   time.Time
		want string
	}{
		{event.Add(time.Second), "row"},
		{event.Add(time.Second + 1), "time_too_old"},
		{event.Add(-time.Minute), "row"},
		{event.Add(-time.Minute - 1), "time_too_new"},
	} {
		var ev schema.AccessEvent
		if got := verdict(d.Decode([]byte(with("")), tt.at, &ev)); got != tt.want {
			t.Errorf("at %s: %s, want %s", tt.at, got, tt.want)
		}
	}
}

func TestSpanMayForbidTheFuture(t *testing.T) {
	d, err := New(JSON, Config{MaxAge: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	var ev schema.AccessEvent
	if got := verdict(d.Decode([]byte(with("")), time.Date(2026, 11, 23, 20, 14, 5, 0, time.UTC).Add(-time.Millisecond), &ev)); got != "time_too_new" {
		t.Errorf("a millisecond ahead: %s", got)
	}
}

func TestNewRefuses(t *testing.T) {
	if _, err := New("xml", Config{}); err == nil || !strings.Contains(err.Error(), "json, pgaudit") {
		t.Errorf("unknown format: %v", err)
	}
	if _, err := New(JSON, Config{MaxAge: -1}); err == nil {
		t.Error("a negative span was taken")
	}
	for _, f := range Formats() {
		if _, err := New(f, Config{}); err != nil {
			t.Error(err)
		}
	}
}

// No detail of a dead letter may quote the record: it goes to logs.
func TestDetailsQuoteNothing(t *testing.T) {
	const secret = "s3cr3t"
	for _, value := range []string{
		with(`,"` + secret + `":1,"` + secret + `":1`), with(`,"rows":"` + secret + `"`), with(`,"origin":{"ip":"` + secret + `"}`),
		instead("2026-11-23T20:14:05Z", secret), instead(`"read"`, `"`+secret+`"`), with("") + secret, secret,
	} {
		var ev schema.AccessEvent
		err := newTest(t, JSON).Decode([]byte(value), kafkaTime, &ev)
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%v", err)
		}
	}
}
