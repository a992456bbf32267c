package enrich

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/watchglass/watchglass/schema"
)

func drawEvent(t *rapid.T) schema.AccessEvent {
	pick := func(what string, of ...string) string { return rapid.SampledFrom(of).Draw(t, what) }
	text := func(what string) []string {
		return rapid.SliceOfN(rapid.SampledFrom([]string{"10.20.3.4", "175.16.199.7", "192.0.2.1", "10.0.0.2", "x", "fe80::1%a, 10.20.7.1"}), 0, 3).Draw(t, what)
	}
	return schema.AccessEvent{
		Accessor: schema.Accessor{
			ID:         pick("id", "e-us", "e-sg", "e-cn", "e-expat", "e-owned", "e-left", "svc", "nobody", ""),
			OnBehalfOf: pick("for", "", "", "e-cn", "e-sg", "nobody"),
		},
		Origin: schema.Origin{
			IP:        ip(pick("ip", "", "10.20.3.4", "10.20.7.1", "10.99.0.1", "10.98.0.1", "10.0.0.1", "10.60.0.1", "175.16.199.7", "175.16.200.1", "192.0.2.1", "203.0.113.200", "192.168.0.1", "::ffff:10.20.3.4", "2001:db8:c0::1")),
			Forwarded: text("chain"),
		},
		Resource: schema.Resource{
			Store: pick("store", "profiles", "ranking", "ops", "other"), Dataset: pick("dataset", "us.users.sessions", "us.users", "sg.users", "x"), Region: pick("region", "", "us-west-1", "eu-west-1"),
			Fields: rapid.SliceOfN(rapid.SampledFrom([]string{"ip", "email", "lat", "shoe"}), 0, 3).Draw(t, "fields"),
		},
		Subject: schema.Subject{IDs: rapid.SliceOfN(rapid.SampledFrom([]string{"u-1", "u-2", "u-3", "u-4"}), 0, 3).Draw(t, "subjects")},
	}
}

// Caches change the cost, never the verdict: one enricher with ample caches,
// one whose caches are always full, and a new one for every event agree.
func TestCachesChangeNothing(t *testing.T) {
	k := testKeys()
	s := loadPolicy(t, with(lumen(), "protected/a.txt", protectedLine(t, k[0], "u-1", "journalist")+protectedLine(t, k[1], "u-2", "minor", "staff")))
	rapid.Check(t, func(rt *rapid.T) {
		ample, tight := s.NewEnricher(), newEnricher(s, bounds{1, 1, 1, 1})
		for i := range rapid.IntRange(1, 20).Draw(rt, "events") {
			ev := drawEvent(rt)
			want, a, b := ev, ev, ev
			// What was there before must go.
			a.Enrichment = schema.Enrichment{Silo: "old", Groups: []string{"old"}, OnBehalfOf: schema.Principal{Known: true}, Client: netip.IPv6Loopback()}
			newEnricher(s, bounds{}).Enrich(&want)
			ample.Enrich(&a)
			tight.Enrich(&b)
			for name, got := range map[string]schema.Enrichment{"ample": a.Enrichment, "tight": b.Enrichment} {
				if d := cmp.Diff(want.Enrichment, got, cmpopts.EquateComparable(netip.Addr{})); d != "" {
					rt.Fatalf("event %d, %s caches: %s", i, name, d)
				}
			}
			check(rt, s, &want)
		}
	})
}

// check holds an enrichment to what is true of all of them.
func check(t *rapid.T, s *Snapshot, ev *schema.AccessEvent) {
	en := ev.Enrichment
	for what, list := range map[string][]string{"jurisdictions": en.Jurisdictions, "categories": en.Categories, "groups": en.Groups, "owners": en.OwnerCountries, "clearances": en.Clearances} {
		for i := 1; i < len(list); i++ {
			if list[i-1] >= list[i] {
				t.Fatalf("%s %v do not ascend", what, list)
			}
		}
	}
	switch covered := en.Silo == "algorithm" || en.Residents == "US"; {
	case len(en.Categories) == 0, en.PolicyVersion != s.Version():
		t.Fatalf("incomplete: %+v", en)
	case covered && (en.LocationState != "known" || !en.Known) && !en.Restricted:
		t.Fatal("what is not known did not fail closed")
	case !covered && (en.Restricted || en.OnBehalfOf.Restricted):
		t.Fatal("restricted for a resource that nothing covers")
	}
}

func TestCachesStayBounded(t *testing.T) {
	s := loadPolicy(t, lumen())
	e := newEnricher(s, bounds{places: 8, classes: 8, verdicts: 8, subjects: 8})
	for i := range 1_000 {
		ev := schema.AccessEvent{
			Accessor: schema.Accessor{ID: []string{"e-us", "e-sg", "e-cn", "x"}[i%4]},
			Origin:   schema.Origin{IP: netip.AddrFrom4([4]byte{175, 16, byte(199 + i%3), byte(i)})},
			Resource: schema.Resource{Store: "profiles", Dataset: fmt.Sprint("us.", i), Fields: []string{"email"}},
		}
		e.Enrich(&ev)
		if len(e.places) > 8 || len(e.classes) > 8 || len(e.verdicts) > 8 {
			t.Fatalf("caches hold %d, %d, %d", len(e.places), len(e.classes), len(e.verdicts))
		}
	}
}

func TestTheUsualEventAllocatesNothing(t *testing.T) {
	s := loadPolicy(t, with(lumen(), "protected/a.txt", protectedLine(t, testKeys()[0], "u-1", "journalist")))
	e := s.NewEnricher()
	ev := schema.AccessEvent{
		Accessor: schema.Accessor{ID: "e-us", OnBehalfOf: "e-cn"}, Origin: schema.Origin{IP: ip("10.0.0.1"), Forwarded: []string{"10.20.3.4"}},
		Resource: usData(), Subject: schema.Subject{IDs: []string{"u-1", "u-2"}},
	}
	e.Enrich(&ev)
	if n := testing.AllocsPerRun(100, func() { e.Enrich(&ev) }); n != 0 {
		t.Errorf("%v allocations for an event like the last one", n)
	}
	next, names := 0, make([]string, 200)
	for i := range names {
		names[i] = fmt.Sprint("new-", i)
	}
	if n := testing.AllocsPerRun(100, func() { next++; ev.Subject.IDs[1] = names[next]; e.Enrich(&ev) }); n != 0 {
		t.Errorf("%v allocations for an event with a new subject", n)
	}
}
