package dead

import (
	"context"
	"fmt"
	"time"

	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/internal/stream"
	"github.com/watchglass/watchglass/schema"
)

// What is read from ClickHouse and sent at once, at most.
const (
	batchLetters = 500
	batchBytes   = 8 << 20
)

// Letters gives the bytes of dead letters; a *store.DB does.
type Letters interface {
	DeadLetters(ctx context.Context, positions []schema.Position) (map[schema.Position]store.DeadLetter, error)
}

// Replay is one run.
type Replay struct {
	Site      *Site
	Letters   Letters
	Publisher stream.Publisher // nil: nothing is sent
	Limit     int              // records to send, at most; 0: all
	Rate      float64          // records a second, at most; 0: as fast as possible
	Anyway    bool             // send what would be a dead letter again
}

// Run sends what Judge allows of the entries, in their order, and tallies all
// of them, also when it returns an error.
func (r *Replay) Run(ctx context.Context, entries []store.DeadEntry) (*Tally, error) {
	tally, taken := newTally(), map[string]bool{}
	var due []store.DeadEntry
	for _, e := range entries {
		if why := Judge(&e, r.Site, taken); why != "" {
			tally.refuse(&e, why)
			continue
		}
		taken[Origin(&e)] = true
		due = append(due, e)
	}
	pace := pace{rate: r.Rate, began: time.Now()}
	for len(due) > 0 && (r.Limit == 0 || tally.Sent < r.Limit) {
		var batch []store.DeadEntry
		batch, due = cut(due, pace.most())
		if err := r.send(ctx, batch, tally); err != nil {
			tally.Left += len(due) + len(batch)
			return tally, err
		}
		if r.Publisher == nil || len(due) == 0 {
			continue
		}
		if err := pace.wait(ctx, tally.Sent); err != nil {
			tally.Left += len(due)
			return tally, err
		}
	}
	tally.Left += len(due)
	return tally, nil
}

// cut takes the first letters, so many and no more bytes than are good at once.
func cut(due []store.DeadEntry, most int) (batch, rest []store.DeadEntry) {
	n, size := 0, uint64(0)
	for n < len(due) && n < most && (n == 0 || size+due[n].Value < batchBytes) {
		size += due[n].Value
		n++
	}
	return due[:n], due[n:]
}

// send works on the letters of one batch.
func (r *Replay) send(ctx context.Context, batch []store.DeadEntry, tally *Tally) error {
	positions := make([]schema.Position, len(batch))
	for i := range batch {
		positions[i] = batch[i].Source
	}
	letters, err := r.Letters.DeadLetters(ctx, positions)
	if err != nil {
		return err
	}
	var ev schema.AccessEvent
	var messages []stream.Message
	var sent []*store.DeadEntry
	for i := range batch {
		e := &batch[i]
		if r.Limit > 0 && tally.Sent+len(sent) == r.Limit {
			tally.Left++
			continue
		}
		letter, found := letters[e.Source]
		topic := r.Site.topic(e.Source.Topic)
		if !found {
			tally.refuse(e, Gone)
			continue
		}
		if why := r.Site.readable(topic, &letter, &ev); why != "" && !r.Anyway {
			tally.refuse(e, why)
			continue
		}
		messages, sent = append(messages, message(topic, &letter, Origin(e))), append(sent, e)
	}
	if r.Publisher != nil && len(messages) > 0 {
		if err := r.Publisher.Publish(ctx, messages...); err != nil {
			return fmt.Errorf("replay: %w", err)
		}
	}
	for _, e := range sent {
		tally.send(e)
	}
	return nil
}

// pace keeps to a rate.
type pace struct {
	rate  float64 // a second; 0: none
	began time.Time
}

// most is how many may go at once: a tenth of a second's worth.
func (p pace) most() int {
	if p.rate <= 0 {
		return batchLetters
	}
	return min(batchLetters, max(1, int(p.rate/10)))
}

// due is when so many may have been sent.
func (p pace) due(sent int) time.Time {
	if p.rate <= 0 {
		return p.began
	}
	return p.began.Add(time.Duration(float64(sent) / p.rate * float64(time.Second)))
}

func (p pace) wait(ctx context.Context, sent int) error {
	timer := time.NewTimer(time.Until(p.due(sent)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}
