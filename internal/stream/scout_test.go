package stream

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// away is a table that can be switched off: neither inserts nor questions are
// answered.
func away(tb *table) *atomic.Bool {
	var off atomic.Bool
	tb.fail = func(context.Context, string) (error, error) {
		if off.Load() {
			return errFault, nil
		}
		return nil, nil
	}
	tb.unreachable = &off
	return &off
}

// until polls a condition for as long as the test may take.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	enough := time.After(patience)
	for !holds() {
		select {
		case <-poll.C:
		case <-enough:
			t.Fatal("it did not come to this: " + what)
		}
	}
}

// alertsIn produces n records, each tenth of which alerts, and returns what has
// to be published for them.
func alertsIn(t *testing.T, k *Kafka, from, n int) map[string]bool {
	t.Helper()
	var values []string
	want := map[string]bool{}
	for i := range n {
		if i%10 == 5 {
			values = append(values, "alert")
			want[fmt.Sprint(from+i)] = true
		} else {
			values = append(values, fmt.Sprint("v", from+i))
		}
	}
	produce(t, k, "in", 0, values...)
	return want
}

func textOf(r Record) string { return string(r.Value) }

// While nothing can be stored, alerts go out, memory stays within its budget,
// and the group is told how far they have got. Afterwards everything is stored
// once, and no alert is published a second time.
func TestMatchingRunsAheadOfStoring(t *testing.T) {
	k := cluster(t, 1, "in", "dead", "alerts")
	tb := newTable()
	off := away(tb)
	off.Store(true)
	want := alertsIn(t, k, 0, 5000)
	commitAs(t, k, "g", "in", 0, committed{0, "wg1 -"})
	stop := run(t, k, tb)
	until(t, "all alerts are published", func() bool { return len(published(t, k, "alerts", textOf)) == len(want) })
	until(t, "the group knows it", func() bool {
		a, err := ParseAnnouncement(offsetOf(t, k, "g", "in", 0).metadata)
		return err == nil && a.Alerted == 5000
	})
	if len(tb.rows) != 0 {
		t.Fatal("rows are stored while the table is away")
	}
	off.Store(false)
	once(t, tb.stored(t, 5000), 5000)
	for p, more := 5000, 0; more < 3; more++ { // the lane itself matches again
		for text := range alertsIn(t, k, p, 100) {
			want[text] = true
		}
		p += 100
	}
	once(t, tb.stored(t, 5300), 5300)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, published(t, k, "alerts", textOf)); diff != "" {
		t.Error(diff)
	}
	if n := lastOffset(t, k, "alerts", 0); n != int64(len(want)) {
		t.Errorf("%d alerts were published, want %d: none of them twice", n, len(want))
	}
	if got := offsetOf(t, k, "g", "in", 0); got != (committed{5300, "wg1 -"}) {
		t.Errorf("committed %+v", got)
	}
}

// The same in the middle of a run, with a change of owner before ClickHouse is
// back: the next owner does not publish the alerts again.
func TestNextOwnerGoesOnWhereAlertsHaveGot(t *testing.T) {
	k := cluster(t, 1, "in", "dead", "alerts")
	tb := newTable()
	off := away(tb)
	want := alertsIn(t, k, 0, 300)
	stop := run(t, k, tb)
	tb.stored(t, 300)
	off.Store(true)
	add := func(from, n int) {
		for text := range alertsIn(t, k, from, n) {
			want[text] = true
		}
	}
	add(300, 2000)
	told := func(alerted int64) func() bool {
		return func() bool {
			a, err := ParseAnnouncement(offsetOf(t, k, "g", "in", 0).metadata)
			return err == nil && a.Alerted == alerted && a.From == 300
		}
	}
	until(t, "the group knows of all alerts", told(2300))
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	stop = run(t, k, tb)
	add(2300, 1000)
	until(t, "the group knows of the next owner's alerts", told(3300))
	off.Store(false)
	once(t, tb.stored(t, 3300), 3300)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, published(t, k, "alerts", textOf)); diff != "" {
		t.Error(diff)
	}
	if n := lastOffset(t, k, "alerts", 0); n != int64(len(want)) {
		t.Errorf("%d alerts were published, want %d: none of them twice", n, len(want))
	}
	if ahead := testutil.ToFloat64(k.cfg.Metrics.ahead.WithLabelValues("in")); ahead < 2000 {
		t.Errorf("%v records were matched ahead, want most of 3000", ahead)
	}
}
