package sigma

import (
	"net/netip"
	"testing"
	"time"

	"github.com/watchglass/watchglass/schema"
)

func sampleEvent() *schema.AccessEvent {
	return &schema.AccessEvent{
		Time: time.Date(2026, 11, 23, 20, 14, 5, 123e6, time.UTC), Action: "query", Outcome: "allowed",
		Accessor:   schema.Accessor{ID: "e-Wei-Zhao", Kind: "person"},
		Origin:     schema.Origin{IP: netip.MustParseAddr("10.60.14.8"), Forwarded: []string{"175.16.199.7"}},
		Resource:   schema.Resource{Store: "profiles", Dataset: "us.users.sessions", Fields: []string{"ip", "LAT"}},
		Subject:    schema.Subject{IDs: []string{"u-5501"}, Count: 1},
		Rows:       20,
		Attributes: schema.AttributeMap{{Key: "cost", Value: "12.5"}, {Key: "Team.name", Value: "Growth"}},
		Enrichment: schema.Enrichment{
			Known: true, Status: "active", Employer: "hongyun-rd", EmployerCountry: "CN", Restricted: true, RestrictedBy: []string{"home", "employer"},
			Categories: []string{"location.ip", "location.precise"}, Silo: "us-ring", Residents: "US",
		},
	}
}

// Typed events: every kind of field, and what is not there.
func TestMatchAccessEvent(t *testing.T) {
	for _, c := range []struct {
		name, selection string
		want            bool
	}{
		{"text", "accessor.id: e-wei-zhao", true},
		{"text, cased", "accessor.id|cased: e-wei-zhao", false},
		{"list", "resource.fields: lat", true},
		{"list, all", "data.categories|all: ['location.*', location.ip]", true},
		{"list, near miss", "data.categories|all: [location.ip, message]", false},
		{"number", "rows: 20", true},
		{"number as text", "rows: '2?'", true},
		{"number, gte", "rows|gte: 20", true},
		{"number, gt", "rows|gt: 20", false},
		{"flag", "accessor.restricted: true", true},
		{"flag, near miss", "accessor.restricted: false", false},
		{"flag that was never set", "accessor.cleared: false", true},
		{"flags are always there", "accessor.cleared|exists: true", true},
		{"address in a network", "origin.ip|cidr: 10.60.0.0/16", true},
		{"address as text", "origin.ip|startswith: '10.60.'", true},
		{"address in a text list", "origin.forwarded|cidr: 175.16.0.0/16", true},
		{"time as text", "time|startswith: '2026-11-23T20:'", true},
		{"attribute", "attributes.Team.name: growth", true},
		{"attribute, compared as a number", "attributes.cost|gt: 12", true},
		{"attribute that is not there", "attributes.none|exists: false", true},
		{"text that is not there: exists", "accessor.device|exists: true", false},
		{"text that is not there: null", "accessor.device: null", true},
		{"text that is not there: empty", "accessor.device: ''", true},
		{"text that is not there: any text", "accessor.device: '*'", false},
		{"text that is not there: neq", "accessor.device|neq: x", true},
		{"text that is there: null", "accessor.id: null", false},
		{"text that is there: empty", "accessor.id: ''", false},
		{"list that is not there: null", "subject.groups: null", true},
		{"list that is not there: empty", "subject.groups: ''", true},
		{"list that is not there: exists", "subject.groups|exists: true", false},
		{"number 0: a number", "bytes: 0", true},
		{"number 0: not there", "bytes|exists: false", true},
		{"number 0: null", "bytes: null", true},
		{"number 0: compared", "bytes|lt: 1", true},
		{"address that is not there", "origin.client: null", true},
		{"fieldref", "accessor.employer_country|fieldref: resource.residents", false},
		{"keyword", "'|all': [hongyun, growth]", true},
		{"keyword in a number", "'|re': '^20$'", true},
		{"keyword, near miss", "'|all': [hongyun, nothing]", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			set := mustParse(t, "s:\n    "+c.selection+"\ncondition: s", Options{})
			ev := sampleEvent()
			got := len(set.NewMatcher().Match(ev)) == 1
			if got != c.want {
				t.Errorf("got %t, want %t", got, c.want)
			}
			if plain := plainMatch(set.rules[0], typedEvent{ev}); plain != c.want {
				t.Errorf("the plain evaluator says %t", plain)
			}
		})
	}
}

// A matcher forgets one event before it looks at the next, also when a field
// had more values before.
func TestMatcherForgets(t *testing.T) {
	m := mustParse(t, "s:\n    resource.fields|contains: LA\n    accessor.employer_country: cn\ncondition: s", Options{}).NewMatcher()
	first, second := sampleEvent(), sampleEvent()
	second.Resource.Fields = []string{"ip"}
	for i, want := range []int{1, 0, 1, 0} {
		ev := []*schema.AccessEvent{first, second}[i%2]
		if got := len(m.Match(ev)); got != want {
			t.Fatalf("event %d: %d rules, want %d", i, got, want)
		}
	}
}

func TestNoAllocationOnTheUsualPath(t *testing.T) {
	set, err := LoadDir("../../deploy/policy/rules", Options{})
	if err != nil {
		t.Fatal(err)
	}
	m, ev := set.NewMatcher(), sampleEvent()
	m.Match(ev)
	if n := testing.AllocsPerRun(200, func() { m.Match(ev) }); n != 0 {
		t.Errorf("%v allocations per event, want none", n)
	}
}
