package source

import (
	"strings"
	"testing"

	"github.com/watchglass/watchglass/schema"
)

func TestAddresses(t *testing.T) {
	tests := []struct{ in, want string }{
		{"10.1.2.3", "10.1.2.3"},
		{"::ffff:10.1.2.3", "10.1.2.3"},
		{"2001:DB8::1", "2001:db8::1"},
		{"fe80::1%eth0", "fe80::1"},
		{"1.2.3.4:80", "1.2.3.4"},
		{"[::1]:443", "::1"},
		{"[::1]", "::1"},
		{"[fe80::1%eth0]:22", "fe80::1"},
		{"[::ffff:1.2.3.4]:80", "1.2.3.4"},
		{"[1.2.3.4]", ""},
		{"::1:", ""},
		{"[]", ""},
		{"[", ""},
		{" 1.2.3.4", ""},
		{"1.2.3.4:x", ""},
		{"example.org", ""},
	}
	for _, tt := range tests {
		got, ok := parseAddress(tt.in)
		if ok != (tt.want != "") || ok && got.String() != tt.want {
			t.Errorf("%q: got %s, want %q", tt.in, got, tt.want)
		}
	}
}

func TestAttributes(t *testing.T) {
	tests := []struct{ name, members, want string }{
		{"none", ``, ``},
		{"explicit", `,"attributes":{"b":"2","a":"1"}`, `a=1 b=2`},
		{"explicit, not strings", `,"attributes":{"n":1.50,"o":{"x" : [1, "é\n"]},"t":true}`, `n=1.50 o={"x":[1,"é\n"]} t=true`},
		{"unknown members, by their path", `,"team":"blue","origin":{"port":443},"subject":{"why":{"a":1}}`, `origin.port=443 subject.why={"a":1} team=blue`},
		{"what only enrichment may say", `,"data":{"categories":["x"]},"subject":{"groups":["staff"]}`, `data={"categories":["x"]} subject.groups=["staff"]`},
		{"empty is kept, null is not", `,"a":"","b":null,"attributes":{"c":null}`, `a=`},
		{"explicit wins", `,"a":"top","attributes":{"a":"explicit"}`, `a=explicit`},
		{"explicit wins wherever it stands", `,"attributes":{"a":"explicit"},"a":"top"`, `a=explicit`},
		{"explicit null does not win", `,"attributes":{"a":null},"a":"top"`, `a=top`},
		{"the upper level wins", `,"origin":{"port":1},"origin.port":2`, `origin.port=2`},
		{"escaped names", `,"\u0061\"b":"1"`, `a"b=1`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var ev schema.AccessEvent
			if err := newTest(t, JSON).Decode([]byte(with(tt.members)), kafkaTime, &ev); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, a := range ev.Attributes {
				got = append(got, a.Key+"="+a.Value)
			}
			if s := strings.Join(got, " "); s != tt.want {
				t.Errorf("got  %s\nwant %s", s, tt.want)
			}
		})
	}
}

func TestSubjects(t *testing.T) {
	list := func(n int) string { return `["` + strings.Repeat(`u","`, n-1) + `u"]` }
	tests := []struct {
		name, subject string
		ids           int
		count         uint64
		truncated     bool
	}{
		{"count is the number of ids", `{"ids":["a","b"]}`, 2, 2, false},
		{"a count of its own", `{"ids":["a","b"],"count":70}`, 2, 70, false},
		{"a count below the ids", `{"ids":["a","b"],"count":1}`, 2, 2, false},
		{"a count alone", `{"count":70}`, 0, 70, false},
		{"nulls and empty ids", `{"ids":["a",null,""]}`, 1, 1, false},
		{"at the limit", `{"ids":` + list(10_000) + `}`, 10_000, 10_000, false},
		{"over the limit", `{"ids":` + list(12_345) + `}`, 10_000, 12_345, true},
		{"over the limit, and denied", `{"truncated":false,"count":5,"ids":` + list(12_345) + `}`, 10_000, 12_345, true},
		{"cut by the producer", `{"ids":["a"],"count":12345,"truncated":true}`, 1, 12_345, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var ev schema.AccessEvent
			if err := newTest(t, JSON).Decode([]byte(with(`,"subject":`+tt.subject)), kafkaTime, &ev); err != nil {
				t.Fatal(err)
			}
			if len(ev.Subject.IDs) != tt.ids || ev.Subject.Count != tt.count || ev.Subject.Truncated != tt.truncated {
				t.Errorf("got %d ids, count %d, truncated %t", len(ev.Subject.IDs), ev.Subject.Count, ev.Subject.Truncated)
			}
		})
	}
}
