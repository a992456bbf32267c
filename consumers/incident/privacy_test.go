package incident_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/watchglass/watchglass/internal/alert"
	"github.com/watchglass/watchglass/internal/webhook"
	"github.com/watchglass/watchglass/schema"
)

// TestNoBodyHoldsPersonalData follows marked personal data from the event on:
// every member that may name a person, or was written by one, is marked.
func TestNoBodyHoldsPersonalData(t *testing.T) {
	t.Parallel()
	const marker = "MARKED-PERSONAL"
	identity, err := alert.NewIdentity([]byte("0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, f := range schema.Fields() {
		paths = append(paths, f.Path)
	}
	rapid.Check(t, func(t *rapid.T) {
		s := settings()
		s.Identity, s.HashAccessor, s.UpdateInterval = identity, true, 0
		rule, err := alert.NewRule(
			schema.RuleRef{ID: "r1", Title: "a journalist's data read", Level: "high"},
			append(rapid.SliceOfDistinct(rapid.SampledFrom(paths), rapid.ID[string]).Draw(t, "looked at"), "attributes.note"),
			rapid.SliceOfNDistinct(rapid.SampledFrom(paths), 0, 3, rapid.ID[string]).Draw(t, "group by"),
		)
		if err != nil {
			t.Fatalf("%v", err)
		}
		mark := func(what string) string { return rapid.StringN(0, 4, -1).Draw(t, what) + marker }
		ev := &schema.AccessEvent{
			ID: mark("id"), Time: start, Action: mark("action"), Outcome: mark("outcome"),
			Accessor: schema.Accessor{ID: mark("accessor"), Kind: "person", Session: mark("session"), Device: mark("device"), OnBehalfOf: mark("on behalf of")},
			Origin:   schema.Origin{Forwarded: []string{mark("forwarded")}, UserAgent: mark("agent")},
			Resource: schema.Resource{Store: mark("store"), Region: mark("region"), Dataset: "users.sessions", Fields: []string{mark("field")}, Object: mark("object")},
			Subject:  schema.Subject{IDs: []string{mark("subject"), mark("other subject")}, Count: 2},
			Purpose:  schema.Purpose{Kind: mark("purpose"), Ticket: mark("ticket"), Reason: mark("reason")}, Statement: mark("statement"),
			Producer: schema.Producer{Name: mark("producer")}, Attributes: schema.AttributeMap{{Key: "note", Value: mark("attribute")}},
			Enrichment: schema.Enrichment{Employer: "lumen-us", Site: mark("site"), HomeCountry: mark("home"), NetworkCountry: mark("network"), Categories: []string{"location.ip"}},
		}
		m := newMemory()
		o := own(t, m, 1, s)
		if err := o.Restore(context.Background()); err != nil {
			t.Fatalf("%v", err)
		}
		for i := range int64(2) {
			a := alert.New(rule, ev, schema.Position{Topic: "access-events", Offset: i}, start)
			if err := o.Handle(context.Background(), records(i, a)); err != nil {
				t.Fatalf("%v", err)
			}
		}
		if err := o.Tick(context.Background(), start.Add(2*time.Hour)); err != nil {
			t.Fatalf("%v", err)
		}
		notifications := read[schema.Notification](m, "notifications")
		if len(notifications) != 3 {
			t.Fatalf("%d notifications, want opened, updated and resolved", len(notifications))
		}
		for i := range notifications {
			body, err := webhook.Body(&notifications[i])
			if err != nil {
				t.Fatalf("%v", err)
			}
			if bytes.Contains(body, []byte(marker)) {
				t.Fatalf("personal data in %s", body)
			}
			if !bytes.Contains(body, []byte(`"dataset":"users.sessions"`)) {
				t.Fatalf("the facts are missing in %s", body)
			}
		}
	})
}
