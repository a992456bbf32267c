package alert

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/watchglass/watchglass/schema"
)

func tracking() OverTime {
	at := time.Date(2026, 11, 23, 20, 14, 5, 0, time.UTC)
	return OverTime{
		Rule:   schema.RuleRef{ID: "tracking", Level: "high"},
		Group:  []schema.Pair{{Field: "accessor.id", Value: "e-1"}, {Field: "subject.ids", Value: "u-1"}},
		Bucket: at.Truncate(24 * time.Hour), From: at.Add(-24 * time.Hour), To: at, At: at,
		Event:  []schema.Pair{{Field: "accessor.id", Value: "e-1"}, {Field: "accessor.unit", Value: "usds"}, {Field: "purpose.ticket", Value: ""}},
		Places: []schema.Position{{Topic: "in", Partition: 1, Offset: 9}, {Topic: "in", Partition: 0, Offset: 7}},
	}
}

// The id is that of rule, group and bucket, and of nothing else.
func TestIDOfOverTime(t *testing.T) {
	o := tracking()
	id := o.ID()
	for name, change := range map[string]func(*OverTime){
		"completed later":    func(o *OverTime) { o.At, o.To = o.At.Add(time.Hour), o.To.Add(time.Hour) },
		"another version":    func(o *OverTime) { o.Rule.Version = "x" },
		"without evidence":   func(o *OverTime) { o.Event, o.Places = nil, nil },
		"the bucket's clock": func(o *OverTime) { o.Bucket = o.Bucket.In(time.FixedZone("", 3600)) },
	} {
		other := tracking()
		if change(&other); other.ID() != id {
			t.Errorf("%s: another id", name)
		}
	}
	for name, change := range map[string]func(*OverTime){
		"another rule":   func(o *OverTime) { o.Rule.ID = "other" },
		"another group":  func(o *OverTime) { o.Group[1].Value = "u-2" },
		"another field":  func(o *OverTime) { o.Group[1].Field = "resource.object" },
		"another bucket": func(o *OverTime) { o.Bucket = o.Bucket.Add(24 * time.Hour) },
	} {
		other := tracking()
		if change(&other); other.ID() == id {
			t.Errorf("%s: the same id", name)
		}
	}
}

func TestAlertOverTime(t *testing.T) {
	o := tracking()
	now := o.At.Add(time.Second)
	a := o.Alert([]string{"accessor.id", "accessor.unit"}, now)
	want := schema.Alert{
		ID: o.ID(), Time: o.At, Created: now, Rule: o.Rule, Accessor: "e-1",
		Group: []schema.Pair{{Field: "accessor.id", Value: "e-1"}, {Field: "accessor.unit", Value: "usds"}},
		Evidence: []schema.Pair{
			{Field: "accessor.id", Value: "e-1"},
			{Field: "subject.ids", Value: "u-1"},
			{Field: "accessor.unit", Value: "usds"},
			{Field: "window.from", Value: "2026-11-22T20:14:05.000Z"},
			{Field: "window.to", Value: "2026-11-23T20:14:05.000Z"},
			{Field: "events", Value: "in/1/9 in/0/7"},
		},
	}
	if d := cmp.Diff(want, a); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if got := o.Alert(nil, now).Group; len(got) != 2 {
		t.Errorf("incidents by %v, want the rule's group", got)
	}
	silent := OverTime{Rule: schema.RuleRef{ID: "silent"}}
	if a := silent.Alert(nil, now); len(a.Group) != 1 || a.Group[0].Value != "silent" || string(silent.Key(&a)) == "" {
		t.Errorf("an alert of nobody: %+v", a)
	}
	long := tracking()
	long.Group[1].Value = strings.Repeat("x", MaxValueBytes+1)
	if a := long.Alert([]string{"subject.ids"}, now); !strings.HasPrefix(a.Group[0].Value, "sha256:") || len(a.Evidence[1].Value) > MaxValueBytes+len(cutMark) {
		t.Error("a long value is neither hashed nor cut")
	}
}
