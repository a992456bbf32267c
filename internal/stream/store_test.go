package stream

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
)

// run starts an exact consumer; the returned function stops it and returns its error.
func run(t *testing.T, k *Kafka, tb *table) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	publisher := k.Publisher()
	cfg := storeConfig(t, k, tb, publisher)
	if topics, err := k.Partitions(ctx); err == nil && topics["ledger"] > 0 {
		cfg.LedgerTopic = "ledger"
	}
	done := make(chan error, 1)
	go func() { done <- k.Store(ctx, cfg) }()
	return func() error {
		cancel()
		err := <-done
		publisher.Close()
		return err
	}
}

func storeConfig(t *testing.T, k *Kafka, tb *table, p Publisher) StoreConfig {
	return StoreConfig{
		GroupConfig: GroupConfig{Group: "g", Topics: []TopicName{{Topic: "in", Name: "in"}}, Log: zerolog.New(zerolog.NewTestWriter(t))},
		Target:      tb, NewBuilder: tb.builder, Publisher: p, DeadTopic: "dead",
		Budget: NewBudget(1<<20, k.cfg.Metrics), MaxRows: 100, MaxAge: 20 * time.Millisecond, RunAhead: true,
	}
}

func numbered(n int) (values []string) {
	for i := range n {
		values = append(values, fmt.Sprint("v", i))
	}
	return values
}

func once(t *testing.T, rows map[string]int, n int) {
	t.Helper()
	if len(rows) != n {
		t.Fatalf("%d rows are stored, want %d", len(rows), n)
	}
	for row, times := range rows {
		if times != 1 {
			t.Errorf("%s is stored %d times", row, times)
		}
	}
}

func TestStoreKeepsEveryRecordOnce(t *testing.T) {
	k := cluster(t, 3, "in", "dead", "alerts")
	tb := newTable()
	for p := range int32(3) {
		produce(t, k, "in", p, numbered(500)...)
	}
	stop := run(t, k, tb)
	once(t, tb.stored(t, 1500), 1500)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	for p := range int32(3) {
		if got := offsetOf(t, k, "g", "in", p); got != (committed{500, "wg1 -"}) {
			t.Errorf("partition %d is committed as %+v", p, got)
		}
	}
}

func TestPoisonGoesToTheDeadLettersAndItsNeighboursAreStored(t *testing.T) {
	k := cluster(t, 1, "in", "dead", "alerts")
	tb := newTable()
	produce(t, k, "in", 0, "a", "poison", "alert", "poison", "b")
	stop := run(t, k, tb)
	once(t, tb.stored(t, 3), 3)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if dead, alerts := lastOffset(t, k, "dead", 0), lastOffset(t, k, "alerts", 0); dead != 2 || alerts != 1 {
		t.Fatalf("%d dead letters and %d alerts, want 2 and 1", dead, alerts)
	}
	var reasons []string
	err := k.ReadAll(t.Context(), "dead", 0, func(r Record) error {
		reasons = append(reasons, string(r.Key)+" "+string(r.Value)+" "+string(r.Headers[0].Value))
		return nil
	})
	if diff := cmp.Diff([]string{"in/0/1 poison bad", "in/0/3 poison bad"}, reasons); diff != "" || err != nil {
		t.Fatal(diff, err)
	}
}

func TestOnlyPoisonAdvancesLikeAnythingElse(t *testing.T) {
	k := cluster(t, 1, "in", "dead", "alerts")
	tb := newTable()
	produce(t, k, "in", 0, "poison", "poison", "poison")
	stop := run(t, k, tb)
	until(t, "the end is committed", func() bool { return offsetOf(t, k, "g", "in", 0) == committed{3, "wg1 -"} })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}

func TestInsertsThatFailAreRepeatedWithTheSameToken(t *testing.T) {
	for name, after := range map[string]bool{"before it took effect": false, "after it took effect": true} {
		t.Run(name, func(t *testing.T) {
			k := cluster(t, 1, "in", "dead", "alerts")
			tb := newTable()
			failed := map[string]int{}
			tb.fail = func(_ context.Context, token string) (error, error) {
				failed[token]++
				switch {
				case failed[token] > 2:
					return nil, nil
				case after:
					return nil, errFault
				default:
					return errFault, nil
				}
			}
			produce(t, k, "in", 0, numbered(250)...)
			stop := run(t, k, tb)
			until(t, "the end is committed", func() bool { return offsetOf(t, k, "g", "in", 0).offset == 250 })
			if err := stop(); err != nil {
				t.Fatal(err)
			}
			once(t, tb.rows, 250)
		})
	}
}

func TestRecoveryCutsTheAnnouncedRangeExactly(t *testing.T) {
	for name, c := range map[string]struct {
		held   []Range
		tokens []string
	}{
		"nothing arrived":        {nil, []string{"in/0/0-70", "in/0/70-170", "in/0/170-250"}},
		"all of it arrived":      {[]Range{{0, 70}}, []string{"in/0/70-170", "in/0/170-250"}},
		"part of it arrived":     {[]Range{{20, 50}}, []string{"in/0/0-70", "in/0/70-170", "in/0/170-250"}},
		"rows beyond it as well": {[]Range{{0, 70}, {100, 120}}, []string{"in/0/70-190", "in/0/190-250"}},
	} {
		t.Run(name, func(t *testing.T) {
			k := cluster(t, 1, "in", "dead", "alerts")
			tb := newTable()
			tb.held[0] = c.held
			for _, r := range c.held {
				for o := r.From; o < r.To; o++ {
					tb.rows[fmt.Sprintf("in/0/%d v%d", o, o)] = 1
				}
			}
			produce(t, k, "in", 0, numbered(250)...)
			commitAs(t, k, "g", "in", 0, committed{0, "wg1 0-70 m=0"})
			stop := run(t, k, tb)
			once(t, tb.stored(t, 250), 250)
			if err := stop(); err != nil {
				t.Fatal(err)
			}
			want := map[string]bool{}
			for _, token := range c.tokens {
				want[token] = true
			}
			if diff := cmp.Diff(want, tb.tokens); diff != "" {
				t.Fatal(diff)
			}
		})
	}
}

func TestForeignOffsetIsRefused(t *testing.T) {
	k := cluster(t, 1, "in", "dead", "alerts")
	tb := newTable()
	tb.held[0] = []Range{{3, 4}}
	produce(t, k, "in", 0, numbered(10)...)
	commitAs(t, k, "g", "in", 0, committed{2, ""})
	if err := k.Store(t.Context(), storeConfig(t, k, tb, k.Publisher())); !IsFatal(err) {
		t.Fatalf("error %v, want a fatal one", err)
	}
}

// A former owner's range must be read to its end before it can be inserted,
// however little memory there is.
func TestAnnouncedRangeLargerThanTheBudgetIsCompleted(t *testing.T) {
	k := cluster(t, 2, "in", "dead", "alerts")
	tb := newTable()
	for p := range int32(2) {
		produce(t, k, "in", p, numbered(200)...)
		commitAs(t, k, "g", "in", p, committed{0, "wg1 0-200 m=0"})
	}
	ctx, cancel := context.WithCancel(t.Context())
	publisher := k.Publisher()
	defer publisher.Close()
	cfg := storeConfig(t, k, tb, publisher)
	cfg.Budget = NewBudget(10, k.cfg.Metrics)
	done := make(chan error, 1)
	go func() { done <- k.Store(ctx, cfg) }()
	once(t, tb.stored(t, 400), 400)
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if cfg.Budget.used != 0 {
		t.Errorf("%d bytes were not given back", cfg.Budget.used)
	}
}

// More processes than partitions: the one without any waits, and takes over.
func TestMemberWithoutPartitionsWaitsForItsTurn(t *testing.T) {
	k := cluster(t, 1, "in", "dead", "alerts")
	tb := newTable()
	stopFirst := run(t, k, tb)
	produce(t, k, "in", 0, numbered(10)...)
	tb.stored(t, 10)
	stopSecond := run(t, k, tb)
	produce(t, k, "in", 0, numbered(10)...)
	tb.stored(t, 20)
	if err := stopFirst(); err != nil {
		t.Fatal(err)
	}
	produce(t, k, "in", 0, numbered(10)...)
	once(t, tb.stored(t, 30), 30)
	if err := stopSecond(); err != nil {
		t.Fatal(err)
	}
}

// A panic stops the process; what it held is not in the message.
func TestPanicIsAFatalErrorWithoutTheRecord(t *testing.T) {
	k := cluster(t, 1, "in", "dead", "alerts")
	tb := newTable()
	produce(t, k, "in", 0, "secret")
	cfg := storeConfig(t, k, tb, k.Publisher())
	cfg.NewBuilder = func(a Assigned) Builder { return panicking{tb.builder(a)} }
	err := k.Store(t.Context(), cfg)
	if !IsFatal(err) || strings.Contains(err.Error(), "secret") {
		t.Fatalf("error %v, want a fatal one without the record", err)
	}
}

type panicking struct{ Builder }

func (panicking) Add(r Record, _ Want) (Added, error) { panic(string(r.Value)) }
