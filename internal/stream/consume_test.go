package stream

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// kafka-go's transport keeps a metadata loop for each cluster until the
	// process ends.
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/segmentio/kafka-go.(*connPool).discover"),
		goleak.IgnoreAnyFunction("github.com/segmentio/kafka-go.(*conn).run"),
		goleak.IgnoreAnyFunction("github.com/segmentio/kafka-go.(*connGroup).grabConnOrConnect.func1"))
}

// notebook is a worker that writes down what it is asked, and fails as told.
type notebook struct {
	mu       sync.Mutex
	restored int
	closed   int
	ticks    int
	seen     []string
	fail     int // times that Handle fails first
	changed  chan struct{}
}

func (n *notebook) note(do func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	do()
	select {
	case n.changed <- struct{}{}:
	default:
	}
}

func (n *notebook) Restore(context.Context) error { n.note(func() { n.restored++ }); return nil }
func (n *notebook) Close()                        { n.note(func() { n.closed++ }) }

func (n *notebook) Tick(context.Context, time.Time) error {
	n.note(func() { n.ticks++ })
	return nil
}

func (n *notebook) Handle(_ context.Context, records []Record) (err error) {
	n.note(func() {
		if n.fail > 0 {
			n.fail--
			err = errFault
			return
		}
		for _, r := range records {
			n.seen = append(n.seen, string(r.Value))
		}
	})
	return err
}

// until waits for a condition on the notebook.
func (n *notebook) until(t *testing.T, ok func() bool) {
	t.Helper()
	enough := time.After(patience)
	for {
		n.mu.Lock()
		done := ok()
		n.mu.Unlock()
		if done {
			return
		}
		select {
		case <-n.changed:
		case <-enough:
			t.Fatal("it did not come to that")
		}
	}
}

func consume(t *testing.T, k *Kafka, n *notebook) (stop func() error) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- k.Consume(ctx, WorkerConfig{
			GroupConfig: GroupConfig{Group: "w", Topics: []TopicName{{Topic: "in", Name: "in"}}, Log: zerolog.New(zerolog.NewTestWriter(t))},
			NewWorker:   func(Assigned) Worker { return n },
			Tick:        5 * time.Millisecond,
		})
	}()
	return func() error { cancel(); return <-done }
}

func TestConsumeHandlesInOrderAndGoesOnWhereItStopped(t *testing.T) {
	k := cluster(t, 1, "in")
	first, second := numbered(200), []string{"w0", "w1"}
	produce(t, k, "in", 0, first...)
	n := &notebook{changed: make(chan struct{}, 1)}
	stop := consume(t, k, n)
	n.until(t, func() bool { return len(n.seen) == len(first) && n.ticks > 0 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if got := offsetOf(t, k, "w", "in", 0); got.offset != 200 {
		t.Fatalf("committed %+v after a clean stop, want offset 200", got)
	}
	produce(t, k, "in", 0, second...)
	stop = consume(t, k, n)
	n.until(t, func() bool { return len(n.seen) >= len(first)+len(second) })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(slices.Concat(first, second), n.seen); diff != "" {
		t.Fatal(diff)
	}
	if n.restored != 2 || n.closed != 2 {
		t.Fatalf("restored %d and closed %d times, want 2 and 2", n.restored, n.closed)
	}
}

func TestConsumeRepeatsWhatFailedAndSkipsNothing(t *testing.T) {
	k := cluster(t, 1, "in")
	produce(t, k, "in", 0, numbered(20)...)
	n := &notebook{changed: make(chan struct{}, 1), fail: 3}
	stop := consume(t, k, n)
	n.until(t, func() bool { return len(n.seen) == 20 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(numbered(20), n.seen); diff != "" {
		t.Fatal(diff)
	}
}

func TestConsumeRefusesAnOffsetBeyondTheLog(t *testing.T) {
	k := cluster(t, 1, "in")
	produce(t, k, "in", 0, "a")
	commitAs(t, k, "w", "in", 0, committed{7, "wg1 -"})
	n := &notebook{changed: make(chan struct{}, 1)}
	err := k.Consume(t.Context(), WorkerConfig{
		GroupConfig: GroupConfig{Group: "w", Topics: []TopicName{{Topic: "in", Name: "in"}}, Log: zerolog.Nop()},
		NewWorker:   func(Assigned) Worker { return n },
	})
	if !IsFatal(err) {
		t.Fatalf("error %v, want a fatal one that names the incarnation", err)
	}
}
