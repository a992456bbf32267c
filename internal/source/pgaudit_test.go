package source

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/watchglass/watchglass/schema"
)

// testdata/pgaudit.jsonl was written by PostgreSQL 15.18 with pgaudit 1.7.0;
// testdata/pgaudit.golden holds the event of each line, or `skipped`.
func TestPGAuditRealLog(t *testing.T) {
	log, err := os.ReadFile("testdata/pgaudit.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	golden, err := os.ReadFile("testdata/pgaudit.golden")
	if err != nil {
		t.Fatal(err)
	}
	d := newPGAudit(Config{MaxAge: time.Hour, MaxAhead: time.Hour})
	var got bytes.Buffer
	encoder := json.NewEncoder(&got)
	encoder.SetEscapeHTML(false)
	for line := range bytes.Lines(log) {
		var ev schema.AccessEvent
		err := d.Decode(line, time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC), &ev)
		switch {
		case errors.Is(err, ErrSkipped):
			fmt.Fprintln(&got, "skipped")
		case err != nil:
			t.Fatalf("%v: %s", err, line)
		default:
			if err := encoder.Encode(&ev); err != nil {
				t.Fatal(err)
			}
		}
	}
	if diff := cmp.Diff(strings.Split(string(golden), "\n"), strings.Split(got.String(), "\n")); diff != "" {
		t.Errorf("events (-golden +got):\n%s", diff)
	}
}

// audit builds a line around the comma-separated values of pgaudit.
func audit(values string, more ...string) []byte {
	line := map[string]any{
		"timestamp": "2026-11-23 20:14:05.123 UTC", "user": "e-1042", "dbname": "profiles", "remote_host": "10.0.0.7",
		"session_id": "6b04cdb7.36cc", "line_num": 3, "ps": "SELECT", "message": "AUDIT: " + values, "application_name": "psql",
	}
	for i := 0; i+1 < len(more); i += 2 {
		if more[i+1] == "" {
			delete(line, more[i])
		} else {
			line[more[i]] = more[i+1]
		}
	}
	b, _ := json.Marshal(line) // strings and numbers always marshal
	return b
}

const selectIPs = `SESSION,1,1,READ,SELECT,TABLE,users.sessions,select ip from users.sessions,<none>`

func TestPGAuditVerdicts(t *testing.T) {
	tests := []struct {
		name  string
		value []byte
		want  string // "row", "skipped" or the reason
	}{
		{"an audit line", audit(selectIPs), "row"},
		{"an object audit line", audit(strings.Replace(selectIPs, "SESSION", "OBJECT", 1)), "row"},
		{"with rows", audit(selectIPs + ",7"), "row"},
		{"with a field more", audit(selectIPs + ",7,8"), "malformed"},
		{"rows that are no number", audit(selectIPs + ",many"), "malformed"},
		{"a field too few", audit(`SESSION,1,1,READ,SELECT,TABLE,users.sessions,select 1`), "malformed"},
		{"a type that pgaudit does not have", audit(strings.Replace(selectIPs, "SESSION", "OTHER", 1)), "malformed"},
		{"an open quote", audit(`SESSION,1,1,READ,SELECT,TABLE,users.sessions,"select 1,<none>`), "malformed"},
		{"text behind a quote", audit(`SESSION,1,1,READ,SELECT,TABLE,users.sessions,"select 1"x,<none>`), "malformed"},
		{"another message", audit("", "message", "connection received: host=10.0.0.7"), "skipped"},
		{"no message", audit("", "message", ""), "skipped"},
		{"audit in the middle of a message", audit("", "message", "LOG: AUDIT: SESSION,1,1,READ"), "skipped"},
		{"RAISE LOG in a function", audit(selectIPs, "context", "PL/pgSQL function f() line 1 at RAISE"), "skipped"},
		{"RAISE LOG with its statement", audit(selectIPs, "statement", "do $$ … $$"), "skipped"},
		{"settings and transactions", audit(`SESSION,1,1,MISC,SET,,,set x=1,<none>`), "skipped"},
		{"no user", audit(selectIPs, "user", ""), "missing_member"},
		{"no database", audit(selectIPs, "dbname", ""), "missing_member"},
		{"no timestamp", audit(selectIPs, "timestamp", ""), "missing_member"},
		{"a time zone with two meanings", audit(selectIPs, "timestamp", "2026-11-23 20:14:05.123 CST"), "invalid_time"},
		{"a timestamp in another form", audit(selectIPs, "timestamp", "2026-11-23T20:14:05Z"), "invalid_time"},
		{"long ago", audit(selectIPs, "timestamp", "2024-11-23 20:14:05.123 UTC"), "time_too_old"},
		{"in the future", audit(selectIPs, "timestamp", "2026-11-24 20:14:05.123 UTC"), "time_too_new"},
		{"not JSON", []byte(`2026-11-23 20:14:05.123 UTC [17] LOG:  AUDIT: SESSION`), "malformed"},
		{"a list", []byte(`[]`), "wrong_type"},
		{"a number for a string", []byte(`{"message":5}`), "wrong_type"},
		{"a member twice", []byte(`{"message":"x","message":"y"}`), "duplicate_member"},
		{"an unread number out of range", []byte(`{"message":"x","query_id":1e999}`), "out_of_range"},
		{"an endless statement", audit(`SESSION,1,1,READ,SELECT,TABLE,users.sessions,select 1 --` + strings.Repeat("x", 900<<10) + `,<none>`), "row"},
		{"a host name", audit(selectIPs, "remote_host", "laptop.example"), "row"},
	}
	at := time.Date(2026, 11, 23, 20, 14, 6, 0, time.UTC)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var ev schema.AccessEvent
			if got := verdict(newTest(t, PGAudit).Decode(tt.value, at, &ev)); got != tt.want {
				t.Errorf("verdict %q, want %q", got, tt.want)
			}
			if tt.want == "row" {
				inLimits(t, &ev)
			}
		})
	}
}

func TestPGAuditTags(t *testing.T) {
	type result struct {
		purpose  schema.Purpose
		behalf   string
		subjects string
		tags     string
	}
	tests := []struct {
		name, statement string
		want            result
	}{
		{
			"all of them", `select 1 /*ticket='SUP-1',subject='u-5501',purpose='support',reason='login%20trouble',on_behalf_of='e-2'*/`,
			result{schema.Purpose{Kind: "support", Ticket: "SUP-1", Reason: "login trouble"}, "e-2", "u-5501", ""},
		},
		{"kind is purpose", `select 1 /*kind='legal'*/`, result{purpose: schema.Purpose{Kind: "legal"}}},
		{"subjects in a list, and repeated", `select 1 /*subject='u-1,u-2',subject='u-3%2Cu-4'*/ /* subject='u-5' */`, result{subjects: "u-1 u-2 u-3 u-4 u-5"}},
		{"other tags", `select 1 /*route='%2Fusers',traceparent='00-5b'*/`, result{tags: "tag.route=/users tag.traceparent=00-5b"}},
		{"an escaped quote", `select 1 /*reason='it\'s'*/`, result{purpose: schema.Purpose{Reason: "it's"}}},
		{"the last one wins", `select 1 /*ticket='A',x='1'*/ /*ticket='B',x='2'*/`, result{purpose: schema.Purpose{Ticket: "B"}, tags: "tag.x=2"}},
		{"in front", `/*ticket='A'*/ select 1`, result{purpose: schema.Purpose{Ticket: "A"}}},
		{"wrong URL encoding stays", `select 1 /*ticket='100%'*/`, result{purpose: schema.Purpose{Ticket: "100%"}}},
		{"not UTF-8 once decoded", `select 1 /*ticket='a%ff'*/`, result{purpose: schema.Purpose{Ticket: "a\uFFFD"}}},
		{"in a string", `select '/*ticket=''A''*/'`, result{}},
		{"in an escape string", `select E'\'/*ticket=\'A\'*/'`, result{}},
		{"in a quoted identifier", `select 1 as "/*ticket='A'*/"`, result{}},
		{"in a dollar string", `select $x$/*ticket='A'*/$x$`, result{}},
		{"behind --", "select 1 -- /*ticket='A'*/", result{}},
		{"in a comment with words", `select 1 /* see ticket='A' */`, result{}},
		{"without an end", `select 1 /*ticket='A'`, result{}},
		{"without a quote", `select 1 /*ticket=A*/`, result{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var ev schema.AccessEvent
			value := audit(`SESSION,1,1,READ,SELECT,TABLE,users.sessions,"` + strings.ReplaceAll(tt.statement, `"`, `""`) + `",<none>`)
			if err := newTest(t, PGAudit).Decode(value, time.Date(2026, 11, 23, 20, 14, 6, 0, time.UTC), &ev); err != nil {
				t.Fatal(err)
			}
			got := result{purpose: ev.Purpose, behalf: ev.Accessor.OnBehalfOf, subjects: strings.Join(ev.Subject.IDs, " ")}
			for _, a := range ev.Attributes {
				if strings.HasPrefix(a.Key, "tag.") {
					got.tags = strings.TrimSpace(got.tags + " " + a.Key + "=" + a.Value)
				}
			}
			if got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			if ev.Subject.Count != uint64(len(ev.Subject.IDs)) {
				t.Errorf("count %d for %d ids", ev.Subject.Count, len(ev.Subject.IDs))
			}
		})
	}
}

// Whoever writes the SQL must not be able to turn his read into a dead letter
// by making it long.
func TestPGAuditCutsWhatUsersMakeLong(t *testing.T) {
	long := strings.Repeat("é", 40<<10)
	tags := "ticket='" + long + "',reason='" + long + "',subject='" + long + "',x='" + long + "'"
	for i := range 400 {
		tags += fmt.Sprintf(",k%d='v'", i)
	}
	value := audit(`SESSION,1,1,READ,SELECT,TABLE,users.sessions,"select 1 /*`+tags+`*/",`+long[:5000], "application_name", long, "remote_host", long)
	var ev schema.AccessEvent
	if err := newTest(t, PGAudit).Decode(value, time.Date(2026, 11, 23, 20, 14, 6, 0, time.UTC), &ev); err != nil {
		t.Fatal(err)
	}
	inLimits(t, &ev)
	cut, _ := ev.Attributes.Get("cut")
	if want := "application_name,statement,ticket,reason,subject,tag.x,tag,remote_host,pgaudit.parameters"; cut != want {
		t.Errorf("cut %q, want %q", cut, want)
	}
}

func TestPGAuditCopyNamesItsRelation(t *testing.T) {
	tests := []struct{ statement, want string }{
		{"copy users.sessions to stdout", "users.sessions"},
		{`COPY "users"."odd name" (a, b) TO STDOUT WITH CSV`, `users.odd name`},
		{`copy Users."Sessions" to stdout`, "users.Sessions"},
		{"copy sessions(ip) to stdout", "sessions"},
		{"copy binary sessions to stdout", "sessions"},
		{"select 1; copy users.sessions to stdout", "users.sessions"},
		{"/* copy a.b to c */ copy users . sessions to stdout", "users.sessions"},
		{"copy a to stdout; copy b to stdout", noRelation},
		{"copy", noRelation},
		{"", noRelation},
		{"copy (select 1) to stdout", "skipped"},
	}
	for _, tt := range tests {
		var ev schema.AccessEvent
		value := audit(`SESSION,1,1,READ,COPY,,,"`+strings.ReplaceAll(tt.statement, `"`, `""`)+`",<none>`, "ps", "COPY")
		err := newTest(t, PGAudit).Decode(value, time.Date(2026, 11, 23, 20, 14, 6, 0, time.UTC), &ev)
		got := ev.Resource.Dataset
		if err != nil {
			got = verdict(err)
		}
		if got != tt.want {
			t.Errorf("%s: dataset %q, want %q", tt.statement, got, tt.want)
		}
	}
}

func TestRelationNamesLoseTheirQuotes(t *testing.T) {
	for in, want := range map[string]string{
		"users.sessions": "users.sessions", `public."User"`: "public.User", `"us.users".sessions`: "us.users.sessions", `a."b""c"`: `a.b"c`, `""`: noRelation, "": noRelation,
	} {
		e := auditEntry{object: []byte(in)}
		if got := string(e.relation()); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func TestLogTimeZones(t *testing.T) {
	tests := []struct{ zone, want string }{
		{"UTC", "20:14:05"},
		{"CET", "19:14:05"},
		{"CEST", "18:14:05"},
		{"PST", "04:14:05"},
		{"+0545", "14:29:05"},
		{"-03", "23:14:05"},
		{"+08", "12:14:05"},
		{"IST", ""},
		{"CST", ""},
		{"Z", ""},
		{"", ""},
		{"+99", ""},
		{"Europe/Berlin", ""},
	}
	for _, tt := range tests {
		got, err := parseLogTime([]byte("2026-11-23 20:14:05.123 " + tt.zone))
		if tt.want == "" {
			if err == nil {
				t.Errorf("%q: got %s, want none", tt.zone, got)
			}
		} else if err != nil || got.Format(time.TimeOnly) != tt.want {
			t.Errorf("%q: got %s %v, want %s", tt.zone, got, err, tt.want)
		}
	}
}
