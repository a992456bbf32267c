// Package policy_test holds the default policy (deploy/policy), the generator
// that lives in its world, and the code that judges events to one another.
package policy_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/watchglass/watchglass/internal/enrich"
	"github.com/watchglass/watchglass/internal/generate"
	"github.com/watchglass/watchglass/internal/source"
	"github.com/watchglass/watchglass/schema"
)

const dir = "../../deploy/policy"

// judge decodes and enriches as consumers/access does.
type judge struct {
	decoder  source.Decoder
	enricher *enrich.Enricher
}

func newJudge(t *testing.T, mmdb ...string) judge {
	t.Helper()
	key, err := os.ReadFile(dir + "/demo.key")
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := enrich.Load(enrich.Config{PolicyDir: dir, MMDB: mmdb, ProtectedKeys: []enrich.Key{{ID: "demo", Secret: []byte(strings.TrimSpace(string(key)))}}})
	if err != nil {
		t.Fatal(err)
	}
	decoder, err := source.New(source.JSON, source.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return judge{decoder: decoder, enricher: snapshot.NewEnricher()}
}

// event decodes and enriches one record into ev.
func (j judge) event(t *testing.T, value []byte, at time.Time, ev *schema.AccessEvent) {
	t.Helper()
	if err := j.decoder.Decode(value, at, ev); err != nil {
		t.Fatalf("decode %s: %v", value, err)
	}
	j.enricher.Enrich(ev)
}

// What ordinary traffic must hold for the near misses to be there at all.
func TestOrdinaryTrafficHoldsNearMisses(t *testing.T) {
	const count = 200_000
	g, err := generate.New(generate.Options{Seed: 7, Count: count})
	if err != nil {
		t.Fatal(err)
	}
	j, seen := newJudge(t), map[string]int{}
	var ev schema.AccessEvent
	for e, ok := g.Next(); ok; e, ok = g.Next() {
		j.event(t, e.Value, e.Time, &ev)
		en := &ev.Enrichment
		if !en.Known || en.Status != "active" {
			t.Fatalf("an accessor that is not an active member of the directory: %s", e.Value)
		}
		if en.Restricted || !en.Cleared || en.Misplaced {
			t.Fatalf("restricted by %v, cleared %v, misplaced %v: %s", en.RestrictedBy, en.Cleared, en.Misplaced, e.Value)
		}
		seen["location "+en.LocationState]++
		for _, category := range en.Categories {
			seen["category "+category]++
		}
		for _, group := range en.Groups {
			seen["group "+group]++
		}
		if en.EmployerCountry == "CN" {
			seen["employer in CN"]++
		}
		for _, c := range en.Citizenships {
			if c == "CN" && en.HomeCountry == "US" && en.Residents == "US" {
				seen["passport only"]++
			}
		}
		if ev.Accessor.OnBehalfOf != "" {
			seen["on behalf"]++
		}
		if len(ev.Resource.Fields) == 0 {
			seen["no fields"]++
		}
		if len(ev.Subject.IDs) > 1 {
			seen["several subjects"]++
		}
		if len(ev.Origin.Forwarded) > 0 {
			seen["forwarded"]++
		}
		if ev.Outcome == "denied" {
			seen["denied"]++
		}
		seen["kind "+ev.Accessor.Kind]++
		seen["silo "+en.Silo]++
	}
	t.Log(seen)
	for _, want := range []string{
		"location known", "location unknown", "category unclassified", "category operational", "group journalist", "group minor",
		"employer in CN", "passport only", "on behalf", "no fields", "several subjects", "forwarded", "denied", "kind service", "kind model",
		"kind authority", "silo us-ring", "silo algorithm",
	} {
		if seen[want] == 0 {
			t.Errorf("no event with: %s", want)
		}
	}
	for _, never := range []string{"location anonymised", "location conflict", "group official", "group staff"} {
		if n := seen[never]; n != 0 {
			t.Errorf("%d events with: %s", n, never)
		}
	}
	for _, category := range schema.Taxonomy() {
		if seen["category "+category.Name] == 0 {
			t.Errorf("no event reads category %s", category.Name)
		}
	}
}

func TestBadRecordsAreRefusedForTheirReason(t *testing.T) {
	at := time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC)
	poison, j := generate.NewPoison(7, at), newJudge(t)
	var ev schema.AccessEvent
	reasons := map[schema.Reason]int{}
	for range 10_000 {
		bad := poison.Next()
		err := j.decoder.Decode(bad.Value, at, &ev)
		verdict, ok := err.(*schema.PoisonError) //nolint:errorlint // the contract is this very type
		if !ok || verdict.Reason != bad.Reason {
			t.Fatalf("%s: got %v, want %s: %.300s", bad.Kind, err, bad.Reason, bad.Value)
		}
		reasons[bad.Reason]++
	}
	for _, reason := range schema.Reasons() {
		switch reason {
		case schema.ReasonInvalidMessage, schema.ReasonRefused: // not of access events
		case schema.ReasonGap, schema.ReasonPassed: // not of a record's bytes
		default:
			if reasons[reason] == 0 {
				t.Errorf("no bad record with reason %s", reason)
			}
		}
	}
}
