package alert_test

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/watchglass/watchglass/internal/alert"
	"github.com/watchglass/watchglass/schema"
)

func TestIDIsStable(t *testing.T) {
	t.Parallel()
	// Ids are in tables and in other people's systems: this value must never change.
	got := alert.ID("r1", schema.Position{Topic: "access-events", Partition: 3, Offset: 42})
	if want := "73ba1302"; len(got) != 32 || got[:8] != want {
		t.Errorf("got %s, want 32 digits that begin with %s", got, want)
	}
}

func TestIDsDiffer(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for name, id := range map[string]string{
		"base":           alert.ID("r1", schema.Position{Topic: "t", Partition: 1, Offset: 2}),
		"rule":           alert.ID("r2", schema.Position{Topic: "t", Partition: 1, Offset: 2}),
		"moved boundary": alert.ID("r1t", schema.Position{Topic: "", Partition: 1, Offset: 2}),
		"incarnation":    alert.ID("r1", schema.Position{Topic: "t#2", Partition: 1, Offset: 2}),
		"partition":      alert.ID("r1", schema.Position{Topic: "t", Partition: 2, Offset: 2}),
		"offset":         alert.ID("r1", schema.Position{Topic: "t", Partition: 1, Offset: 3}),
	} {
		if other, ok := seen[id]; ok {
			t.Errorf("%s and %s have the same id", name, other)
		}
		seen[id] = name
	}
}

func TestKeysOfDifferentGroupsDiffer(t *testing.T) {
	t.Parallel()
	text := rapid.StringMatching(`[ab,:= ]{0,3}`)
	pair := rapid.Custom(func(t *rapid.T) schema.Pair {
		return schema.Pair{Field: text.Draw(t, "field"), Value: text.Draw(t, "value")}
	})
	rapid.Check(t, func(t *rapid.T) {
		// Distinct fields, as rules have.
		groups := rapid.SliceOfNDistinct(pair, 1, 3, func(p schema.Pair) string { return p.Field })
		a := schema.Alert{Rule: schema.RuleRef{ID: text.Draw(t, "rule")}, Group: groups.Draw(t, "group")}
		b := schema.Alert{Rule: schema.RuleRef{ID: text.Draw(t, "other rule")}, Group: groups.Draw(t, "other group")}
		same := a.Rule.ID == b.Rule.ID && equalAsSets(a.Group, b.Group)
		if got := alert.KeyOf(&a) == alert.KeyOf(&b); got != same {
			t.Fatalf("same key: %v, same rule and group: %v", got, same)
		}
	})
}

func equalAsSets(a, b []schema.Pair) bool {
	values := map[string]string{}
	for _, p := range a {
		values[p.Field] = p.Value
	}
	for _, p := range b {
		if v, ok := values[p.Field]; !ok || v != p.Value {
			return false
		}
	}
	return len(a) == len(b)
}

func TestDefaultGroupIsTheAccessor(t *testing.T) {
	t.Parallel()
	without := schema.Alert{Rule: schema.RuleRef{ID: "r"}, Accessor: "e-1"}
	with := schema.Alert{Rule: schema.RuleRef{ID: "r"}, Accessor: "e-1", Group: []schema.Pair{{Field: "accessor.id", Value: "e-1"}}}
	other := schema.Alert{Rule: schema.RuleRef{ID: "r"}, Accessor: "e-2"}
	if alert.KeyOf(&without) != alert.KeyOf(&with) {
		t.Error("an alert without a group has another key than one grouped by accessor")
	}
	if alert.KeyOf(&without) == alert.KeyOf(&other) {
		t.Error("two accessors have the same key")
	}
}

func TestIncidentIDsNeedTheKey(t *testing.T) {
	t.Parallel()
	identity := func(key string) alert.Identity {
		i, err := alert.NewIdentity([]byte(key))
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	a := schema.Alert{Rule: schema.RuleRef{ID: "r"}, Accessor: "e-1"}
	plain, one, two := identity(""), identity("0123456789abcdef"), identity("0123456789abcdeg")
	ids := map[string]bool{}
	for _, i := range []alert.Identity{plain, one, two} {
		ids[i.IncidentID(alert.KeyOf(&a), 1)] = true
		ids[i.IncidentID(alert.KeyOf(&a), 2)] = true
		ids[i.AccessorID("e-1")] = true
	}
	if len(ids) != 9 {
		t.Errorf("%d different ids, want 9: key, generation and purpose all count", len(ids))
	}
	if one.IncidentID(alert.KeyOf(&a), 1) != identity("0123456789abcdef").IncidentID(alert.KeyOf(&a), 1) {
		t.Error("the same key gives two ids")
	}
	if _, err := alert.NewIdentity([]byte("0123456789abcde")); !errors.Is(err, alert.ErrShortKey) {
		t.Errorf("a key of 15 bytes: %v", err)
	}
}

func TestNewAlert(t *testing.T) {
	t.Parallel()
	rule, err := alert.NewRule(schema.RuleRef{ID: "r1", Level: "high"}, []string{"purpose.ticket", "subject.ids", "rows"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	ev := &schema.AccessEvent{
		Time: start, Action: "query", Accessor: schema.Accessor{ID: "e-1042"},
		Resource: schema.Resource{Store: "profiles", Dataset: "users.sessions"},
		Subject:  schema.Subject{IDs: []string{"u-1", "u-2"}, Count: 2},
	}
	pos := schema.Position{Topic: "access-events", Partition: 1, Offset: 7}
	a := alert.New(rule, ev, pos, start.Add(time.Second))
	evidence := map[string]string{}
	for _, p := range a.Evidence {
		evidence[p.Field] = p.Value
	}
	for field, want := range map[string]string{
		"purpose.ticket": "", // looked at: its emptiness is what matched
		"subject.ids":    "u-1, u-2", "rows": "0", "action": "query", "resource.dataset": "users.sessions", "subject.count": "2",
	} {
		if got, ok := evidence[field]; !ok || got != want {
			t.Errorf("evidence %s: %q, there: %v; want %q", field, got, ok, want)
		}
	}
	if _, ok := evidence["accessor.employer"]; ok {
		t.Error("an empty field of the context is in the evidence")
	}
	if a.ID != alert.ID("r1", pos) || a.Accessor != "e-1042" || len(a.Group) != 1 || a.Group[0].Value != "e-1042" {
		t.Errorf("got id %s, accessor %s, group %v", a.ID, a.Accessor, a.Group)
	}
	if _, err := alert.NewRule(schema.RuleRef{ID: "r1"}, []string{"accessor.shoesize"}, nil); err == nil {
		t.Error("an unknown field is accepted")
	}
}

func TestLongValues(t *testing.T) {
	t.Parallel()
	rule, err := alert.NewRule(schema.RuleRef{ID: "r1"}, []string{"subject.ids"}, []string{"subject.ids"})
	if err != nil {
		t.Fatal(err)
	}
	many := make([]string, 10_000)
	for i := range many {
		many[i] = "ü-0123456789"
	}
	group := func(ids ...string) string {
		a := alert.New(rule, &schema.AccessEvent{Subject: schema.Subject{IDs: ids}}, schema.Position{}, start)
		if v := a.Evidence[0].Value; len(v) > alert.MaxValueBytes {
			t.Errorf("evidence of %d bytes", len(v))
		}
		return a.Group[0].Value
	}
	if group(many...) == group(many[:9_999]...) {
		t.Error("two long groups have the same value")
	}
	if group("a", "b") == group("a, b") {
		t.Error("a list of two and a value that looks like it are one group")
	}
}
