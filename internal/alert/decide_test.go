package alert_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/watchglass/watchglass/internal/alert"
	"github.com/watchglass/watchglass/schema"
)

var start = time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC)

func settings() alert.Settings {
	s := alert.DefaultSettings()
	s.UpdateInterval, s.Quiet, s.Remember = 5*time.Minute, time.Hour, 24*time.Hour
	return s
}

// alertAt is alert n of one rule and accessor.
func alertAt(n int64, at time.Time) *schema.Alert {
	pos := schema.Position{Topic: "access-events", Partition: 3, Offset: n}
	return &schema.Alert{
		ID: alert.ID("r1", pos), Time: at, Created: at, Source: pos, Accessor: "e-1042",
		Rule: schema.RuleRef{ID: "r1", Title: "journalist's data read", Level: "high"},
	}
}

func TestDecisionsAsATimeline(t *testing.T) {
	t.Parallel()
	type step struct {
		after  time.Duration // since the start
		alert  int64         // number of the alert, 0 for a tick
		reason alert.Reason
		says   string // type of the notification, "" for none
		alerts uint64 // in the state afterwards
	}
	for name, steps := range map[string][]step{
		"first alert opens": {
			{0, 1, alert.FirstAlert, "incident.opened", 1},
		},
		"a copy changes nothing": {
			{0, 1, alert.FirstAlert, "incident.opened", 1},
			{time.Hour / 2, 1, alert.Duplicate, "", 1},
		},
		"updates wait for the interval, to the nanosecond": {
			{0, 1, alert.FirstAlert, "incident.opened", 1},
			{time.Minute, 2, alert.TooSoon, "", 2},
			{5*time.Minute - 1, 3, alert.TooSoon, "", 3},
			{5 * time.Minute, 4, alert.IntervalPassed, "incident.updated", 4},
			{6 * time.Minute, 5, alert.TooSoon, "", 5},
		},
		"an owed update comes with a tick": {
			{0, 1, alert.FirstAlert, "incident.opened", 1},
			{time.Minute, 2, alert.TooSoon, "", 2},
			{5*time.Minute - 1, 0, alert.NotDue, "", 2},
			{5 * time.Minute, 0, alert.IntervalPassed, "incident.updated", 2},
			{11 * time.Minute, 0, alert.NotDue, "", 2},
		},
		"no update without a new alert": {
			{0, 1, alert.FirstAlert, "incident.opened", 1},
			{30 * time.Minute, 0, alert.NotDue, "", 1},
		},
		"quiet counts from the last alert, not the last notification": {
			{0, 1, alert.FirstAlert, "incident.opened", 1},
			{time.Minute, 2, alert.TooSoon, "", 2},
			{5 * time.Minute, 0, alert.IntervalPassed, "incident.updated", 2},
			{61*time.Minute - 1, 0, alert.NotDue, "", 2},
			{61 * time.Minute, 0, alert.QuietPassed, "incident.resolved", 2},
			{62 * time.Minute, 0, alert.NotDue, "", 2},
		},
		"a copy does not keep an incident open": {
			{0, 1, alert.FirstAlert, "incident.opened", 1},
			{59 * time.Minute, 1, alert.Duplicate, "", 1},
			{time.Hour, 0, alert.QuietPassed, "incident.resolved", 1},
		},
		"a copy does not reopen a resolved incident": {
			{0, 1, alert.FirstAlert, "incident.opened", 1},
			{time.Hour, 0, alert.QuietPassed, "incident.resolved", 1},
			{2 * time.Hour, 1, alert.Duplicate, "", 1},
		},
		"a new alert reopens it": {
			{0, 1, alert.FirstAlert, "incident.opened", 1},
			{time.Hour, 0, alert.QuietPassed, "incident.resolved", 1},
			{2 * time.Hour, 2, alert.Reopened, "incident.opened", 1},
			{2*time.Hour + 1, 1, alert.Duplicate, "", 1},
		},
		"an incident that no tick resolved goes on": {
			{0, 1, alert.FirstAlert, "incident.opened", 1},
			{3 * time.Hour, 2, alert.IntervalPassed, "incident.updated", 2},
		},
		"forgotten, then opened as the first": {
			{0, 1, alert.FirstAlert, "incident.opened", 1},
			{time.Hour, 0, alert.QuietPassed, "incident.resolved", 1},
			{25*time.Hour - 1, 0, alert.NotDue, "", 1},
			{25 * time.Hour, 0, alert.Forgotten, "", 0},
			{26 * time.Hour, 2, alert.FirstAlert, "incident.opened", 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := settings()
			var state *alert.Incident
			for i, step := range steps {
				now := start.Add(step.after)
				var outcome alert.Outcome
				if step.alert > 0 {
					outcome = alert.OnAlert(state, alertAt(step.alert, start.Add(time.Duration(step.alert)*time.Second)), now, &s)
				} else {
					outcome = alert.OnTick(state, now, &s)
				}
				got := stepResult{outcome.Reason, "", 0}
				if outcome.Publish != nil {
					got.Says = outcome.Publish.Notification.Type
					if outcome.Publish.Change.Reason != string(outcome.Reason) {
						t.Errorf("step %d: the change says %q", i, outcome.Publish.Change.Reason)
					}
				}
				state = outcome.State
				if state != nil {
					got.Alerts = state.Alerts
					state.Pending = nil // published
				}
				if diff := cmp.Diff(stepResult{step.reason, step.says, step.alerts}, got); diff != "" {
					t.Fatalf("step %d (-want +got):\n%s", i, diff)
				}
			}
		})
	}
}

type stepResult struct {
	Reason alert.Reason
	Says   string
	Alerts uint64
}

func TestDecisionsLeaveTheGivenStateAlone(t *testing.T) {
	t.Parallel()
	s := settings()
	state := alert.OnAlert(nil, alertAt(1, start), start, &s).State
	before := *state
	before.Seen.Sources = append([]alert.Source(nil), state.Seen.Sources...)
	before.Seen.Sources[0].Offsets = append([]int64(nil), state.Seen.Sources[0].Offsets...)
	alert.OnAlert(state, alertAt(2, start), start.Add(time.Hour), &s)
	alert.OnTick(state, start.Add(2*time.Hour), &s)
	if diff := cmp.Diff(before, *state); diff != "" {
		t.Errorf("the state changed (-before +after):\n%s", diff)
	}
}

func TestReopeningIsAnotherIncident(t *testing.T) {
	t.Parallel()
	s := settings()
	first := alert.OnAlert(nil, alertAt(1, start), start, &s).State
	resolved := alert.OnTick(first, start.Add(time.Hour), &s).State
	second := alert.OnAlert(resolved, alertAt(2, start), start.Add(2*time.Hour), &s).State
	if second.Generation != 2 || second.Sequence != 1 || second.ID == first.ID {
		t.Errorf("got generation %d, sequence %d, id %s (the first one's: %s)", second.Generation, second.Sequence, second.ID, first.ID)
	}
	// Its predecessor's resolution was not published yet: it must not be lost.
	if len(second.Pending) != 3 {
		t.Errorf("pending: %d, want opened, resolved, opened", len(second.Pending))
	}
}

func TestHoldDelaysResolvingOnly(t *testing.T) {
	t.Parallel()
	s := settings()
	state := *alert.OnAlert(nil, alertAt(1, start), start, &s).State
	state = *alert.OnAlert(&state, alertAt(2, start), start.Add(time.Minute), &s).State
	state.Hold = start.Add(3 * time.Hour)
	if got := alert.OnTick(&state, start.Add(2*time.Hour), &s).Reason; got != alert.IntervalPassed {
		t.Errorf("owed update while held: %s", got)
	}
	state.Owed = false
	if got := alert.OnTick(&state, start.Add(3*time.Hour-1), &s).Reason; got != alert.NotDue {
		t.Errorf("while held: %s", got)
	}
	if got := alert.OnTick(&state, start.Add(3*time.Hour), &s).Reason; got != alert.QuietPassed {
		t.Errorf("after it: %s", got)
	}
}

func TestSettingsThatCannotWork(t *testing.T) {
	t.Parallel()
	keyed, err := alert.NewIdentity([]byte("0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*alert.Settings)
		ok     bool
	}{
		"defaults":          {func(*alert.Settings) {}, true},
		"no interval":       {func(s *alert.Settings) { s.UpdateInterval = 0 }, true},
		"negative interval": {func(s *alert.Settings) { s.UpdateInterval = -1 }, false},
		"no quiet time":     {func(s *alert.Settings) { s.Quiet = 0 }, false},
		"no memory":         {func(s *alert.Settings) { s.Remember = 0 }, false},
		"no recent alerts":  {func(s *alert.Settings) { s.Recent = 0 }, false},
		"hash without key":  {func(s *alert.Settings) { s.HashAccessor = true }, false},
		"hash with key":     {func(s *alert.Settings) { s.HashAccessor, s.Identity = true, keyed }, true},
	} {
		s := alert.DefaultSettings()
		c.change(&s)
		if err := s.Validate(); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
