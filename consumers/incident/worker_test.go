package incident_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/watchglass/watchglass/internal/stream"
	"github.com/watchglass/watchglass/schema"
)

func TestLifeOfAnIncident(t *testing.T) {
	t.Parallel()
	m := newMemory()
	o := own(t, m, 1, settings())
	must(t, o.Restore(t.Context()))
	must(t, o.Handle(t.Context(), records(0, newAlert("e-1", 1), newAlert("e-2", 2), newAlert("e-1", 3))))
	for _, after := range []time.Duration{time.Second, 5 * time.Minute, 6 * time.Minute, time.Hour, 2 * time.Hour, 26 * time.Hour} {
		o.now = start.Add(after)
		must(t, o.Tick(t.Context(), o.now))
	}
	o.now = start.Add(27 * time.Hour)
	must(t, o.Handle(t.Context(), records(3, newAlert("e-2", 9))))
	want := []string{
		"incident.opened of e-1, 1 alerts", "incident.opened of e-2, 1 alerts",
		"incident.updated of e-1, 2 alerts",
	}
	got := says(m)
	if diff := cmp.Diff(want, got[:3]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	slices.Sort(got[3:5]) // both are due in the same tick
	want = []string{"incident.resolved of e-1, 2 alerts", "incident.resolved of e-2, 1 alerts", "incident.opened of e-2, 1 alerts"}
	if diff := cmp.Diff(want, got[3:]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	changes := read[schema.IncidentChange](m, "incidents")
	if len(changes) != len(got) {
		t.Errorf("%d changes for %d notifications", len(changes), len(got))
	}
	// e-1 was forgotten: nothing of it is left to be restored.
	m.compact("state")
	if n := len(m.topics["state"]); n != 1 {
		t.Errorf("%d states are left, want 1", n)
	}
}

func TestPublishOrder(t *testing.T) {
	t.Parallel()
	m := newMemory()
	o := own(t, m, 1, settings())
	must(t, o.Restore(t.Context()))
	must(t, o.Handle(t.Context(), records(0, newAlert("e-1", 1), newAlert("e-2", 2))))
	if m.calls != 2 {
		t.Errorf("%d calls of Publish for one batch, want 2: states, then changes and notifications", m.calls)
	}
	if n := len(m.live()["\x02r1\x0baccessor.id\x03e-1"].Pending); n != 1 {
		t.Errorf("the state was written with %d pending, want 1", n)
	}
	// Nothing happens, nothing is published; but one tick clears what is no longer pending.
	must(t, o.Tick(t.Context(), start))
	must(t, o.Tick(t.Context(), start))
	if m.calls != 3 {
		t.Errorf("%d calls of Publish after two ticks, want 3", m.calls)
	}
	for key, state := range m.live() {
		if len(state.Pending) != 0 {
			t.Errorf("%q is still pending", key)
		}
	}
	// A copy changes nothing.
	must(t, o.Handle(t.Context(), records(2, newAlert("e-1", 1))))
	if m.calls != 3 {
		t.Errorf("a copy was published")
	}
}

func TestBadAlertsAreDeadLettersAndNeighboursGoOn(t *testing.T) {
	t.Parallel()
	good := newAlert("e-1", 1)
	for name, change := range map[string]func(*schema.Alert){
		"no id":       func(a *schema.Alert) { a.ID = "" },
		"no rule":     func(a *schema.Alert) { a.Rule.ID = "" },
		"bad level":   func(a *schema.Alert) { a.Rule.Level = "urgent" },
		"no accessor": func(a *schema.Alert) { a.Accessor = "" },
		"no time":     func(a *schema.Alert) { a.Time = time.Time{} },
	} {
		bad := good
		change(&bad)
		checkDead(t, name, records(0, bad)[0].Value, good)
	}
	for name, value := range map[string][]byte{"null": nil, "empty": {}, "not JSON": []byte("{"), "wrong type": []byte(`{"id":7}`), "array": []byte(`[]`)} {
		checkDead(t, name, value, good)
	}
}

func checkDead(t *testing.T, name string, value []byte, good schema.Alert) {
	t.Helper()
	m := newMemory()
	o := own(t, m, 1, settings())
	must(t, o.Restore(t.Context()))
	batch := records(7, good, good)
	batch[0].Value = value
	must(t, o.Handle(t.Context(), batch))
	dead := m.topics["dead"]
	if len(dead) != 1 || string(dead[0].Key) != "alerts/0/7" || string(dead[0].Value) != string(value) {
		t.Errorf("%s: dead letters %v", name, dead)
	}
	if got := says(m); len(got) != 1 {
		t.Errorf("%s: the neighbour says %v", name, got)
	}
}

func TestUnknownMembersOfAnAlertAreLeftAlone(t *testing.T) {
	t.Parallel()
	m := newMemory()
	o := own(t, m, 1, settings())
	must(t, o.Restore(t.Context()))
	batch := records(0, newAlert("e-1", 1))
	var members map[string]any
	must(t, json.Unmarshal(batch[0].Value, &members))
	members["of_a_newer_version"] = 1
	batch[0].Value, _ = json.Marshal(members)
	must(t, o.Handle(t.Context(), batch))
	if len(m.topics["dead"]) != 0 || len(says(m)) != 1 {
		t.Errorf("dead %d, notifications %v", len(m.topics["dead"]), says(m))
	}
}

func TestRestoredIncidentsAreNotResolvedBeforeTheGraceIsOver(t *testing.T) {
	t.Parallel()
	m := newMemory()
	first := own(t, m, 1, settings())
	must(t, first.Restore(t.Context()))
	must(t, first.Handle(t.Context(), records(0, newAlert("e-1", 1))))
	must(t, first.Tick(t.Context(), start))
	// Nobody watches for three hours, while the incident goes on.
	second := own(t, m, 2, settings())
	second.now = start.Add(3 * time.Hour)
	must(t, second.Restore(t.Context()))
	must(t, second.Tick(t.Context(), second.now))
	must(t, second.Handle(t.Context(), records(1, newAlert("e-1", 2))))
	want := []string{"incident.opened of e-1, 1 alerts", "incident.updated of e-1, 2 alerts"}
	if diff := cmp.Diff(want, says(m)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestAPausedOwnerLoses: it wakes up after its successor has gone on, and
// writes what it still believes.
func TestAPausedOwnerLoses(t *testing.T) {
	t.Parallel()
	for name, generations := range map[string][3]int32{"ordinary": {4, 5, 6}, "group made anew": {4, 1, 2}} {
		m := newMemory()
		paused := own(t, m, generations[0], settings())
		must(t, paused.Restore(t.Context()))
		must(t, paused.Handle(t.Context(), records(0, newAlert("e-1", 1))))
		successor := own(t, m, generations[1], settings())
		must(t, successor.Restore(t.Context()))
		must(t, successor.Handle(t.Context(), records(1, newAlert("e-1", 2), newAlert("e-1", 3))))
		must(t, successor.Tick(t.Context(), start))
		must(t, paused.Handle(t.Context(), records(1, newAlert("e-1", 2)))) // wakes up
		third := own(t, m, generations[2], settings())
		must(t, third.Restore(t.Context()))
		third.now = start.Add(6 * time.Minute)
		must(t, third.Handle(t.Context(), records(3, newAlert("e-1", 4))))
		must(t, third.Tick(t.Context(), third.now))
		got := says(m)
		if last := got[len(got)-1]; last != "incident.updated of e-1, 4 alerts" {
			t.Errorf("%s: the last word is %q", name, last)
		}
		m.compact("state")
		if n := len(m.topics["state"]); n != 1 {
			t.Errorf("%s: %d states are left, want the highest epoch's only", name, n)
		}
	}
}

func TestUnreadableStatesAreDeadLetters(t *testing.T) {
	t.Parallel()
	m := newMemory()
	o := own(t, m, 1, settings())
	must(t, o.Restore(t.Context()))
	must(t, o.Handle(t.Context(), records(0, newAlert("e-1", 1))))
	state := m.topics["state"][0]
	m.topics["state"] = append(m.topics["state"],
		stream.Message{Key: []byte("no epoch"), Value: state.Value},
		stream.Message{Key: []byte("0123.7"), Value: state.Value}, // not the hash of its key
		stream.Message{Key: []byte("4567.7"), Value: []byte("{")},
	)
	again := own(t, m, 2, settings())
	must(t, again.Restore(t.Context()))
	if n := len(m.topics["dead"]); n != 3 {
		t.Errorf("%d dead letters, want 3", n)
	}
	must(t, again.Tick(t.Context(), start))
	must(t, again.Handle(t.Context(), records(1, newAlert("e-1", 1))))
	third := own(t, m, 3, settings())
	must(t, third.Restore(t.Context()))
	if n := len(m.topics["dead"]); n != 3 {
		t.Errorf("%d dead letters after another restore, want still 3", n)
	}
}

func TestOpenIncidentsAreCounted(t *testing.T) {
	t.Parallel()
	const name = "watchglass_incident_open_incidents"
	m := newMemory()
	o := own(t, m, 1, settings())
	must(t, o.Restore(t.Context()))
	must(t, o.Handle(t.Context(), records(0, newAlert("e-1", 1), newAlert("e-2", 2))))
	open := func(o *owner) float64 {
		t.Helper()
		families, err := o.registry.Gather()
		must(t, err)
		for _, f := range families {
			if f.GetName() == name {
				return f.GetMetric()[0].GetGauge().GetValue()
			}
		}
		t.Fatalf("%s is not there", name)
		return 0
	}
	if n := open(o); n != 2 {
		t.Errorf("%v open, want 2", n)
	}
	o.now = start.Add(time.Hour)
	must(t, o.Tick(t.Context(), o.now))
	must(t, o.Handle(t.Context(), records(2, newAlert("e-1", 3))))
	if n := open(o); n != 1 {
		t.Errorf("%v open after both were resolved and one reopened, want 1", n)
	}
	next := own(t, m, 2, settings())
	must(t, next.Restore(t.Context()))
	if n := open(next); n != 1 {
		t.Errorf("%v open after restore, want 1", n)
	}
	o.Close()
	if n := open(o); n != 0 {
		t.Errorf("%v open after close, want 0", n)
	}
	if problems, err := testutil.GatherAndLint(o.registry); err != nil || len(problems) > 0 {
		t.Errorf("metrics: %v, %v", problems, err)
	}
}

func TestErrorsOfTheClusterAreReturned(t *testing.T) {
	t.Parallel()
	m := newMemory()
	o := own(t, m, 1, settings())
	must(t, o.Restore(t.Context()))
	m.faults[1] = before
	if err := o.Handle(t.Context(), records(0, newAlert("e-1", 1))); !errors.Is(err, errFault) {
		t.Errorf("got %v", err)
	}
}
