package sigma

import (
	"slices"
	"testing"

	"github.com/watchglass/watchglass/schema"
)

// ordinary is a read of which no default rule alerts.
func ordinary() *schema.AccessEvent {
	return &schema.AccessEvent{
		Action: "query", Outcome: "allowed", Accessor: schema.Accessor{ID: "e-1", Kind: "person"},
		Resource: schema.Resource{Store: "profiles", Dataset: "us.users.accounts"}, Subject: schema.Subject{IDs: []string{"u-1"}, Count: 1}, Rows: 1,
		Purpose: schema.Purpose{Kind: "support", Ticket: "SUP-1"},
		Enrichment: schema.Enrichment{
			Known: true, Status: "active", Unit: "usds", HomeCountry: "US", Jurisdictions: []string{"US"}, LocationState: "known", Cleared: true,
			Categories: []string{"identity.name"}, Silo: "us-ring", Residents: "US",
		},
	}
}

// Every default rule on single events, on events as enrichment completes them: one change to an
// ordinary event makes it match, or just not.
func TestDefaultRules(t *testing.T) {
	set, err := LoadDir("../../deploy/policy/rules", Options{})
	if err != nil {
		t.Fatal(err)
	}
	type change = func(*schema.AccessEvent, *schema.Enrichment)
	group := func(g string, more change) change {
		return func(e *schema.AccessEvent, n *schema.Enrichment) {
			n.Groups = []string{"other", g}
			more(e, n)
		}
	}
	nothing := func(*schema.AccessEvent, *schema.Enrichment) {}
	for _, c := range []struct {
		name   string
		change change
		want   []string // first two digits of the ids
	}{
		{"ordinary", nothing, nil},
		{"restricted", func(_ *schema.AccessEvent, n *schema.Enrichment) { n.Restricted = true }, []string{"01"}},
		{"restricted, denied", func(e *schema.AccessEvent, n *schema.Enrichment) { n.Restricted, e.Outcome = true, "denied" }, []string{"01"}},
		{"restricted, about nobody's residents", func(_ *schema.AccessEvent, n *schema.Enrichment) { n.Restricted, n.Residents = true, "" }, nil},
		{"unknown place, location", func(_ *schema.AccessEvent, n *schema.Enrichment) {
			n.LocationState, n.Categories = "unknown", []string{"location.ip"}
		}, []string{"02"}},
		{"anonymised, health", func(_ *schema.AccessEvent, n *schema.Enrichment) {
			n.LocationState, n.Categories = "anonymised", []string{"health"}
		}, []string{"02"}},
		{"unknown place, names", func(_ *schema.AccessEvent, n *schema.Enrichment) { n.LocationState = "unknown" }, nil},
		{"journalist's contacts", group("journalist", func(_ *schema.AccessEvent, n *schema.Enrichment) { n.Categories = []string{"device", "contact.phone"} }), []string{"03"}},
		{"journalist's viewing, by a service", group("journalist", func(e *schema.AccessEvent, n *schema.Enrichment) {
			e.Accessor.Kind, n.Categories = "service", []string{"behaviour.viewing"}
		}), []string{"03"}},
		{"journalist's name", group("journalist", nothing), nil},
		{"official", group("official", nothing), []string{"04"}},
		{"minor", group("minor", nothing), []string{"05"}},
		{"minor, by a service", group("minor", func(e *schema.AccessEvent, _ *schema.Enrichment) { e.Accessor.Kind = "service" }), nil},
		{"staff", group("staff", nothing), []string{"06"}},
		{"staff, by a model", group("staff", func(e *schema.AccessEvent, _ *schema.Enrichment) { e.Accessor.Kind = "model" }), nil},
		{"staff's records, by human resources", group("staff", func(e *schema.AccessEvent, n *schema.Enrichment) { n.Unit, e.Resource.Store = "hr", "hr" }), nil},
		{"staff's sessions, by human resources", group("staff", func(_ *schema.AccessEvent, n *schema.Enrichment) { n.Unit = "hr" }), []string{"06"}},
		{"for somebody restricted", func(e *schema.AccessEvent, n *schema.Enrichment) {
			e.Accessor.OnBehalfOf, n.OnBehalfOf.Restricted = "e-2", true
		}, []string{"07"}},
		{"for somebody else", func(e *schema.AccessEvent, _ *schema.Enrichment) { e.Accessor.OnBehalfOf = "e-2" }, nil},
		{"no clearance", func(_ *schema.AccessEvent, n *schema.Enrichment) { n.Cleared = false }, []string{"08"}},
		{"no silo", func(e *schema.AccessEvent, n *schema.Enrichment) { n.Silo, e.Action = "", "export" }, nil},
		{"export", func(e *schema.AccessEvent, _ *schema.Enrichment) { e.Action = "export" }, []string{"09"}},
		{"misplaced", func(_ *schema.AccessEvent, n *schema.Enrichment) { n.Misplaced = true }, []string{"09"}},
		{"list", func(e *schema.AccessEvent, _ *schema.Enrichment) { e.Action = "list" }, nil},
		{"algorithm, restricted", func(_ *schema.AccessEvent, n *schema.Enrichment) {
			n.Silo, n.Residents, n.Categories, n.Restricted = "algorithm", "", []string{"algorithm"}, true
		}, []string{"10"}},
		{"algorithm, not cleared", func(_ *schema.AccessEvent, n *schema.Enrichment) {
			n.Silo, n.Residents, n.Categories, n.Cleared = "algorithm", "", []string{"algorithm"}, false
		}, []string{"08", "10"}},
		{"algorithm", func(_ *schema.AccessEvent, n *schema.Enrichment) { n.Categories = []string{"algorithm"} }, nil},
		{"legal without ticket", func(e *schema.AccessEvent, _ *schema.Enrichment) { e.Purpose = schema.Purpose{Kind: "legal"} }, []string{"11"}},
		{"legal with ticket", func(e *schema.AccessEvent, _ *schema.Enrichment) { e.Purpose.Kind = "legal" }, nil},
		{"authority with ticket", func(e *schema.AccessEvent, _ *schema.Enrichment) { e.Accessor.Kind = "authority" }, nil},
		{"authority of a country of concern", func(e *schema.AccessEvent, n *schema.Enrichment) {
			e.Accessor.Kind, n.Jurisdictions = "authority", []string{"RU"}
		}, []string{"11"}},
		{"person of a country of concern", func(_ *schema.AccessEvent, n *schema.Enrichment) { n.Jurisdictions = []string{"RU"} }, nil},
		{"messages", func(_ *schema.AccessEvent, n *schema.Enrichment) { n.Categories = []string{"message"} }, []string{"12"}},
		{"faces", func(_ *schema.AccessEvent, n *schema.Enrichment) { n.Categories = []string{"biometric.face"} }, []string{"12"}},
		{"messages, by a service", func(e *schema.AccessEvent, n *schema.Enrichment) {
			e.Accessor.Kind, n.Categories = "service", []string{"message"}
		}, nil},
		{"unclassified, rows", func(e *schema.AccessEvent, n *schema.Enrichment) {
			e.Rows, n.Categories = 10_000, []string{"unclassified"}
		}, []string{"13"}},
		{"unclassified, one row less", func(e *schema.AccessEvent, n *schema.Enrichment) {
			e.Rows, n.Categories = 9_999, []string{"unclassified"}
		}, nil},
		{"unclassified, subjects", func(e *schema.AccessEvent, n *schema.Enrichment) {
			e.Subject.Count, n.Categories = 1_000, []string{"unclassified"}
		}, []string{"13"}},
		{"unclassified, bytes", func(e *schema.AccessEvent, n *schema.Enrichment) {
			e.Bytes, n.Categories = 10_000_000, []string{"unclassified"}
		}, []string{"13"}},
		{"bulk, classified", func(e *schema.AccessEvent, _ *schema.Enrichment) { e.Rows = 10_000 }, nil},
		{"journalist's name without ticket", group("journalist", func(e *schema.AccessEvent, _ *schema.Enrichment) { e.Purpose.Ticket = "" }), []string{"14"}},
		{"journalist's name without purpose", group("journalist", func(e *schema.AccessEvent, _ *schema.Enrichment) { e.Purpose.Kind = "" }), []string{"14"}},
		{"nobody protected, no purpose", func(e *schema.AccessEvent, _ *schema.Enrichment) { e.Purpose = schema.Purpose{} }, nil},
		{"departed", func(_ *schema.AccessEvent, n *schema.Enrichment) { n.Status = "departed" }, []string{"15"}},
		{"unknown", func(_ *schema.AccessEvent, n *schema.Enrichment) { n.Known, n.Status = false, "unknown" }, []string{"15"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			ev := ordinary()
			c.change(ev, &ev.Enrichment)
			var got []string
			for _, r := range set.NewMatcher().Match(ev) {
				if r.Alerts() {
					got = append(got, r.ID[:2])
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}
