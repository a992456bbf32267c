package incident_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/watchglass/watchglass/internal/alert"
	"github.com/watchglass/watchglass/schema"
)

// step is a batch of alerts, or a tick when there are none, at a time.
type step struct {
	after  time.Duration
	alerts []schema.Alert
}

// story goes through every kind of decision.
func story() []step {
	a := newAlert
	return []step{
		{0, []schema.Alert{a("e-1", 1), a("e-2", 2), a("e-1", 3)}},
		{time.Second, nil},
		{time.Minute, []schema.Alert{a("e-2", 4), a("e-3", 5)}},
		{5 * time.Minute, nil},
		{6 * time.Minute, []schema.Alert{a("e-3", 6), a("e-3", 7), a("e-1", 3)}}, // with a copy
		{3 * time.Hour, nil},
		{3*time.Hour + time.Minute, []schema.Alert{a("e-1", 8)}}, // reopens
		{3*time.Hour + 2*time.Minute, nil},
		{30 * time.Hour, nil}, // resolves it again, forgets the others
		{30*time.Hour + time.Second, nil},
	}
}

// play tells the story; after a failed step, the step is taken again by the
// same owner, or by the next one.
func play(t fatal, m *memory, steps []step, crash bool) {
	t.Helper()
	generation := int32(1)
	now := start
	takeOver := func() *owner {
		for {
			o := own(t, m, generation, settings())
			o.now = now.Add(-2 * time.Minute) // so that the grace is over at the next step
			generation++
			if err := o.Restore(context.Background()); err == nil {
				return o
			}
		}
	}
	o := takeOver()
	offset := int64(0)
	for _, s := range steps {
		now = start.Add(s.after)
		for attempt := 0; ; attempt++ {
			o.now = now
			var err error
			if s.alerts == nil {
				err = o.Tick(context.Background(), o.now)
			} else {
				err = o.Handle(context.Background(), records(offset, s.alerts...))
			}
			if err == nil {
				break
			}
			if attempt > 10 {
				t.Fatalf("it never succeeds: %v", err)
			}
			if crash {
				o = takeOver()
			}
		}
		offset += int64(len(s.alerts))
	}
}

// result is what must be the same whatever fails: which notifications went
// out (at least once), which changes were recorded, and what state is left.
type result struct {
	Notifications map[string]string
	Changes       map[string]string
	States        map[string]string
}

func resultOf(m *memory) result {
	r := result{map[string]string{}, map[string]string{}, map[string]string{}}
	for _, n := range read[schema.Notification](m, "notifications") {
		r.Notifications[n.ID] = fmt.Sprintf("%s %s %d", n.Type, n.Accessor, n.Alerts)
	}
	for _, c := range read[schema.IncidentChange](m, "incidents") {
		r.Changes[c.ID] = fmt.Sprintf("%s %s %s %d", c.Status, c.Reason, c.Accessor, c.Alerts)
	}
	for key, s := range m.live() {
		r.States[string(key)] = fmt.Sprintf("%s generation %d, %d alerts, open %v, pending %d", s.ID, s.Generation, s.Alerts, s.Open(), len(s.Pending))
	}
	return r
}

// TestEveryPublishFailsInTurn is the fault table: each call of Publish fails
// before it took effect, after half of it, and after all of it; then the same
// owner tries again, or dies and another one restores.
func TestEveryPublishFailsInTurn(t *testing.T) {
	t.Parallel()
	clean := newMemory()
	play(t, clean, story(), false)
	want := resultOf(clean)
	if len(want.Notifications) != 11 || clean.calls < 15 {
		t.Fatalf("the story has %d notifications in %d calls: it does not go through every kind of decision", len(want.Notifications), clean.calls)
	}
	for call := 1; call <= clean.calls; call++ {
		for _, f := range []fault{before, half, after} {
			for _, crash := range []bool{false, true} {
				m := newMemory()
				m.faults[call] = f
				play(t, m, story(), crash)
				if diff := cmp.Diff(want, resultOf(m)); diff != "" {
					t.Errorf("call %d, fault %d, crash %v (-want +got):\n%s", call, f, crash, diff)
				}
				copies := len(m.topics["notifications"]) - len(want.Notifications)
				if copies > 3 {
					t.Errorf("call %d, fault %d, crash %v: %d notifications went out twice", call, f, crash, copies)
				}
			}
		}
	}
}

// TestAnyCuttingReplayAndCrashEndsInTheSameIncidents: batches of any size,
// replays from any earlier offset, failures and take-overs anywhere, and a
// compaction in between.
func TestAnyCuttingReplayAndCrashEndsInTheSameIncidents(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		alerts := make([]schema.Alert, rapid.IntRange(1, 30).Draw(t, "alerts"))
		counts := map[string]uint64{}
		for i := range alerts {
			alerts[i] = newAlert(fmt.Sprint("e-", rapid.IntRange(1, 3).Draw(t, "accessor")), int64(i))
			counts[alerts[i].Accessor]++
		}
		m := newMemory()
		s := settings()
		s.Recent = rapid.IntRange(1, 4).Draw(t, "recent")
		for range rapid.IntRange(0, 6).Draw(t, "faults") {
			m.faults[rapid.IntRange(1, 40).Draw(t, "call")] = rapid.SampledFrom([]fault{before, half, after}).Draw(t, "fault")
		}
		generation := int32(1)
		var o *owner
		for next := 0; next < len(alerts); {
			if o == nil || rapid.IntRange(0, 4).Draw(t, "take over") == 0 {
				if rapid.Bool().Draw(t, "compact") {
					m.compact("state")
				}
				o = own(t, m, generation, s)
				generation++
				if o.Restore(context.Background()) != nil {
					o = nil
					continue
				}
				next = rapid.IntRange(0, next).Draw(t, "back to")
			}
			end := rapid.IntRange(next+1, len(alerts)).Draw(t, "end")
			if o.Handle(context.Background(), records(int64(next), alerts[next:end]...)) != nil {
				if rapid.Bool().Draw(t, "die") {
					o = nil
				}
				continue // the same records again
			}
			next = end
			if rapid.Bool().Draw(t, "tick") {
				_ = o.Tick(context.Background(), start)
			}
		}
		incidents := map[string][]string{}
		for _, n := range read[schema.Notification](m, "notifications") {
			if ids := incidents[n.Accessor]; !slices.Contains(ids, n.ID) {
				incidents[n.Accessor] = append(ids, n.ID)
			}
		}
		states := m.live()
		for accessor, count := range counts {
			key := alert.KeyOf(&schema.Alert{Rule: schema.RuleRef{ID: "r1"}, Accessor: accessor})
			want := settings().Identity.IncidentID(key, 1)
			if state := states[key]; state.ID != want || state.Alerts != count {
				t.Fatalf("%s: incident %s with %d alerts, want %s with %d", accessor, state.ID, state.Alerts, want, count)
			}
			if ids := incidents[accessor]; len(ids) != 1 || ids[0] != want+"-1" {
				t.Fatalf("%s: notifications %v, want %s-1 only", accessor, ids, want)
			}
		}
		if len(states) != len(counts) {
			t.Fatalf("%d incidents for %d accessors", len(states), len(counts))
		}
	})
}
