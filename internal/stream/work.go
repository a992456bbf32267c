package stream

import (
	"context"
	"errors"
	"time"
)

// work is a chunk and how far it has been worked on.
type work struct {
	chunk
	done    int
	allowed bool // whoever has to be asked about its records has been asked
}

// advance works on the chunk at hand until it is done, or has to wait: for the
// range before the one that is full, or for ClickHouse to tell copies.
func (l *lane) advance(ctx context.Context) error {
	for l.todo != nil {
		w := l.todo
		if !w.allowed && l.copies.ask(ctx, l, w.records) {
			return nil
		}
		w.allowed = true
		offset, more := w.end, w.done < len(w.records)
		switch {
		case w.gap > 0:
			offset = w.end - w.gap
		case more:
			offset = w.records[w.done].Offset
		}
		switch rows, _ := l.builder.Size(); {
		case l.at.cuts(offset), l.at.cut == 0 && rows >= l.cfg.MaxRows:
			if l.sealed != nil {
				return nil
			}
			if err := l.seal(ctx); err != nil {
				return err
			}
		case w.gap > 0:
			if err := l.gap(ctx, w); err != nil {
				return err
			}
		case more:
			if w.done%1024 == 0 && ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err := l.add(ctx, w.records[w.done]); err != nil {
				return err
			}
			w.done++
		default:
			if err := l.finishChunk(ctx, w); err != nil {
				return err
			}
		}
	}
	return nil
}

// finishChunk passes the last offsets of a chunk, which may hold no record at
// all, such as a control batch.
func (l *lane) finishChunk(ctx context.Context, w *work) error {
	if err := l.overtake(ctx, w.end); err != nil {
		return err
	}
	if w.end > l.at.next {
		l.at.pass(w.end)
		l.begun()
	}
	l.metrics.records.Add(float64(len(w.records)))
	l.grow()
	l.fetcher.release(w.chunk)
	l.todo = nil
	return nil
}

// add works on one record.
func (l *lane) add(ctx context.Context, record Record) error {
	if err := l.overtake(ctx, record.Offset); err != nil {
		return err
	}
	replay := record.Replays()
	copied := replay != "" && l.copies.later(replay, record.Offset)
	want := Want{
		Row:   !copied && !holds(&l.held, record.Offset),
		Alert: !copied && (replay != "" || !l.alerted(record.Offset)),
	}
	fate, messages := fateCopy, []Message(nil)
	var at time.Time
	if !copied {
		added, err := l.builder.Add(record, want)
		var poison *PoisonError
		switch {
		case err == nil:
			fate, at, messages = fateRow, added.Time, added.Alerts
		case errors.Is(err, ErrSkipped):
			fate = fateSkipped
			l.copies.notStored(replay, record.Offset)
		case errors.As(err, &poison):
			l.copies.notStored(replay, record.Offset)
			fate, messages = fateDead, []Message{DeadLetter(l.cfg.DeadTopic, record, poison)}
			l.kafka.cfg.Metrics.deadLetters.WithLabelValues(record.Topic, poison.Reason).Inc()
		default:
			return Fatal("handle %s/%d offset %d: %w", record.Topic, record.Partition, record.Offset, err)
		}
	}
	l.page.note(fate, record.Offset, record.Offset+1, at)
	l.at.pass(record.Offset + 1)
	l.begun()
	return l.outbox.put(ctx, messages...)
}

// gap accounts for offsets that retention removed before they were read, up to
// the end of the range under construction: whatever of them is not stored gets
// a dead letter and an alert of its own.
func (l *lane) gap(ctx context.Context, w *work) error {
	gone := Range{w.end - w.gap, w.end}
	if l.at.cut > 0 {
		gone.To = min(gone.To, l.at.cut)
	}
	stored := gone.From
	for _, lost := range gone.without(l.held) {
		l.page.note(fateRow, stored, lost.From, time.Time{})
		l.page.note(fateDead, lost.From, lost.To, time.Time{})
		stored = lost.To
		l.metrics.gaps.Add(float64(lost.To - lost.From))
		l.log.Error().Int64("from", lost.From).Int64("to", lost.To).Msg("retention removed records before they were read: they are lost")
		alerts, err := l.builder.Gap(lost)
		if err != nil {
			return Fatal("report the gap of %s/%d at offset %d: %w", l.assigned.Name, l.assigned.Partition, lost.From, err)
		}
		l.kafka.cfg.Metrics.deadLetters.WithLabelValues(l.assigned.Name, ReasonGap).Inc()
		letter := SpanLetter(l.cfg.DeadTopic, l.assigned.Name, l.assigned.Partition, lost, ReasonGap, "retention removed these offsets before they were read")
		if err := l.outbox.put(ctx, append(alerts, letter)...); err != nil {
			return err
		}
	}
	l.page.note(fateRow, stored, gone.To, time.Time{})
	l.at.pass(gone.To)
	l.begun()
	w.gap = w.end - gone.To
	return nil
}

// begun notes when the range under construction got its first offset.
func (l *lane) begun() {
	if l.since.IsZero() {
		l.since = time.Now()
	}
}

// grow tells the budget how the range under construction has grown.
func (l *lane) grow() {
	_, bytes := l.builder.Size()
	l.cfg.Budget.add(int64(bytes) - l.size)
	l.size = int64(bytes)
}
