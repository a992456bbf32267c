package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"github.com/watchglass/watchglass/internal/stream"
	"github.com/watchglass/watchglass/schema"
)

// recentNotifications is how many notification ids a worker remembers as
// settled, so that a copy in the topic is not sent again.
const recentNotifications = 4096

// worker has one partition for one generation.
type worker struct {
	config   *Config
	deps     *Deps
	metrics  *destinationMetrics
	assigned stream.Assigned
	log      zerolog.Logger

	mu      sync.Mutex
	settled *recent          // delivered or refused, in this generation
	outbox  []stream.Message // deliveries and dead letters that are not published yet
}

// job is one notification of a batch.
type job struct {
	notification schema.Notification
	record       stream.Record
}

// Restore has nothing to load: what is delivered is the group's offset.
func (w *worker) Restore(context.Context) error { return nil }

// Handle delivers the batch. It returns nil when every notification is with
// the endpoint, or a dead letter, and every attempt is recorded.
func (w *worker) Handle(ctx context.Context, records []stream.Record) error {
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(w.config.Concurrency)
	for _, jobs := range w.byIncident(records) {
		group.Go(func() error {
			for i := range jobs {
				if err := w.deliver(groupCtx, &jobs[i]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return w.publish(ctx)
}

// Tick publishes what a failed Handle left behind.
func (w *worker) Tick(ctx context.Context, _ time.Time) error { return w.publish(ctx) }

// Close has nothing to release: the sender is shared.
func (w *worker) Close() {}

// byIncident cuts a batch into one list for each incident, in order; records
// that cannot be read become dead letters, and copies are dropped.
func (w *worker) byIncident(records []stream.Record) [][]job {
	var lists [][]job
	place := map[string]int{}
	inBatch := map[string]bool{}
	for i := range records {
		n, verdict := decode(&records[i])
		if verdict != nil {
			w.bury(&records[i], verdict)
			continue
		}
		if inBatch[n.ID] || w.isSettled(n.ID) {
			w.metrics.copies.Inc()
			continue
		}
		inBatch[n.ID] = true
		at, ok := place[n.Incident]
		if !ok {
			at = len(lists)
			place[n.Incident] = at
			lists = append(lists, nil)
		}
		lists[at] = append(lists[at], job{notification: n, record: records[i]})
	}
	return lists
}

func decode(r *stream.Record) (schema.Notification, *stream.PoisonError) {
	var n schema.Notification
	if err := json.Unmarshal(r.Value, &n); err != nil || n.ID == "" {
		return n, &stream.PoisonError{Reason: string(schema.ReasonInvalidMessage), Detail: "notification: not the JSON of one"}
	}
	return n, nil
}

func (w *worker) isSettled(id string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.settled.has(id)
}

// settle notes that a notification needs no further attempt, with the last
// messages about it.
func (w *worker) settle(id string, messages ...stream.Message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.settled.add(id)
	w.outbox = append(w.outbox, messages...)
}

func (w *worker) bury(r *stream.Record, verdict *stream.PoisonError) {
	w.metrics.dead.Inc()
	w.log.Error().Int64("offset", r.Offset).Str("reason", verdict.Reason).Str("detail", verdict.Detail).
		Msg("notification cannot be read: sent to the dead letters")
	w.mu.Lock()
	defer w.mu.Unlock()
	w.outbox = append(w.outbox, stream.DeadLetter(w.config.Dead, *r, verdict))
}

// publish empties the outbox; what cannot be published stays in it.
func (w *worker) publish(ctx context.Context) error {
	w.mu.Lock()
	messages := w.outbox
	w.outbox = nil
	w.mu.Unlock()
	if len(messages) == 0 {
		return nil
	}
	if err := w.deps.Publisher.Publish(ctx, messages...); err != nil {
		w.mu.Lock()
		w.outbox = append(messages, w.outbox...)
		w.mu.Unlock()
		return fmt.Errorf("publish %d deliveries: %w", len(messages), err)
	}
	return nil
}
