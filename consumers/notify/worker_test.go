package notify_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/watchglass/watchglass/consumers/notify"
	"github.com/watchglass/watchglass/internal/stream"
	"github.com/watchglass/watchglass/internal/webhook"
	"github.com/watchglass/watchglass/schema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errFault = errors.New("broker went away")

// rig is a destination whose answers the test gives, and the topics.
type rig struct {
	stream.Worker
	registry *prometheus.Registry

	mu       sync.Mutex
	answer   func(id string, attempt int) (webhook.Answer, time.Duration) // and how long it takes
	attempts map[string]int
	sent     []string // ids in the order in which their answers arrived
	running  int
	most     int                         // at the same time
	topics   map[string][]stream.Message // what was published
	failures int                         // of the next calls of Publish
}

func ok(string, int) (webhook.Answer, time.Duration) { return webhook.Answer{Status: 200}, 0 }

func newRig(t *testing.T, answer func(id string, attempt int) (webhook.Answer, time.Duration)) *rig {
	t.Helper()
	r := &rig{answer: answer, attempts: map[string]int{}, topics: map[string][]stream.Message{}, registry: prometheus.NewRegistry()}
	c, err := notify.New(notify.Config{
		Destination: "on-call", Deliveries: "deliveries", Dead: "dead", Jitter: func() float64 { return 0 },
	}, notify.Deps{Sender: r, Publisher: r, Metrics: notify.NewMetrics(r.registry), Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	if c.Group() != "watchglass.notify.on-call" {
		t.Errorf("group %s", c.Group())
	}
	r.Worker = c.Worker(stream.Assigned{Topic: "notifications", Name: "notifications", Generation: 3})
	return r
}

// Send is the destination.
func (r *rig) Send(ctx context.Context, id string, _ []byte) (webhook.Answer, error) {
	r.mu.Lock()
	r.attempts[id]++
	answer, takes := r.answer(id, r.attempts[id])
	r.running++
	r.most = max(r.most, r.running)
	r.mu.Unlock()
	defer func() { r.mu.Lock(); r.running--; r.mu.Unlock() }()
	select {
	case <-ctx.Done():
		return webhook.Answer{}, ctx.Err()
	case <-time.After(takes):
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if answer.Status == 200 {
		r.sent = append(r.sent, id)
	}
	answer.Took = takes
	return answer, nil
}

func (r *rig) Publish(_ context.Context, messages ...stream.Message) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failures > 0 {
		r.failures--
		return errFault
	}
	for _, m := range messages {
		r.topics[m.Topic] = append(r.topics[m.Topic], m)
	}
	return nil
}

func (r *rig) deliveries(t *testing.T) []string {
	t.Helper()
	var all []string
	ids := map[string]bool{}
	for _, m := range r.topics["deliveries"] {
		var d schema.Delivery
		if err := json.Unmarshal(m.Value, &d); err != nil {
			t.Fatal(err)
		}
		if ids[d.ID] {
			t.Errorf("delivery id %s is there twice", d.ID)
		}
		ids[d.ID] = true
		all = append(all, fmt.Sprintf("%s #%d %s %d%s", d.Notification, d.Attempt, d.Verdict, d.Status, d.Error))
	}
	return all
}

// records makes notifications with ids such as "i1-2": the second of incident i1.
func records(ids ...string) []stream.Record {
	var all []stream.Record
	for i, id := range ids {
		incident, _, _ := strings.Cut(id, "-")
		value, err := json.Marshal(&schema.Notification{ID: id, Incident: incident, Type: "incident.opened", EventTime: time.Now().Add(-time.Second)})
		if err != nil {
			panic(err)
		}
		all = append(all, stream.Record{Topic: "notifications", Offset: int64(i), Key: []byte(incident), Value: value})
	}
	return all
}

func check(t *testing.T, what string, want, got []string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestDelivers(t *testing.T) {
	t.Parallel()
	r := newRig(t, ok)
	if err := r.Handle(t.Context(), records("i1-1", "i1-2", "i1-3")); err != nil {
		t.Fatal(err)
	}
	check(t, "sent", []string{"i1-1", "i1-2", "i1-3"}, r.sent)
	check(t, "deliveries", []string{"i1-1 #1 delivered 200", "i1-2 #1 delivered 200", "i1-3 #1 delivered 200"}, r.deliveries(t))
	if problems, err := testutil.GatherAndLint(r.registry); err != nil || len(problems) > 0 {
		t.Errorf("metrics: %v, %v", problems, err)
	}
}

func TestRetriesWithBackoff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(_ string, attempt int) (webhook.Answer, time.Duration) {
			switch attempt {
			case 1:
				return webhook.Answer{Status: 503}, 0
			case 2:
				return webhook.Answer{Class: webhook.Timeout}, 10 * time.Second
			case 3:
				return webhook.Answer{Status: 429, RetryAfter: time.Minute}, 0
			}
			return webhook.Answer{Status: 200}, 0
		})
		begun := time.Now()
		if err := r.Handle(t.Context(), records("i1-1")); err != nil {
			t.Fatal(err)
		}
		// 250 ms, 10 s of waiting for the answer, 500 ms, and the minute that was asked for.
		if took, want := time.Since(begun), 250*time.Millisecond+10*time.Second+500*time.Millisecond+time.Minute; took != want {
			t.Errorf("took %v, want %v", took, want)
		}
		check(t, "deliveries", []string{"i1-1 #1 retry 503", "i1-1 #2 retry 0timeout", "i1-1 #3 retry 429", "i1-1 #4 delivered 200"}, r.deliveries(t))
	})
}

func TestADestinationThatIsDownForThreeDays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		back := time.Now().Add(72 * time.Hour)
		r := newRig(t, func(string, int) (webhook.Answer, time.Duration) {
			if time.Now().Before(back) {
				return webhook.Answer{Class: webhook.ConnectRefused}, 0
			}
			return webhook.Answer{Status: 200}, 0
		})
		if err := r.Handle(t.Context(), records("i1-1", "i1-2", "i2-1")); err != nil {
			t.Fatal(err)
		}
		if late := time.Since(back); late > webhook.MaxBackoff || len(r.sent) != 3 {
			t.Errorf("%d delivered %v after it was back", len(r.sent), late)
		}
		if n := r.attempts["i1-2"]; n != 1 {
			t.Errorf("the second of an incident was tried %d times before the first was there", n-1)
		}
	})
}

func TestOtherIncidentsDoNotWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(id string, attempt int) (webhook.Answer, time.Duration) {
			if id == "i1-1" && attempt == 1 {
				return webhook.Answer{Status: 500}, 5 * time.Second
			}
			return webhook.Answer{Status: 200}, time.Second
		})
		if err := r.Handle(t.Context(), records("i1-1", "i2-1", "i1-2", "i2-2")); err != nil {
			t.Fatal(err)
		}
		check(t, "sent", []string{"i2-1", "i2-2", "i1-1", "i1-2"}, r.sent)
	})
}

func TestConcurrencyIsLimited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(string, int) (webhook.Answer, time.Duration) { return webhook.Answer{Status: 200}, time.Second })
		var ids []string
		for i := range 40 {
			ids = append(ids, fmt.Sprintf("i%d-1", i))
		}
		begun := time.Now()
		if err := r.Handle(t.Context(), records(ids...)); err != nil {
			t.Fatal(err)
		}
		if r.most != 8 || time.Since(begun) != 5*time.Second {
			t.Errorf("%d at the same time, %v for all; want 8 and 5s", r.most, time.Since(begun))
		}
	})
}

func TestRefusedIsADeadLetterAndItsNeighboursGoOn(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(id string, _ int) (webhook.Answer, time.Duration) {
		if id == "i1-1" {
			return webhook.Answer{Status: 400}, 0
		}
		return webhook.Answer{Status: 200}, 0
	})
	batch := append(records("i1-1", "i1-2", "i2-1"), stream.Record{Topic: "notifications", Offset: 3, Value: []byte("{")}, stream.Record{Topic: "notifications", Offset: 4})
	if err := r.Handle(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	var dead []string
	for _, m := range r.topics["dead"] {
		dead = append(dead, string(m.Key)+" "+string(m.Headers[0].Value))
	}
	check(t, "dead letters", []string{"notifications/0/3 invalid_message", "notifications/0/4 invalid_message", "notifications/0/0 refused"}, dead)
	if len(r.sent) != 2 || r.attempts["i1-1"] != 1 {
		t.Errorf("sent %v, attempts %v", r.sent, r.attempts)
	}
}

func TestDisabledHoldsAndTriesSeldom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(_ string, attempt int) (webhook.Answer, time.Duration) {
			if attempt < 3 {
				return webhook.Answer{Status: 410}, 0
			}
			return webhook.Answer{Status: 200}, 0
		})
		begun := time.Now()
		if err := r.Handle(t.Context(), records("i1-1")); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begun); took != time.Hour {
			t.Errorf("took %v, want two waits of half an hour", took)
		}
		if len(r.topics["dead"]) != 0 {
			t.Error("a held notification became a dead letter")
		}
	})
}

func TestCopiesAreNotSentAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t, ok)
	for _, batch := range [][]stream.Record{records("i1-1", "i1-1"), records("i1-1", "i1-2")} {
		if err := r.Handle(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	check(t, "sent", []string{"i1-1", "i1-2"}, r.sent)
}

// TestFailedPublishDoesNotSendAgain: what the endpoint has is not sent again
// because its record could not be written; the record is not lost either.
func TestFailedPublishDoesNotSendAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t, ok)
	r.failures = 2
	for attempt := range 3 {
		if err := r.Handle(t.Context(), records("i1-1", "i2-1")); (err == nil) != (attempt == 2) || err != nil && !errors.Is(err, errFault) {
			t.Errorf("attempt %d: %v", attempt, err)
		}
	}
	if len(r.sent) != 2 || len(r.deliveries(t)) != 2 {
		t.Errorf("sent %v, deliveries %v", r.sent, r.deliveries(t))
	}
}

// TestTheEndOfAGeneration: Handle returns at once, and whoever has the
// partition next begins with the same notifications.
func TestTheEndOfAGeneration(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(id string, _ int) (webhook.Answer, time.Duration) {
			if id == "i1-1" {
				return webhook.Answer{Status: 503}, 0
			}
			return webhook.Answer{Status: 200}, 0
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		begun := time.Now()
		if err := r.Handle(ctx, records("i1-1", "i2-1")); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if time.Since(begun) != time.Hour {
			t.Errorf("returned after %v", time.Since(begun))
		}
		for _, d := range r.deliveries(t) {
			if strings.HasPrefix(d, "i1-1") && !strings.Contains(d, "retry 503") {
				t.Errorf("delivery %s", d)
			}
		}
	})
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(_ string, attempt int) (webhook.Answer, time.Duration) {
		if attempt == 1 {
			return webhook.Answer{Class: webhook.TLSFailed}, 0
		}
		return webhook.Answer{Status: 200}, 0
	})
	if err := r.Handle(t.Context(), records("i1-1")); err != nil {
		t.Fatal(err)
	}
	want := `
# HELP watchglass_notify_waiting_notifications Notifications that failed and wait for their next attempt.
# TYPE watchglass_notify_waiting_notifications gauge
watchglass_notify_waiting_notifications{destination="on-call"} 0
# HELP watchglass_notify_deliveries_total Attempts to deliver a notification, by verdict.
# TYPE watchglass_notify_deliveries_total counter
watchglass_notify_deliveries_total{destination="on-call",verdict="delivered"} 1
watchglass_notify_deliveries_total{destination="on-call",verdict="disabled"} 0
watchglass_notify_deliveries_total{destination="on-call",verdict="refused"} 0
watchglass_notify_deliveries_total{destination="on-call",verdict="retry"} 1
`
	if err := testutil.GatherAndCompare(r.registry, strings.NewReader(want), "watchglass_notify_waiting_notifications", "watchglass_notify_deliveries_total"); err != nil {
		t.Error(err)
	}
}
