package alert_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/watchglass/watchglass/internal/alert"
	"github.com/watchglass/watchglass/schema"
)

// summary is what must not depend on how alerts were cut, copied or replayed.
type summary struct {
	ID, First, Last string
	Generation      uint32
	Alerts          uint64
}

func summarise(states map[alert.Key]*alert.Incident) map[alert.Key]summary {
	got := map[alert.Key]summary{}
	for key, s := range states {
		got[key] = summary{s.ID, s.FirstAlert, s.LastAlert, s.Generation, s.Alerts}
	}
	return got
}

// TestReplaysCountOnce: whoever delivers the alerts may go back to any earlier
// one and go on from there, as often as it likes.
func TestReplaysCountOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := settings()
		s.Recent = rapid.IntRange(1, 5).Draw(t, "recent")
		offsets := map[int32]int64{}
		alerts := make([]*schema.Alert, rapid.IntRange(1, 40).Draw(t, "alerts"))
		for i := range alerts {
			p := rapid.Int32Range(0, 2).Draw(t, "partition")
			offsets[p] += rapid.Int64Range(1, 3).Draw(t, "step")
			a := alertAt(offsets[p], start.Add(time.Duration(i)*time.Second))
			a.Source.Partition, a.Accessor = p, fmt.Sprint("e-", rapid.IntRange(0, 2).Draw(t, "accessor"))
			a.ID = alert.ID(a.Rule.ID, a.Source)
			alerts[i] = a
		}
		once, replayed := map[alert.Key]*alert.Incident{}, map[alert.Key]*alert.Incident{}
		feed := func(states map[alert.Key]*alert.Incident, a *schema.Alert) {
			key := alert.KeyOf(a)
			states[key] = alert.OnAlert(states[key], a, start, &s).State
		}
		for _, a := range alerts {
			feed(once, a)
		}
		for next := 0; next < len(alerts); {
			end := rapid.IntRange(next+1, len(alerts)).Draw(t, "end")
			for _, a := range alerts[rapid.IntRange(0, next).Draw(t, "back to"):end] {
				feed(replayed, a)
			}
			next = end
		}
		if diff := cmp.Diff(summarise(once), summarise(replayed)); diff != "" {
			t.Fatalf("(-once +replayed):\n%s", diff)
		}
		total := uint64(0)
		for state := range maps.Values(replayed) {
			total += state.Alerts
		}
		if total != uint64(len(alerts)) {
			t.Fatalf("%d alerts count as %d", len(alerts), total)
		}
	})
}

func TestSeen(t *testing.T) {
	t.Parallel()
	at := func(partition int32, offset int64) schema.Position {
		return schema.Position{Topic: "t", Partition: partition, Offset: offset}
	}
	const recent = 2
	s := alert.Seen{}.Add("a", at(0, 10), recent).Add("b", at(0, 30), recent).Add("c", at(0, 20), recent) // drops 10
	s = s.Add("x", schema.Position{}, recent).Add("y", schema.Position{}, recent).Add("z", schema.Position{}, recent)
	for name, c := range map[string]struct {
		id   string
		pos  schema.Position
		want bool
	}{
		"kept":                          {"b", at(0, 30), true},
		"kept, out of order":            {"c", at(0, 20), true},
		"dropped, below the floor":      {"a", at(0, 10), true},
		"never seen, below the floor":   {"?", at(0, 9), true}, // the documented price
		"between kept ones":             {"?", at(0, 25), false},
		"just above the floor":          {"?", at(0, 11), false},
		"another partition":             {"b", at(1, 30), false},
		"another incarnation":           {"b", schema.Position{Topic: "t#2", Offset: 30}, false},
		"without a source, recent":      {"y", schema.Position{}, true},
		"without a source, long ago":    {"x", schema.Position{}, false},
		"without a source, never there": {"b", schema.Position{}, false},
	} {
		if got := s.Has(c.id, c.pos); got != c.want {
			t.Errorf("%s: seen %v, want %v", name, got, c.want)
		}
	}
}

func TestSeenIsBounded(t *testing.T) {
	t.Parallel()
	var s alert.Seen
	for i := range int64(1000) {
		s = s.Add("", schema.Position{Topic: "t", Partition: int32(i % 200), Offset: i}, 4)
	}
	if len(s.Sources) != 64 {
		t.Errorf("%d sources, want 64", len(s.Sources))
	}
	for _, source := range s.Sources {
		if len(source.Offsets) > 4 {
			t.Errorf("%d offsets of one source, want at most 4", len(source.Offsets))
		}
	}
	if !s.Has("", schema.Position{Topic: "t", Partition: 199, Offset: 999}) {
		t.Error("the last one is not seen")
	}
}
