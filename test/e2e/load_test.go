package e2e

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// Sizes of the runs.
var (
	events = flag.Int("events", 200_000, "events of the load tests")
	kills  = flag.Int("kills", 4, "workers killed in the middle of a load")
)

// generate sends the deterministic load.
func (f *fleet) generate(count, seed int) {
	f.t.Helper()
	f.command("generate", "--seed", fmt.Sprint(seed), "--count", fmt.Sprint(count), "--brokers", f.brokers[0], "--topic", f.name)
}

func TestTwoWorkersStoreEveryEventOnce(t *testing.T) {
	f := newFleet(t, site{})
	f.migrate()
	f.createTopic(12)
	f.generate(*events, 7)
	started := time.Now()
	for range 2 {
		f.start()
	}
	f.until(countRows, uint64(*events))
	took := time.Since(started)
	f.exact(uint64(*events))
	var cpu time.Duration
	for _, w := range f.workers {
		t.Logf("peak memory of a worker: %d MB", w.peakBytes(t)>>20)
		w.stop(t)
		cpu += w.cpu()
	}
	t.Logf("%d events in %.1f s from the start of the processes: %.0f events/s; %.1f µs of CPU an event over both workers",
		*events, took.Seconds(), float64(*events)/took.Seconds(), float64(cpu.Microseconds())/float64(*events))
}

func TestKilledWorkersLoseAndDoubleNothing(t *testing.T) {
	f := newFleet(t, site{})
	f.migrate()
	f.createTopic(12)
	total := uint64(*events)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	f.start()
	victim := f.start()
	f.generate(*events/2, 7)
	for i := range *kills {
		// Kill when a share of the events is stored: in the middle of the work.
		f.until(countRows, total/2*uint64(i)/uint64(*kills)+random.Uint64N(total/2/uint64(*kills)))
		victim.kill()
		victim = f.start()
	}
	f.generate(*events/2, 8)
	f.until(countRows, total)
	f.exact(total)
	for _, w := range f.workers {
		if w.alive() {
			w.stop(t)
		}
	}
	f.exact(total)
}
