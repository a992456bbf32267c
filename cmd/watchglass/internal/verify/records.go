package verify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/watchglass/watchglass/internal/source"
	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/internal/stream"
	"github.com/watchglass/watchglass/schema"
)

// read holds the window against Kafka's own records, for as much of it as
// Kafka still has.
func (c *check) read(ctx context.Context, w *window, before time.Time) error {
	if c.cfg.Kafka == nil {
		return nil
	}
	r := &reading{check: c, window: w, before: before, origins: map[string][]int64{}}
	next, end := max(w.first, c.log.First), min(w.end(), c.log.End)
	w.each(store.Range{From: next, To: end - 1}, func(o *offset) { o.record = nothing })
	tries := 0
	for next < end {
		begun := next
		err := c.cfg.Kafka.ReadSpan(ctx, c.standing.Assigned, stream.Range{From: next, To: end}, func(record stream.Record) error {
			next = record.Offset + 1
			return r.take(record)
		})
		switch {
		case err == nil:
			next = end
		case errors.Is(err, kafka.OffsetOutOfRange): // removed in the meantime
			bounds, err := c.cfg.Kafka.Bounds(ctx, c.standing.Topic, c.standing.Partition)
			if err != nil {
				return err
			}
			first := bounds[c.standing.Partition].First
			if first <= next {
				return fmt.Errorf("offset %d is out of the log's range, which begins at %d", next, first)
			}
			w.each(store.Range{From: next, To: first - 1}, func(o *offset) { o.record = unknown })
			c.log.First, next = first, first
		case stream.IsFatal(err) || ctx.Err() != nil || errors.As(err, new(decodeError)):
			return err
		default:
			if next > begun {
				tries = 0
			}
			if tries++; tries == triesMost {
				return err
			}
			if err := pause(ctx, time.Duration(tries)*200*time.Millisecond); err != nil {
				return err
			}
		}
	}
	return r.copies(ctx)
}

// triesMost is how often reading may fail at one place before it is given up.
const triesMost = 10

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// decodeError is an error that reading again will not mend.
type decodeError struct{ error }

// reading derives from records what has to have become of them.
type reading struct {
	*check
	window  *window
	before  time.Time          // events of earlier than this may be gone
	origins map[string][]int64 // origin → offsets of the records that replay it, ascending
	event   schema.AccessEvent // of the record at hand; reused
}

// take derives what one record has to be, from its bytes and its timestamp.
func (r *reading) take(record stream.Record) error {
	o := r.window.at(record.Offset)
	if o == nil {
		return nil
	}
	if origin := record.Replays(); origin != "" {
		o.replay = true
		if len(origin) <= originMost {
			r.origins[origin] = append(r.origins[origin], record.Offset)
		}
	}
	err := r.topic.Decoder.Decode(record.Value, record.Time, &r.event)
	var poison *schema.PoisonError
	switch {
	case err == nil:
		o.record, o.old = aRow, r.event.Time.Before(r.before)
	case errors.Is(err, source.ErrSkipped):
		o.record = aSkip
	case errors.As(err, &poison) && (poison.Reason == schema.ReasonTimeTooOld || poison.Reason == schema.ReasonTimeTooNew):
		o.record = rowOrLetter
	case errors.As(err, &poison):
		o.record = aLetter
	default:
		return decodeError{fmt.Errorf("decode: %w", err)}
	}
	return nil
}

// originMost is how long topic/partition/offset can be: what is longer is no
// origin, and nobody asked whether it was stored before.
const originMost = 512

// originsAtOnce is how many origins ClickHouse is asked about in one query.
const originsAtOnce = 10_000

// copies marks the replays of what is stored from an earlier replay: the first
// one in the order of the log is the row.
func (r *reading) copies(ctx context.Context) error {
	names := make([]string, 0, min(len(r.origins), originsAtOnce))
	ask := func() error {
		if len(names) == 0 {
			return nil
		}
		s := r.standing
		earlier, err := r.cfg.DB.Replayed(ctx, store.EventsTable, s.Name, s.Partition, r.window.first, names)
		if err != nil {
			return err
		}
		for _, name := range names {
			_, stored := earlier[name]
			for _, at := range r.origins[name] {
				o := r.window.at(at)
				if stored {
					o.record = aCopy
				}
				stored = stored || o.rows > 0
			}
		}
		names = names[:0]
		return nil
	}
	for name := range r.origins {
		if names = append(names, name); len(names) == originsAtOnce {
			if err := ask(); err != nil {
				return err
			}
		}
	}
	return ask()
}
