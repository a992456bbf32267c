package correlate

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/watchglass/watchglass/schema"
)

func TestStandingOfARun(t *testing.T) {
	from, to := map[string]int64{"in/0": 5}, map[string]int64{"in/0": 9}
	for _, c := range []struct {
		name       string
		run        schema.CorrelationRun
		done, next offsets
	}{
		{"done", schema.CorrelationRun{Status: schema.RunOK, From: from, To: to}, to, nil},
		{"begun", schema.CorrelationRun{Status: schema.RunFilled, From: to, To: to}, to, nil},
		{"announced: repeated exactly", schema.CorrelationRun{Status: schema.RunAnnounced, From: from, To: to}, from, to},
		{"failed", schema.CorrelationRun{Status: schema.RunFailed, From: from}, from, nil},
		{"failed after it was announced", schema.CorrelationRun{Status: schema.RunFailed, From: from, To: to}, from, to},
		{"begun before anything was stored", schema.CorrelationRun{Status: schema.RunFilled}, offsets{}, nil},
	} {
		s := standingOf(c.run)
		if d := cmp.Diff([]offsets{c.done, c.next}, []offsets{s.done, s.next}); d != "" {
			t.Errorf("%s: done, next (-want +got):\n%s", c.name, d)
		}
	}
}

func TestUpTo(t *testing.T) {
	committed := offsets{"in/0": 9, "in/1": 3, "in/2": 1}
	s := standing{done: offsets{"in/0": 5, "in/1": 4}}
	if d := cmp.Diff(offsets{"in/0": 9, "in/1": 4, "in/2": 1}, s.upTo(committed)); d != "" {
		t.Errorf("offsets that an operator has set back, and a new partition (-want +got):\n%s", d)
	}
	s.next = offsets{"in/0": 7}
	if d := cmp.Diff(s.next, s.upTo(committed)); d != "" {
		t.Errorf("an announced run (-want +got):\n%s", d)
	}
}

func TestConditionsOnOffsets(t *testing.T) {
	if got, want := below(offsets{"in/0": 5, "in/1": 7, "in#2/0": 1}),
		"multiIf(kafka_topic = 'in', kafka_offset < transform(kafka_partition, [0, 1], [5, 7], 0), kafka_topic = 'in#2', kafka_offset < transform(kafka_partition, [0], [1], 0), true)"; got != want {
		t.Errorf("below:\n%s\nwant\n%s", got, want)
	}
	if got, want := between(offsets{"in/0": 5, "in/1": 7}, offsets{"in/0": 9, "in/1": 7, "in/2": 2}),
		"kafka_offset >= 0 AND kafka_offset < 9 AND ((kafka_topic = 'in' AND kafka_offset >= transform(kafka_partition, [0, 1], [5, 7], 0) AND kafka_offset < transform(kafka_partition, [0, 1, 2], [9, 7, 2], 0)))"; got != want {
		t.Errorf("between:\n%s\nwant\n%s", got, want)
	}
	if got := between(offsets{"in/0": 5}, offsets{"in/0": 5}); got != "" {
		t.Errorf("nothing new: %s", got)
	}
	if got := below(offsets{}); got != "true" {
		t.Errorf("nothing is known: %s", got)
	}
}

func TestHorizon(t *testing.T) {
	at := time.Date(2026, 11, 23, 20, 0, 0, 1, time.UTC)
	if h, ok := horizon([]time.Time{at, at.Add(-time.Minute)}, time.Hour); !ok || !h.Equal(at.Add(-61*time.Minute).Truncate(time.Millisecond)) {
		t.Errorf("%s, %t", h, ok)
	}
	for _, passed := range [][]time.Time{nil, {at, {}}} {
		if _, ok := horizon(passed, time.Hour); ok {
			t.Errorf("%v has a horizon", passed)
		}
	}
}

func TestTheHighestEpochWins(t *testing.T) {
	c := contents{}
	if _, ok := c.newest(); ok {
		t.Error("nothing is the newest of nothing")
	}
	for _, epoch := range []uint32{3, 7, 5} {
		c.put(epoch, kept{})
	}
	if got, ok := c.newest(); !ok || got != 7 {
		t.Errorf("newest %d, %t", got, ok)
	}
	c.put(7, kept{deleted: true})
	if got, _ := c.newest(); got != 5 {
		t.Errorf("newest %d, want 5: 7 is deleted", got)
	}
	for key, want := range map[string]bool{"a.b.3": true, "a": false, ".3": false, "a.x": false, "a.-1": false} {
		if rule, epoch, ok := parseKey(key); ok != want || ok && (rule != "a.b" || epoch != 3 || keyOf(rule, epoch) != key) {
			t.Errorf("%s: %q, %d, %t", key, rule, epoch, ok)
		}
	}
}
