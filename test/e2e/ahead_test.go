package e2e

import (
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/watchglass/watchglass/internal/embedded"
	"github.com/watchglass/watchglass/internal/generate"
	"github.com/watchglass/watchglass/test/engines"
)

var (
	away       = flag.Duration("away", 8*time.Second, "how long ClickHouse is away")
	awayBudget = flag.String("away.budget", "8MiB", "access.budget_bytes: small, so that matching soon has to go ahead")
	awayRate   = flag.Int("away.rate", 2000, "events a second meanwhile")
)

// TestAlertsDoNotWaitForClickHouse takes ClickHouse away under load. Alerts go
// out as before; when it is back everything is stored once, and nobody is
// alerted twice.
func TestAlertsDoNotWaitForClickHouse(t *testing.T) {
	for name, disturbed := range map[string]bool{"undisturbed": false, "a worker killed, another joins": true} {
		t.Run(name, func(t *testing.T) {
			server := engines.OwnClickHouse(t, embedded.ClickHouseConfig{})
			r := newReceiver(t)
			f := newFleet(t, site{policy: singleEvents(t), native: server.Native(), destinations: r.destination(), extra: "access: {budget_bytes: " + *awayBudget + "}", kafka: "session_timeout: 3s"})
			f.migrate()
			f.createTopic(12)
			workers := []*worker{f.start(), f.start()}
			p := f.producer()
			alarms := 0
			alarm := func() {
				alarms++
				p.send(&kgo.Record{Key: fmt.Append(nil, "x-", alarms), Value: stranger(alarms)})
			}
			alarm()
			r.wait(1)
			f.untilMembers(2)

			total := *awayRate * int((*away + 6*time.Second).Seconds())
			g, err := generate.New(generate.Options{Seed: 7, Count: total, Rate: float64(*awayRate), Start: time.Now()})
			if err != nil {
				t.Fatal(err)
			}
			load := make(chan error, 1)
			go func() {
				_, err := generate.Produce(t.Context(), generate.Target{Brokers: f.brokers, Topic: f.name, Rate: float64(*awayRate)}, g)
				load <- err
			}()
			every := time.NewTicker(50 * time.Millisecond)
			defer every.Stop()
			alarmFor := func(d time.Duration) {
				for began := time.Now(); time.Since(began) < d; <-every.C {
					alarm()
				}
			}
			alarmFor(2 * time.Second)
			r.wait(alarms)
			before := r.latencies(0)
			r.forgetRepeated() // the workers' joining may have repeated one
			server.Kill()
			if disturbed {
				alarmFor(*away / 3)
				workers[1].kill()
				alarmFor(*away / 3)
				workers[1] = f.start()
				alarmFor(*away / 3)
			} else {
				alarmFor(*away)
			}
			r.wait(alarms)
			during := r.latencies(len(before))
			if err := server.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			back := time.Now()
			if err := <-load; err != nil {
				t.Fatal(err)
			}
			want := uint64(total + alarms)
			f.until(countRows, want)
			caughtUp := time.Since(back)
			f.exact(want)
			f.until("SELECT count() FROM {db}.alerts", uint64(alarms))
			published := f.ends(f.name+"-alerts", 12)
			for _, w := range workers {
				t.Logf("peak memory of a worker: %d MB", w.peakBytes(t)>>20)
			}
			t.Logf("ClickHouse away for %s at %d events/s: event → webhook p50 %s, p99 %s, most %s (before: p50 %s, p99 %s); %d rows all stored %s after it was back; %d alerts, published %d times",
				*away, *awayRate, at(during, 50), at(during, 99), at(during, 100), at(before, 50), at(before, 99), want, caughtUp.Round(10*time.Millisecond), alarms, published)
			r.mu.Lock()
			defer r.mu.Unlock()
			if len(r.ids) != alarms {
				t.Errorf("%d notifications of %d incidents", len(r.ids), alarms)
			}
			for id, times := range r.ids {
				if times != 1 && !disturbed {
					t.Errorf("notification %s came %d times", id, times)
				}
			}
		})
	}
}

// stranger is a read by an accessor whom the directory does not know.
func stranger(i int) []byte {
	return fmt.Appendf(nil, `{"time":%q,"action":"read","accessor":{"id":"x-%d"},"origin":{"ip":"10.20.3.4"},"resource":{"store":"profiles","dataset":"eu.users.accounts","fields":["email"]},"subject":{"ids":["u-77"]},"purpose":{"kind":"support","ticket":"SUP-1"}}`,
		time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), i)
}

// latencies are how long the notifications from the n-th on took, ascending.
func (r *receiver) latencies(n int) []time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	came := slices.Clone(r.came[n:])
	slices.Sort(came)
	return came
}

// at is a percentile of ascending durations.
func at(sorted []time.Duration, percent int) time.Duration {
	return sorted[(len(sorted)-1)*percent/100]
}

// forgetRepeated takes what has come so far as having come once.
func (r *receiver) forgetRepeated() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id := range r.ids {
		r.ids[id] = 1
	}
}
