package stream

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
)

// An operator's wish waits until a former owner's range is settled, and ends
// with ClickHouse being asked anew what it holds.
func TestRewind(t *testing.T) {
	for name, c := range map[string]struct {
		offset    committed
		published []string // offsets of alerts
	}{
		"back, nothing announced":           {committed{200, "wg1 - m=0"}, nil},
		"back, after an announced range":    {committed{100, "wg1 100-200 m=100 r=30"}, []string{"105"}},
		"back, and alert again":             {committed{100, "wg1 100-200 m=100 r=30 again"}, []string{"35", "105"}},
		"forward, after an announced range": {committed{100, "wg1 100-150 m=100 r=200"}, []string{"105"}},
	} {
		t.Run(name, func(t *testing.T) {
			k := cluster(t, 1, "in", "dead", "alerts")
			tb := newTable()
			values := numbered(220)
			values[35], values[105] = "alert", "alert"
			produce(t, k, "in", 0, values...)
			tb.held[0] = []Range{{0, 100}, {120, 200}} // of the announced range, a part has arrived
			if c.offset.offset == 200 {
				tb.held[0] = []Range{{0, 200}}
				c.offset = committed{30, "wg1 - m=200"} // what the command sets at once
			}
			for _, r := range tb.held[0] {
				for o := r.From; o < r.To; o++ {
					tb.rows[fmt.Sprintf("in/0/%d %s", o, values[o])] = 1
				}
			}
			commitAs(t, k, "g", "in", 0, c.offset)
			stop := run(t, k, tb)
			until(t, "the end is committed", func() bool { return offsetOf(t, k, "g", "in", 0) == committed{220, "wg1 -"} })
			if err := stop(); err != nil {
				t.Fatal(err)
			}
			want := map[string]bool{}
			for _, offset := range c.published {
				want[offset] = true
			}
			if diff := cmp.Diff(want, published(t, k, "alerts", textOf)); diff != "" {
				t.Error(diff)
			}
			once(t, tb.rows, 220)
		})
	}
}

// What retention removed is a dead letter and an alert, except what is stored.
func TestGapIsADeadLetterAndAnAlert(t *testing.T) {
	fakes, k := faulty(t, 1, "in", "dead", "alerts")
	produce(t, k, "in", 0, numbered(100)...)
	commitAs(t, k, "g", "in", 0, committed{10, "wg1 10-40 m=10"})
	tb := newTable()
	tb.held[0] = []Range{{10, 20}, {30, 35}}
	deleteRecords(t, fakes, "in", 60)
	stop := run(t, k, tb)
	once(t, tb.stored(t, 40), 40)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	wantDead := map[string]bool{"in/0/20 20-30": true, "in/0/35 35-40": true, "in/0/40 40-60": true}
	wantAlerts := map[string]bool{"gap 20-30": true, "gap 35-40": true, "gap 40-60": true}
	dead := published(t, k, "dead", func(r Record) string {
		headers := map[string]string{}
		for _, h := range r.Headers {
			headers[h.Key] = string(h.Value)
		}
		if headers[HeaderReason] != ReasonGap {
			t.Errorf("reason %q", headers[HeaderReason])
		}
		return string(r.Key) + " " + headers[HeaderOffset] + "-" + headers[HeaderEnd]
	})
	if diff := cmp.Diff(wantDead, dead); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(wantAlerts, published(t, k, "alerts", textOf)); diff != "" {
		t.Error(diff)
	}
	if n := testutil.ToFloat64(k.cfg.Metrics.gaps.WithLabelValues("in")); n != 35 {
		t.Errorf("%v offsets are counted as gone, want 35", n)
	}
}

// The ledger tells of every offset what became of it, and is never ahead of
// what is stored.
func TestLedgerAccountsForEveryOffset(t *testing.T) {
	k := cluster(t, 1, "in", "dead", "alerts", "ledger")
	tb := newTable()
	values := numbered(250)
	values[7], values[8], values[120] = "poison", "other", "poison"
	produce(t, k, "in", 0, values...)
	publisher := k.Publisher()
	defer publisher.Close()
	cfg := storeConfig(t, k, tb, publisher)
	cfg.LedgerTopic = "ledger"
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- k.Store(ctx, cfg) }()
	until(t, "the end is committed", func() bool { return offsetOf(t, k, "g", "in", 0) == committed{250, "wg1 -"} })
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	next, rows := int64(0), int64(0)
	var dead, skipped []Range
	err := k.ReadAll(t.Context(), "ledger", 0, func(r Record) error {
		var e LedgerEntry
		if err := json.Unmarshal(r.Value, &e); err != nil {
			return err
		}
		if e.From != next || e.Topic != "in" || len(e.Absent)+len(e.Copies) > 0 {
			t.Errorf("entry %+v comes after offset %d", e, next)
		}
		counted := int64(0)
		for _, n := range e.Days {
			counted += n
		}
		if counted != e.Rows {
			t.Errorf("%d rows on days, %d in all", counted, e.Rows)
		}
		next, rows = e.To, rows+e.Rows
		dead, skipped = append(dead, e.Dead...), append(skipped, e.Skipped...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if next != 250 || rows != 247 {
		t.Errorf("the ledger ends at %d with %d rows, want 250 and 247", next, rows)
	}
	if diff := cmp.Diff([]Range{{7, 8}, {120, 121}}, dead); diff != "" {
		t.Error("dead:", diff)
	}
	if diff := cmp.Diff([]Range{{8, 9}}, skipped); diff != "" {
		t.Error("skipped:", diff)
	}
}

// An attempt to insert carries a time at which the owner was still the owner:
// each new one needs an announcement that the group has granted since.
func TestEachAttemptIsAnnouncedAnew(t *testing.T) {
	k := cluster(t, 1, "in", "dead", "alerts")
	tb := newTable()
	var mu sync.Mutex
	var asked []time.Time
	tb.attempt = func(at time.Time) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, at)
	}
	failures := 3
	tb.fail = func(context.Context, string) (error, error) {
		if failures--; failures >= 0 {
			return errFault, nil
		}
		return nil, nil
	}
	produce(t, k, "in", 0, numbered(10)...)
	began := time.Now()
	stop := run(t, k, tb)
	once(t, tb.stored(t, 10), 10)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if len(asked) != 4 {
		t.Fatalf("%d attempts, want 4", len(asked))
	}
	for i, at := range asked {
		if at.Before(began) || i > 0 && !at.After(asked[i-1]) {
			t.Errorf("attempt %d carries the time of another: %v", i, asked)
		}
	}
	commits := testutil.CollectAndCount(k.cfg.Metrics.commitSeconds)
	if commits == 0 {
		t.Error("no commit was counted")
	}
}

// A range that could not be stored for so long that its token may be forgotten
// is not simply tried again: ClickHouse is asked first.
func TestRangeThatWaitedLongIsAskedFor(t *testing.T) {
	k := cluster(t, 1, "in", "dead", "alerts")
	tb := newTable()
	attempts := 0
	tb.fail = func(context.Context, string) (error, error) {
		attempts++
		clear(tb.tokens) // whatever it was, it is long ago
		if attempts == 2 || attempts == 5 {
			return nil, errFault // it took effect, and nobody heard of it
		}
		if attempts < 7 {
			return errFault, nil
		}
		return nil, nil
	}
	produce(t, k, "in", 0, numbered(250)...)
	ctx, cancel := context.WithCancel(t.Context())
	publisher := k.Publisher()
	defer publisher.Close()
	cfg := storeConfig(t, k, tb, publisher)
	cfg.AskAgain = backoffFirst / 2 // shorter than any pause before an attempt
	done := make(chan error, 1)
	go func() { done <- k.Store(ctx, cfg) }()
	until(t, "the end is committed", func() bool { return offsetOf(t, k, "g", "in", 0) == committed{250, "wg1 -"} })
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	once(t, tb.rows, 250)
	if cfg.Budget.used != 0 {
		t.Errorf("%d bytes of the budget are still taken", cfg.Budget.used)
	}
}

// A former owner's range takes so long to read that its insert may have arrived
// since ClickHouse was asked, and its token may be forgotten: it is asked again.
func TestRangeThatWasReadSlowlyIsAskedFor(t *testing.T) {
	fakes, k := faulty(t, 1, "in", "dead", "alerts")
	produce(t, k, "in", 0, numbered(100)...)
	commitAs(t, k, "g", "in", 0, committed{0, "wg1 0-70 m=0"})
	fault := kfake.Fault{Topic: "in", Err: kerr.NotLeaderForPartition, Count: 3}
	fault.Keys = keys(fault.Keys, fetchKey)
	slow := fakes.Fault(fault)
	tb := newTable()
	ctx, cancel := context.WithCancel(t.Context())
	publisher := k.Publisher()
	defer publisher.Close()
	cfg := storeConfig(t, k, tb, publisher)
	cfg.AskAgain = 2 * backoffFirst // three fetches that fail take longer
	done := make(chan error, 1)
	go func() { done <- k.Store(ctx, cfg) }()
	if err := slow.Wait(t.Context(), 1); err != nil { // it has been asked what is stored: nothing
		t.Fatal(err)
	}
	tb.mu.Lock()
	tb.held[0] = []Range{{0, 70}}
	for o := range 70 {
		tb.rows[fmt.Sprintf("in/0/%d v%d", o, o)] = 1
	}
	tb.mu.Unlock()
	once(t, tb.stored(t, 100), 100)
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// The first record in log order with an origin is stored; later ones are its
// copies: no row, no alert.
func TestReplayedTwiceIsStoredOnce(t *testing.T) {
	k := cluster(t, 1, "in", "dead", "alerts")
	replay := func(value, origin string) {
		p := k.Publisher()
		defer p.Close()
		m := Message{Topic: "in", Value: []byte(value), Headers: []Header{{HeaderReplayOf, []byte(origin)}}}
		if err := p.Publish(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	produce(t, k, "in", 0, "poison", "poison")
	replay("alert known", "in/0/0") // stored long ago, under offset -1 of this test
	replay("alert new", "in/0/1")
	replay("alert new", "in/0/1")
	tb := newTable()
	tb.replays = map[string]int64{"in/0/0": -1}
	stop := run(t, k, tb)
	once(t, tb.stored(t, 1), 1)
	produce(t, k, "in", 0, "alert")
	replay("alert new", "in/0/1")
	until(t, "the end is committed", func() bool { return offsetOf(t, k, "g", "in", 0) == committed{7, "wg1 -"} })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{"in/0/3 alert new": 1, "in/0/5 alert": 1}, tb.rows); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]bool{"3": true, "5": true}, published(t, k, "alerts", textOf)); diff != "" {
		t.Error(diff)
	}
}
