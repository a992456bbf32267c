// Package verify compares what Kafka has, what ClickHouse stores, and what the
// ledger says became of every offset of a topic of access events. It reads
// windows of offsets, one after the other, so memory does not grow with what
// there is to check.
//
// What an offset has to be is found out twice, where both are possible: from
// the record itself, as its own bytes alone decide whether it is a row, and
// from the ledger, which outlives Kafka's retention. Where the two are at odds,
// the record counts.
//
// verdict.go decides about one offset, compare.go about a window of them,
// retention.go about rows that may be gone by now: pure functions. The rest
// asks.
package verify

import (
	"context"
	"fmt"
	"time"

	"github.com/watchglass/watchglass/internal/source"
	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/internal/stream"
)

// windowSize is how many offsets are compared at a time.
const windowSize = 100_000

// alignMost is more offsets than an entry of the ledger has in general: it is
// of one insert, which has at most store.MaxBlockRows rows.
const alignMost = 2 * store.MaxBlockRows

// Topic is a topic to check.
type Topic struct {
	stream.TopicName
	Decoder source.Decoder
}

// Config says what to compare with what.
type Config struct {
	DB        *store.DB
	Kafka     *stream.Kafka // nil: the records are not read, only the ledger counts
	Tail      *Tail         // what is on its way to ClickHouse's tables; nil: nothing is known of it
	Retention Retention
	Now       func() time.Time
	Found     func(*Report, Fault) // hears of every fault, while a partition is checked; nil: nobody does
}

// Span limits what is checked; a To of 0 means up to what is finished.
type Span struct{ From, To int64 }

// Partition checks one partition. s is what the group has committed, asked for
// before cfg.Tail was read; an Offset of -1 means that it is not known, and
// the end of what is stored counts.
func Partition(ctx context.Context, cfg Config, t Topic, s stream.Standing, span Span) (*Report, error) {
	extent, err := cfg.DB.Extent(ctx, s.Name, s.Partition)
	if err != nil {
		return nil, err
	}
	extent = cfg.Tail.widen(extent, s)
	c := &check{
		cfg: cfg, topic: t, standing: s, log: s.Log, ledger: extent.Ledger, allowances: map[Span]*allowance{},
		report: &Report{Topic: s.Name, Partition: s.Partition, Counts: map[Verdict]int64{}},
	}
	c.faults = faults{report: c.report, found: cfg.Found}
	c.limit(extent, span)
	for from := c.report.From; from < c.report.To; {
		to, err := c.align(ctx, min(from+windowSize, c.report.To))
		if err != nil {
			return nil, err
		}
		if err := c.window(ctx, from, to); err != nil {
			return nil, err
		}
		from = to
	}
	c.faults.flush()
	c.report.KafkaFrom = -1
	if c.report.Read > 0 {
		c.report.KafkaFrom = max(c.log.First, c.report.From)
	}
	return c.report, nil
}

// check is the work on one partition.
type check struct {
	cfg        Config
	topic      Topic
	standing   stream.Standing
	log        stream.Bounds // of the records in Kafka that can be read
	ledger     int64         // where the ledger begins; -1: it has no entry
	allowances map[Span]*allowance
	report     *Report
	faults     faults
}

// limit decides which offsets are checked, and notes which are not, and why.
func (c *check) limit(extent store.Extent, span Span) {
	r, s := c.report, c.standing
	finished := s.Offset
	if finished < 0 { // the group's offsets are gone, or Kafka is not asked
		finished = extent.End
		if c.cfg.Kafka != nil {
			r.note("the group has committed no offset: what is stored and entered in the ledger counts as finished")
		}
	}
	first := extent.First
	if extent.First == extent.End {
		first = finished
	}
	if s.Log.First < s.Log.End && s.Offset >= 0 {
		first = min(first, s.Log.First, finished)
	}
	if s.Offset > s.Log.End && c.cfg.Kafka != nil {
		r.note("the committed offset %d is beyond the end of the log, %d: its records are not those that were stored, and were not read", s.Offset, s.Log.End)
		c.log = stream.Bounds{}
	}
	r.From, r.To = max(first, span.From), finished
	r.Pending = max(0, s.Log.End-finished)
	if span.To > 0 {
		r.To = min(r.To, span.To)
		r.Pending = max(0, min(s.Log.End, span.To)-finished)
	}
	r.To = max(r.To, r.From)
	if span.From > 0 && span.From < first && first > 0 {
		r.note("nothing is known of the offsets %d to %d: neither Kafka, nor the table, nor the ledger has anything of them", span.From, min(first, max(span.To, first))-1)
	}
}

func (r *Report) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// align moves the end of a window to where an entry of the ledger ends, so that
// what is gone of an entry is seen at once. Entries of very many offsets, which
// are spans that nobody read, are cut all the same.
func (c *check) align(ctx context.Context, to int64) (int64, error) {
	s := c.standing
	entries, err := c.cfg.DB.Ledger(ctx, s.Name, s.Partition, to-1, to)
	if err != nil {
		return 0, err
	}
	end := to
	for _, e := range append(entries, c.cfg.Tail.of(s, to-1, to)...) {
		if e.To-e.Source.Offset <= alignMost {
			end = max(end, e.To)
		}
	}
	return min(end, c.report.To), nil
}

// window checks the offsets from from to to, exclusive.
func (c *check) window(ctx context.Context, from, to int64) error {
	w := newWindow(from, to)
	if err := c.fill(ctx, w); err != nil {
		return err
	}
	bounds := c.cfg.Retention.limits(c.cfg.Now()) // later than the questions: what is gone by now was allowed to be
	if err := c.read(ctx, w, bounds.events); err != nil {
		return err
	}
	counts, found, err := w.verdicts(func(e *store.StoredRange) (*allowance, error) { return c.allow(ctx, e, bounds.day()) })
	if err != nil {
		return err
	}
	for v, n := range counts {
		c.report.Counts[v] += n
	}
	c.faults.add(found)
	c.attest(w)
	for span := range c.allowances {
		if span.To <= to {
			delete(c.allowances, span)
		}
	}
	return nil
}

// attest counts what the offsets were held against.
func (c *check) attest(w *window) {
	for i := range w.offsets {
		o, at := &w.offsets[i], w.first+int64(i)
		if o.record != unknown {
			c.report.Read++
		}
		if o.ledger != unknown {
			c.report.InLedger++
		} else if c.ledger >= 0 && at >= c.ledger {
			c.report.Holes.add(at)
		}
		if o.record == unknown && o.ledger == unknown {
			c.report.Unchecked.add(at)
		}
	}
}

// fill gathers what ClickHouse, and what is on its way there, says of a
// window's offsets. Rows are asked for before what may excuse their absence.
func (c *check) fill(ctx context.Context, w *window) error {
	db, s, from, to := c.cfg.DB, c.standing, w.first, w.end()
	rows, err := db.CountRows(ctx, s.Name, s.Partition, from, to)
	if err != nil {
		return err
	}
	w.addRows(rows)
	dead, err := db.DeadSpans(ctx, s.Name, s.Partition, from, to)
	if err != nil {
		return err
	}
	w.addDead(dead)
	erased, err := db.CountErased(ctx, s.Name, s.Partition, from, to)
	if err != nil {
		return err
	}
	w.addErased(erased)
	entries, err := db.Ledger(ctx, s.Name, s.Partition, from, to)
	if err != nil {
		return err
	}
	letters := c.cfg.Retention.limits(c.cfg.Now()).letters
	w.addLedger(entries, letters)
	c.cfg.Tail.add(w, s, letters)
	return nil
}

// allow finds out how many rows of an entry may be gone.
func (c *check) allow(ctx context.Context, e *store.StoredRange, limit string) (*allowance, error) {
	key := Span{e.Source.Offset, e.To}
	if a := c.allowances[key]; a != nil {
		return a, nil
	}
	first, last, aged := youngDays(e, limit)
	a := &allowance{expired: aged}
	switch {
	case aged == 0:
		a.missing = e.Rows
	case first != "":
		s := c.standing
		byDay, err := c.cfg.DB.RowsByDay(ctx, s.Name, s.Partition, e.Source.Offset, e.To, first, last)
		if err != nil {
			return nil, err
		}
		stored, erased, err := c.cfg.DB.Stored(ctx, s.Name, s.Partition, e.Source.Offset, e.To)
		if err != nil {
			return nil, err
		}
		a = allow(e, limit, byDay, stored, erased)
	}
	c.allowances[key] = a
	return a, nil
}
