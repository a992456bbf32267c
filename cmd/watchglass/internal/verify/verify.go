package verify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/watchglass/watchglass/internal/source"
	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/internal/stream"
	"github.com/watchglass/watchglass/schema"
)

// windowSize is how many offsets are compared at a time.
const windowSize = 100_000

// Topic is what to check of one topic.
type Topic struct {
	stream.TopicName
	Decoder   source.Decoder
	Standings []stream.Standing // of all its partitions
}

// Config says what to compare with what. Everything is needed.
type Config struct {
	DB    *store.DB
	Kafka *stream.Kafka // nil: the records are not read, only the ledger counts
	// Retention is the shortest that an event may have in ClickHouse.
	Retention time.Duration
	Now       time.Time
}

// Report is what became of one partition's offsets.
type Report struct {
	Topic     string            `json:"topic"`
	Partition int32             `json:"partition"`
	From      int64             `json:"from"`
	To        int64             `json:"to"` // exclusive
	Counts    map[Verdict]int64 `json:"counts"`
	Pending   int64             `json:"pending"`   // not finished yet, from To on
	Read      int64             `json:"read"`      // offsets that were held against Kafka's own records
	InLedger  int64             `json:"in_ledger"` // offsets that the ledger has an entry for
	Unchecked int64             `json:"unchecked"` // offsets that neither says anything about; what is stored of them is counted all the same
	Faults    []Fault           `json:"faults,omitempty"`
}

// Fault is a run of offsets, both ends included.
type Fault struct {
	From    int64   `json:"from"`
	To      int64   `json:"to"`
	Verdict Verdict `json:"verdict"`
}

// Faulty is how many offsets have a faulty verdict.
func (r *Report) Faulty() (n int64) {
	for v, count := range r.Counts {
		if v.Faulty() {
			n += count
		}
	}
	return n
}

// Span limits what is checked; a To of 0 means up to what is finished.
type Span struct{ From, To int64 }

// Partition checks one partition. ctx ends it.
func Partition(ctx context.Context, cfg Config, t Topic, s stream.Standing, span Span) (*Report, error) {
	first, end, err := cfg.DB.Extent(ctx, s.Name, s.Partition)
	if err != nil {
		return nil, err
	}
	finished := s.Offset
	if finished < 0 { // the group's offsets are gone
		finished = end
	}
	if first == end {
		first = finished
	}
	if s.Log.First < s.Log.End && s.Offset >= 0 {
		first = min(first, max(s.Log.First, 0), finished)
	}
	r := &Report{Topic: s.Name, Partition: s.Partition, From: max(first, span.From), To: finished, Counts: map[Verdict]int64{}, Pending: max(0, s.Log.End-finished)}
	if span.To > 0 {
		r.To = min(r.To, span.To)
	}
	r.To = max(r.To, r.From)
	before := cfg.Now.Add(-cfg.Retention)
	for from := r.From; from < r.To; from += windowSize {
		w := newWindow(from, min(from+windowSize, r.To))
		if err := fill(ctx, cfg, t, s, w); err != nil {
			return nil, err
		}
		counts, faults := w.verdicts(before)
		for v, n := range counts {
			r.Counts[v] += n
		}
		for _, f := range faults {
			r.Faults = append(r.Faults, Fault{f.From, f.To, f.Verdict})
		}
		for i := range w.offsets {
			o := &w.offsets[i]
			if o.record != unknown {
				r.Read++
			}
			if o.ledger != unknown {
				r.InLedger++
			}
			if o.record == unknown && o.ledger == unknown {
				r.Unchecked++
			}
		}
	}
	return r, nil
}

// fill gathers what is known of a window's offsets.
func fill(ctx context.Context, cfg Config, t Topic, s stream.Standing, w *window) error {
	from, to := w.first, w.first+int64(len(w.offsets))
	for _, ask := range []struct {
		of  func(context.Context, string, int32, int64, int64) ([]store.Counted, error)
		add func([]store.Counted)
	}{{cfg.DB.CountRows, w.addRows}, {cfg.DB.CountDead, w.addDead}, {cfg.DB.CountErased, w.addErased}} {
		counted, err := ask.of(ctx, s.Name, s.Partition, from, to)
		if err != nil {
			return err
		}
		ask.add(counted)
	}
	entries, err := cfg.DB.Ledger(ctx, s.Name, s.Partition, from, to)
	if err != nil {
		return err
	}
	w.addLedger(entries)
	if cfg.Kafka == nil {
		return nil
	}
	return read(ctx, cfg, t, s, w, max(from, s.Log.First), to)
}

// read holds the window against Kafka's own records, for as much of it as
// Kafka still has.
func read(ctx context.Context, cfg Config, t Topic, s stream.Standing, w *window, from, to int64) error {
	if from >= to {
		return nil
	}
	w.each(store.Range{From: from, To: to - 1}, func(o *offset) { o.record = nothing })
	before := cfg.Now.Add(-cfg.Retention)
	var ev schema.AccessEvent
	return cfg.Kafka.ReadSpan(ctx, s.Assigned, stream.Range{From: from, To: to}, func(record stream.Record) error {
		o := &w.offsets[record.Offset-w.first]
		err := t.Decoder.Decode(record.Value, record.Time, &ev)
		var poison *schema.PoisonError
		switch {
		case err == nil:
			o.record, o.old = aRow, ev.Time.Before(before)
		case errors.Is(err, source.ErrSkipped):
			o.record = aSkip
		case errors.As(err, &poison):
			o.record = aLetter
		default:
			return fmt.Errorf("decode: %w", err)
		}
		return nil
	})
}
