package incident

import (
	"context"
	"time"

	"github.com/rs/zerolog"

	"github.com/watchglass/watchglass/internal/alert"
	"github.com/watchglass/watchglass/internal/stream"
)

// worker has one partition for one generation. Its memory is what the state
// topic holds: it changes only after a publish has succeeded.
type worker struct {
	config   *Config
	deps     *Deps
	assigned stream.Assigned
	log      zerolog.Logger

	epoch     uint32
	incidents map[alert.Key]*entry
	due       dueHeap
	pending   []*entry // hold something to publish
	dirty     []*entry // published it; the state topic does not know yet
	stale     []string // keys of the state topic to be deleted
	dead      []stream.Message
	open      int
}

// entry is one incident in memory. state is never written to, only replaced.
type entry struct {
	key   alert.Key
	state *alert.Incident
	older string // key of the state topic that a previous epoch holds it under, "" when none
	dirty bool
	due   time.Time
	index int // in worker.due
}

// staged are decisions that are not durable yet, in order of appearance.
type staged struct {
	keys    []alert.Key
	states  map[alert.Key]*alert.Incident // nil: forget it
	reasons map[alert.Reason]int
}

func newStaged() *staged {
	return &staged{states: map[alert.Key]*alert.Incident{}, reasons: map[alert.Reason]int{}}
}

func (s *staged) add(key alert.Key, outcome alert.Outcome) {
	s.reasons[outcome.Reason]++
	if !outcome.Changed {
		return
	}
	if _, ok := s.states[key]; !ok {
		s.keys = append(s.keys, key)
	}
	s.states[key] = outcome.State
}

// Handle decides what the alerts mean, and returns nil when all of it is durable.
func (w *worker) Handle(ctx context.Context, records []stream.Record) error {
	start := w.config.Now()
	decided := newStaged()
	w.dead = w.dead[:0]
	for i := range records {
		a, poison := decode(&records[i])
		if poison != nil {
			w.bury(&records[i], poison)
			continue
		}
		key := alert.KeyOf(&a)
		state, ok := decided.states[key]
		if e := w.incidents[key]; !ok && e != nil {
			state = e.state
		}
		decided.add(key, alert.OnAlert(state, &a, start, &w.config.Settings))
	}
	err := w.settle(ctx, decided)
	w.deps.Metrics.handled.Observe(w.config.Now().Sub(start).Seconds())
	return err
}

// Tick resolves what has gone quiet, sends the updates that are owed, and
// forgets what was resolved long ago.
func (w *worker) Tick(ctx context.Context, now time.Time) error {
	decided := newStaged()
	var taken []*entry
	for len(taken) < maxTickDecisions && w.due.ready(now) {
		e := w.due.pop()
		taken = append(taken, e)
		if outcome := alert.OnTick(e.state, now, &w.config.Settings); outcome.Changed {
			decided.add(e.key, outcome)
		}
	}
	err := w.settle(ctx, decided)
	for _, e := range taken {
		if w.incidents[e.key] == e { // not forgotten
			e.due = e.state.Due(&w.config.Settings)
			w.due.push(e)
		}
	}
	if err == nil && len(w.dirty)+len(w.stale) > 0 {
		err = w.publishStates(ctx, newStaged())
	}
	return err
}

// Close takes this worker's incidents out of the metrics.
func (w *worker) Close() { w.setOpen(0) }

func (w *worker) setOpen(n int) {
	w.deps.Metrics.open.Add(float64(n - w.open))
	w.open = n
}
