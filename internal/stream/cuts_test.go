package stream

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/offsetcommit"
	produced "github.com/segmentio/kafka-go/protocol/produce"
)

// ioStep is one thing that the exact consumer asks of Kafka.
type ioStep struct {
	is     func(kafka.Request) bool
	metric func(*Metrics) float64
}

func ioSteps() map[string]ioStep {
	commits := func(metadata string) func(kafka.Request) bool {
		return func(r kafka.Request) bool {
			c, ok := r.(*offsetcommit.Request)
			return ok && strings.HasPrefix(c.Topics[0].Partitions[0].CommittedMetadata, metadata)
		}
	}
	publishes := func(topic string) func(kafka.Request) bool {
		return func(r kafka.Request) bool {
			p, ok := r.(*produced.Request)
			return ok && p.Topics[0].Topic == topic
		}
	}
	fetches := func(r kafka.Request) bool {
		e, ok := r.(*exchange)
		return ok && e.request.Key() == fetchKey
	}
	failedFetches := func(m *Metrics) float64 { return testutil.ToFloat64(m.fetchFailures) }
	unpublished := func(m *Metrics) float64 { return testutil.ToFloat64(m.publishFailures) }
	joinedAgain := func(m *Metrics) float64 { return testutil.ToFloat64(m.generations.WithLabelValues("g")) - 1 }
	return map[string]ioStep{
		"fetch":                    {fetches, failedFetches},
		"announce":                 {commits("wg1 0-"), joinedAgain},
		"finish, announce another": {commits("wg1 1"), joinedAgain},
		"finish":                   {commits("wg1 -"), joinedAgain},
		"publish an alert":         {publishes("alerts"), unpublished},
		"publish a dead letter":    {publishes("dead"), unpublished},
		"enter in the ledger":      {publishes("ledger"), unpublished},
	}
}

// cut is the way to Kafka, on which the first few requests of a kind do not
// get through, or their answers do not come back.
type cut struct {
	kafka.RoundTripper
	is    func(kafka.Request) bool
	after bool                        // it has taken effect
	fail  func(context.Context) error // instead of the answer
	left  atomic.Int32                // requests that fail yet
	met   chan struct{}               // closed when the first one did
	first sync.Once
}

func (c *cut) RoundTrip(ctx context.Context, addr net.Addr, r kafka.Request) (kafka.Response, error) {
	if !c.is(r) || c.left.Add(-1) < 0 {
		return c.RoundTripper.RoundTrip(ctx, addr, r)
	}
	if c.after {
		if _, err := c.RoundTripper.RoundTrip(ctx, addr, r); err != nil {
			return nil, err
		}
	}
	c.first.Do(func() { close(c.met) })
	return nil, c.fail(ctx)
}

func cutOff(k *Kafka, is func(kafka.Request) bool, after bool, times int32, fail func(context.Context) error) *cut {
	c := &cut{RoundTripper: k.client.Transport, is: is, after: after, fail: fail, met: make(chan struct{})}
	c.left.Store(times)
	k.client.Transport = c
	return c
}

// beforeAndAfter runs a test for every step that fails, before it took effect
// or after.
func beforeAndAfter(t *testing.T, test func(*testing.T, ioStep, bool)) {
	for name, step := range ioSteps() {
		for when, after := range map[string]bool{"before": false, "after": true} {
			t.Run(name+"/"+when, func(t *testing.T) {
				t.Parallel()
				test(t, step, after)
			})
		}
	}
}

// outcome is what has to be there when a consumer has come to the end of 250
// records, whatever has failed.
type outcome struct {
	rows         map[string]int
	alerts, dead map[string]bool
}

func (want outcome) check(t *testing.T, k *Kafka, tb *table) {
	t.Helper()
	if end := accounted(t, k, "ledger"); end != 250 {
		t.Errorf("the ledger accounts for what is below %d, want 250", end)
	}
	got := outcome{tb.rows, published(t, k, "alerts", textOf), published(t, k, "dead", func(r Record) string { return string(r.Key) })}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(outcome{})); diff != "" {
		t.Error(diff)
	}
}

func comesToTheEnd(t *testing.T, k *Kafka) {
	t.Helper()
	until(t, "the end is committed", func() bool { return offsetOf(t, k, "g", "in", 0) == committed{250, "wg1 -"} })
}

// The connection is lost, or nothing comes back until the time is over: the
// consumer goes on, a metric tells, and everything is there once.
func TestStepsThatAreCutOff(t *testing.T) {
	for name, fail := range map[string]func(context.Context) error{
		"connection lost": func(context.Context) error { return syscall.ECONNRESET },
		"no answer":       func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
	} {
		t.Run(name, func(t *testing.T) {
			beforeAndAfter(t, func(t *testing.T, step ioStep, after bool) {
				k := cluster(t, 1, "in", "dead", "alerts", "ledger")
				k.cfg.RequestTimeout = time.Second
				var want outcome
				want.rows, want.alerts, want.dead = mixture(t, k, 250)
				tb := newTable()
				c := cutOff(k, step.is, after, 1, fail)
				stop := run(t, k, tb)
				select {
				case <-c.met:
				case <-time.After(patience):
					t.Fatal("the step was not taken")
				}
				comesToTheEnd(t, k)
				until(t, "a metric tells of it", func() bool { return step.metric(k.cfg.Metrics) >= 1 })
				if err := stop(); err != nil {
					t.Fatal(err)
				}
				want.check(t, k, tb)
			})
		})
	}
}

// The process is stopped while a step does not come to its end, and has no time
// left: it ends in order, and leaves nothing that the next one does not complete.
func TestStepsThatAreCancelled(t *testing.T) {
	beforeAndAfter(t, func(t *testing.T, step ioStep, after bool) {
		k := cluster(t, 1, "in", "dead", "alerts", "ledger")
		k.cfg.RequestTimeout = time.Second
		var want outcome
		want.rows, want.alerts, want.dead = mixture(t, k, 250)
		tb := newTable()
		ctx, cancel := context.WithCancel(t.Context())
		whole := k.client.Transport
		cutOff(k, step.is, after, 1<<20, func(ctx context.Context) error { cancel(); <-ctx.Done(); return ctx.Err() })
		publisher := k.Publisher()
		cfg := storeConfig(t, k, tb, publisher)
		cfg.LedgerTopic, cfg.Grace = "ledger", time.Millisecond
		if err := k.Store(ctx, cfg); err != nil {
			t.Fatal(err)
		}
		publisher.Close()
		if used := cfg.Budget.used; used != 0 {
			t.Errorf("%d bytes of the budget are still taken", used)
		}
		left := offsetOf(t, k, "g", "in", 0)
		if a, err := ParseAnnouncement(left.metadata); left.offset >= 0 && (err != nil || !a.empty() && a.From != left.offset) {
			t.Errorf("the group was left with %+v", left)
		}
		k.client.Transport = whole
		stop := run(t, k, tb)
		comesToTheEnd(t, k)
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		want.check(t, k, tb)
		if announced := !strings.HasPrefix(left.metadata, "wg1 -") && left.offset >= 0; announced != (testutil.ToFloat64(k.cfg.Metrics.recovered.WithLabelValues("in")) > 0) {
			t.Errorf("the group was left with %+v, and that ranges were recovered is counted: %v", left, !announced)
		}
	})
}

// The same with an insert.
func TestInsertThatIsCancelled(t *testing.T) {
	for when, after := range map[string]bool{"before": false, "after": true} {
		t.Run(when, func(t *testing.T) {
			k := cluster(t, 1, "in", "dead", "alerts", "ledger")
			var want outcome
			want.rows, want.alerts, want.dead = mixture(t, k, 250)
			tb := newTable()
			ctx, cancel := context.WithCancel(t.Context())
			tb.fail = func(insert context.Context, _ string) (error, error) {
				cancel()
				if after {
					return nil, context.Canceled
				}
				<-insert.Done()
				return insert.Err(), nil
			}
			publisher := k.Publisher()
			cfg := storeConfig(t, k, tb, publisher)
			cfg.LedgerTopic, cfg.Grace = "ledger", time.Millisecond
			if err := k.Store(ctx, cfg); err != nil && !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			publisher.Close()
			if got := offsetOf(t, k, "g", "in", 0); got != (committed{0, "wg1 0-102 m=0"}) {
				t.Errorf("committed %+v, want the range announced", got)
			}
			tb.fail = nil
			stop := run(t, k, tb)
			comesToTheEnd(t, k)
			if err := stop(); err != nil {
				t.Fatal(err)
			}
			want.check(t, k, tb)
		})
	}
}
