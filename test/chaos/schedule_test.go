package chaos

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// kind is a kind of fault.
type kind string

const (
	killWorker     kind = "worker: kill -9"
	pauseWorker    kind = "worker: paused for longer than its session"
	rollWorkers    kind = "workers: rolling restart"
	storm          kind = "workers: one joins or leaves every second"
	killClickHouse kind = "clickhouse: kill -9 while it merges"
	slowClickHouse kind = "clickhouse: answers slowly"
	cutAnswers     kind = "clickhouse: connection lost after the data"
	cutBlocks      kind = "clickhouse: connection lost within the data"
	tooManyParts   kind = "clickhouse: too many parts"
	readOnly       kind = "clickhouse: read-only table"
	fullDisk       kind = "clickhouse: disk full"
	clockJump      kind = "clickhouse: its clock jumps beyond the fence"
	killBroker     kind = "broker: kill -9"
	cutBroker      kind = "broker: unreachable"
	muteBroker     kind = "broker: silent"
)

func kinds() []kind {
	return []kind{
		killWorker, pauseWorker, rollWorkers, storm, killClickHouse, slowClickHouse, cutAnswers, cutBlocks,
		tooManyParts, readOnly, fullDisk, clockJump, killBroker, cutBroker, muteBroker,
	}
}

// fault is one thing that is broken for a while.
type fault struct {
	kind   kind
	at     time.Duration // after the schedule began
	length time.Duration
	target int // which worker or broker; taken modulo how many there are
}

func (f fault) String() string {
	return fmt.Sprintf("%5.1fs +%4.1fs %s (%d)", f.at.Seconds(), f.length.Seconds(), f.kind, f.target)
}

// draw makes the schedule of a seed: about one fault in two seconds, in the
// order of their times. Equal arguments make equal schedules.
func draw(seed uint64, length time.Duration, among []kind) []fault {
	r := rand.New(rand.NewPCG(seed, 20261124))
	within := func(least, most time.Duration) time.Duration {
		return least + time.Duration(r.Int64N(int64(most-least)))
	}
	var faults []fault
	for range int(length/(2*time.Second)) + 1 {
		f := fault{kind: among[r.IntN(len(among))], at: within(time.Second, max(2*time.Second, length-3*time.Second)), target: r.IntN(6)}
		switch f.kind {
		case pauseWorker:
			f.length = within(4*time.Second, 8*time.Second)
		case killBroker, cutBroker, muteBroker, storm:
			f.length = within(2*time.Second, 6*time.Second)
		default:
			f.length = within(500*time.Millisecond, 5*time.Second)
		}
		faults = append(faults, f)
	}
	slices.SortStableFunc(faults, func(a, b fault) int { return int(a.at - b.at) })
	return faults
}

func TestScheduleIsTheSameForTheSameSeed(t *testing.T) {
	seen := map[kind]bool{}
	for s := range uint64(50) {
		first, second := draw(s, 20*time.Second, kinds()), draw(s, 20*time.Second, kinds())
		if !slices.Equal(first, second) {
			t.Fatalf("seed %d makes different schedules", s)
		}
		if len(first) < 10 {
			t.Errorf("seed %d makes only %d faults", s, len(first))
		}
		for _, f := range first {
			seen[f.kind] = true
		}
	}
	if len(seen) != len(kinds()) {
		t.Errorf("50 schedules have %d of %d kinds of faults", len(seen), len(kinds()))
	}
}
