package demo

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/watchglass/watchglass/internal/config"
	"github.com/watchglass/watchglass/internal/generate"
	"github.com/watchglass/watchglass/schema"
)

func opened(i generate.Incident, at time.Time) schema.Notification {
	return schema.Notification{Type: "incident.opened", Rule: schema.RuleRef{ID: i.Rule}, Accessor: i.Accessor, EventTime: at}
}

func TestTrackerComparesPlantedWithDelivered(t *testing.T) {
	acts := generate.Story()
	incidents := generate.Incidents(acts)
	now := time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC)
	stray := generate.Incident{Rule: incidents[0].Rule, Accessor: "e-1001"}

	overTime := generate.Incident{Rule: "over-time", Accessor: "e-1002"}
	tr := newTracker(acts, []generate.Incident{overTime}, []string{overTime.Rule})
	tr.planted(generate.Event{Time: now}, now.Add(5*time.Millisecond)) // handed over a little late
	if took := tr.notified(opened(incidents[0], now), now.Add(30*time.Millisecond)); took != 25*time.Millisecond {
		t.Errorf("took %s, want 25ms: from the moment it was handed over", took)
	}
	for _, i := range incidents[1 : len(incidents)-1] {
		tr.notified(opened(i, now), now.Add(time.Second))
	}
	tr.notified(opened(incidents[1], now), now.Add(2*time.Second))
	tr.notified(opened(stray, now), now.Add(time.Second))
	tr.notified(opened(overTime, now), now.Add(time.Minute))                                                   // when it is its turn: no latency
	tr.notified(opened(generate.Incident{Rule: overTime.Rule, Accessor: "e-1003"}, now), now.Add(time.Minute)) // of ordinary events
	update := opened(incidents[2], now)
	update.Type = "incident.updated"
	tr.notified(update, now.Add(time.Minute))

	o := tr.outcome()
	want := outcome{
		expected: len(incidents) + 1, delivered: len(incidents) - 1, missing: incidents[len(incidents)-1:], repeated: incidents[1:2],
		unexpected: []generate.Incident{stray}, besides: 1, median: 995 * time.Millisecond, slowest: 1995 * time.Millisecond,
	}
	if diff := cmp.Diff(want, o, cmp.AllowUnexported(outcome{})); diff != "" {
		t.Errorf("outcome (-want +got):\n%s", diff)
	}
}

func TestJudge(t *testing.T) {
	good := func() (played, stored, outcome) {
		return played{sent: 100, planted: 3}, stored{rows: 100, distinct: 100, matched: 3}, outcome{expected: 2, delivered: 2}
	}
	for name, c := range map[string]struct {
		spoil             func(*played, *stored, *outcome)
		refused, repeated int
		want              string // "" is no fault
	}{
		"everything once":      {},
		"a row is missing":     {spoil: func(_ *played, in *stored, _ *outcome) { in.rows, in.distinct = 99, 99 }, want: "1 events are not stored"},
		"a row is there twice": {spoil: func(_ *played, in *stored, _ *outcome) { in.rows = 101 }, want: "1 rows are there twice; 1 rows more than events"},
		"a dead letter":        {spoil: func(_ *played, in *stored, _ *outcome) { in.dead = 1 }, want: "1 dead letters"},
		"ordinary matched":     {spoil: func(_ *played, in *stored, _ *outcome) { in.matched = 4 }, want: "4 events matched rules, 3 were planted"},
		"one never delivered": {
			spoil: func(_ *played, _ *stored, o *outcome) { o.missing = []generate.Incident{{Rule: "r"}} },
			want:  "1 incidents not delivered (the first: rule r)",
		},
		"forged":     {refused: 1, want: "1 notifications without a valid signature"},
		"came twice": {repeated: 2, want: "2 notifications came twice"},
	} {
		p, in, o := good()
		if c.spoil != nil {
			c.spoil(&p, &in, &o)
		}
		if got := strings.Join(judge(p, in, o, c.refused, c.repeated).faults, "; "); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestScreen(t *testing.T) {
	at := time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC)
	show := func(s *screen) {
		s.status("1 event", at)
		s.line("notified")
		s.status("2 events", at.Add(time.Second))
		s.status("3 events", at.Add(2*time.Second))
		s.status("", at.Add(3*time.Second))
	}
	for tty, want := range map[bool]string{
		false: "1 event\nnotified\n3 events\n",
		true:  eraseLine + "1 event" + eraseLine + "notified\n1 event" + eraseLine + "2 events" + eraseLine + "3 events" + eraseLine,
	} {
		var b strings.Builder
		show(newScreen(&b, tty))
		if diff := cmp.Diff(want, b.String()); diff != "" {
			t.Errorf("terminal %v (-want +got):\n%s", tty, diff)
		}
	}
}

func TestNumbersAndTables(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000", -100: "-100"} {
		if got := number(n); got != want {
			t.Errorf("number(%d) = %s, want %s", n, got, want)
		}
	}
	got := align([][]string{{"name", "n"}, {"é", "10"}, {"longer", "1"}})
	if diff := cmp.Diff([]string{"name    n", "é       10", "longer  1"}, got); diff != "" {
		t.Errorf("align (-want +got):\n%s", diff)
	}
	for _, c := range []struct {
		value any
		want  string
	}{
		{[]string{"location.ip", "device"}, "location.ip, device"},
		{"", "-"},
		{uint64(7), "7"},
		{time.Date(2026, 11, 23, 20, 1, 2, 3_000_000, time.UTC), "20:01:02.003"},
	} {
		if got := cell(c.value); got != c.want {
			t.Errorf("cell(%v) = %q, want %q", c.value, got, c.want)
		}
	}
}

// What the workers are told must be what their configuration understands.
func TestConfigurationIsValid(t *testing.T) {
	dir := t.TempDir()
	st := &stage{dir: dir, screen: newScreen(&strings.Builder{}, false), listen: "127.0.0.1:1"}
	if err := st.unpackPolicy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := st.startReceiver(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.receiver.close(t.Context()) })
	text := configurationText("127.0.0.1:2", "127.0.0.1:3", st.receiver.url(), st.listen, "")
	cfg, err := config.Parse(dir+"/watchglass.yaml", []byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if len(cfg.Alerts.Destinations) != 1 || len(cfg.Policy.ProtectedKeys) != 1 {
		t.Errorf("destinations %v, keys %v; want one each", cfg.Alerts.Destinations, cfg.Policy.ProtectedKeys)
	}
}
