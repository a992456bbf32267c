package stream

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

// lane is one partition of an exact consumer in one generation.
//
// At most one sealed range is on its way; the next one is built meanwhile.
// The order of a range's life: records added; sealed; announced (a commit, the
// same one that finishes the range before it); inserted and its messages
// acknowledged, both in the background; finished (the next commit).
type lane struct {
	cfg        StoreConfig
	kafka      *Kafka
	membership membership
	assigned   Assigned
	resumption Resumption
	held       []Range // stored already, from resumption.From on
	builder    Builder
	outbox     *outbox
	fetcher    *fetcher
	cursor     *cursor
	log        zerolog.Logger

	from, next int64     // the range under construction is [from,next)
	since      time.Time // when its first record was added; zero: it has none
	size       int64     // bytes of it that the budget knows of

	sealed     *sealedRange // on its way, or nil
	insertDone chan error
}

type sealedRange struct {
	from, to int64
	rows     int
	size     int64
	mark     int // what the outbox had been given when it was sealed
	batch    Batch
	at       time.Time
}

// run handles the partition until ctx ends, the process stops, or it fails.
func (l *lane) run(ctx context.Context, stopping <-chan struct{}) error {
	ctx, cancel := context.WithCancel(ctx)
	defer func() {
		cancel() // an insert on its way is left: its fate is asked of ClickHouse by whoever comes next
		if l.sealed != nil {
			if err := <-l.insertDone; err != nil {
				l.log.Debug().Err(err).Int64("from", l.sealed.from).Int64("to", l.sealed.to).Msg("left a range announced")
			}
			l.cfg.Budget.add(-l.sealed.size)
		}
		l.cfg.Budget.add(-l.size)
		l.settle()
	}()
	err := l.loop(ctx, stopping)
	if errors.Is(err, errStopped) {
		return nil
	}
	return err
}

func (l *lane) loop(ctx context.Context, stopping <-chan struct{}) error {
	labels := prometheus.Labels{"topic": l.assigned.Name, "partition": strconv.Itoa(int(l.assigned.Partition))}
	handled, stored := l.kafka.cfg.Metrics.handledLag.With(labels), l.kafka.cfg.Metrics.storedLag.With(labels)
	defer l.kafka.cfg.Metrics.handledLag.Delete(labels)
	defer l.kafka.cfg.Metrics.storedLag.Delete(labels)
	end := int64(0)
	ripe := time.NewTimer(time.Hour)
	defer ripe.Stop()
	for {
		if end > 0 {
			handled.Set(float64(max(0, end-l.next)))
			stored.Set(float64(max(0, end-l.storedUpTo())))
		}
		chunks, room := l.cursor.chunks, l.cfg.Budget.spent()
		if room != nil && !l.overdraws() {
			chunks = nil
			l.kafka.cfg.Metrics.budgetWaits.Inc()
		}
		if wait, ok := l.ripeIn(time.Now()); ok {
			ripe.Reset(wait)
		} else {
			ripe.Stop()
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-stopping:
			return l.stop(ctx)
		case err := <-l.insertDone:
			if err := l.finish(ctx, err, Announcement{}); err != nil {
				return err
			}
		case <-room:
		case <-ripe.C:
			if err := l.seal(ctx); err != nil {
				return err
			}
		case c := <-chunks:
			end = c.log
			err := l.handle(ctx, c)
			l.fetcher.release(c)
			if err != nil {
				return err
			}
		}
	}
}

// overdraws tells whether the lane goes on although the budget is spent: when
// it has a former owner's range to complete, and it is its turn.
func (l *lane) overdraws() bool {
	if l.resumption.Sealed == 0 || !l.cfg.Budget.overdraw(l) {
		return false
	}
	if !l.cursor.urgent.Swap(true) {
		l.fetcher.wake()
	}
	return true
}

// settle ends the overdraft.
func (l *lane) settle() {
	l.cursor.urgent.Store(false)
	l.cfg.Budget.settle(l)
}

func (l *lane) storedUpTo() int64 {
	if l.sealed != nil {
		return l.sealed.from
	}
	return l.from
}

// ripeIn says in how long the range under construction has to be sealed.
func (l *lane) ripeIn(now time.Time) (time.Duration, bool) {
	if l.sealed != nil || l.since.IsZero() || l.resumption.Sealed > 0 {
		return 0, false
	}
	if l.cfg.Budget.tight() {
		return 0, true
	}
	return max(0, l.cfg.MaxAge-now.Sub(l.since)), true
}

// handle works on one chunk.
func (l *lane) handle(ctx context.Context, c chunk) error {
	m := l.kafka.cfg.Metrics
	if c.gap > 0 {
		m.gaps.WithLabelValues(l.assigned.Name).Add(float64(c.gap))
		l.log.Error().Int64("from", c.end-c.gap).Int64("to", c.end).Msg("retention removed records before they were read: they are lost")
	}
	for i := range c.records {
		if i%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		record := c.records[i]
		if err := l.sealAt(ctx, record.Offset); err != nil {
			return err
		}
		if err := l.add(ctx, record); err != nil {
			return err
		}
		if rows, _ := l.builder.Size(); rows >= l.cfg.MaxRows && l.resumption.Sealed == 0 {
			if err := l.seal(ctx); err != nil {
				return err
			}
		}
	}
	m.records.WithLabelValues(l.assigned.Name).Add(float64(len(c.records)))
	l.grow()
	// The last offsets may hold no record at all: a control batch, a gap.
	if l.resumption.Sealed > 0 && c.end >= l.resumption.Sealed {
		if err := l.sealAt(ctx, c.end); err != nil {
			return err
		}
	}
	if c.end > l.next {
		l.next = c.end
		l.begun()
	}
	return nil
}

// begun notes when the range under construction got its first offset.
func (l *lane) begun() {
	if l.since.IsZero() {
		l.since = time.Now()
	}
}

// add works on one record.
func (l *lane) add(ctx context.Context, record Record) error {
	messages, err := l.builder.Add(record, holds(&l.held, record.Offset))
	if err != nil {
		var poison *PoisonError
		if !errors.As(err, &poison) {
			return Fatal("handle %s/%d offset %d: %w", record.Topic, record.Partition, record.Offset, err)
		}
		l.kafka.cfg.Metrics.deadLetters.WithLabelValues(record.Topic, poison.Reason).Inc()
		messages = append(messages, DeadLetter(l.cfg.DeadTopic, record, poison))
	}
	l.next = record.Offset + 1
	l.begun()
	return l.outbox.put(ctx, messages...)
}

// grow tells the budget how the range under construction has grown.
func (l *lane) grow() {
	_, bytes := l.builder.Size()
	l.cfg.Budget.add(int64(bytes) - l.size)
	l.size = int64(bytes)
}

// sealAt closes an announced range of a former owner when reading reaches its
// end, so that it is cut exactly as it was announced.
func (l *lane) sealAt(ctx context.Context, offset int64) error {
	if l.resumption.Sealed == 0 || offset < l.resumption.Sealed {
		return nil
	}
	l.next = l.resumption.Sealed
	l.resumption.Sealed = 0
	return l.seal(ctx)
}

// seal ends the range under construction, waits for the one before it, and
// sends this one on its way.
func (l *lane) seal(ctx context.Context) error {
	l.grow()
	rows, _ := l.builder.Size()
	next := &sealedRange{from: l.from, to: l.next, rows: rows, size: l.size, mark: l.outbox.mark(), batch: l.builder.Seal(), at: time.Now()}
	l.from, l.since, l.size = l.next, time.Time{}, 0
	announcement := Announcement{From: next.from, To: next.to, Alerted: next.from}
	var err error
	if l.sealed != nil {
		select {
		case <-ctx.Done():
			err = context.Cause(ctx)
		case done := <-l.insertDone:
			err = l.finish(ctx, done, announcement)
		}
	} else {
		err = l.commit(ctx, next.from, announcement)
	}
	if err != nil {
		l.cfg.Budget.add(-next.size)
		next.batch.Release()
		return err
	}
	l.sealed = next
	go func() { l.insertDone <- guard(func() error { return l.insert(ctx, next) }) }()
	return nil
}

// insert brings a sealed range to ClickHouse, however long it takes, and waits
// for the messages of its records.
func (l *lane) insert(ctx context.Context, r *sealedRange) error {
	defer r.batch.Release()
	if r.rows > 0 {
		token := Token(l.assigned.Name, l.assigned.Partition, r.from, r.to)
		tell := func(err error) {
			l.kafka.cfg.Metrics.insertFailures.Inc()
			l.log.Warn().Err(err).Int64("from", r.from).Int64("to", r.to).Msg("cannot store a range, trying again with the same token")
		}
		err := Retry(ctx, tell, func(ctx context.Context) error { return r.batch.Insert(ctx, token) })
		if err != nil {
			return err
		}
		l.kafka.cfg.Metrics.rows.WithLabelValues(l.assigned.Name).Add(float64(r.rows))
	}
	return l.outbox.settled(ctx, r.mark)
}

// finish moves the offset behind the range that was on its way and announces
// the next one in the same request.
func (l *lane) finish(ctx context.Context, inserted error, next Announcement) error {
	r := l.sealed
	l.sealed = nil
	l.cfg.Budget.add(-r.size)
	l.settle()
	if inserted != nil {
		return inserted
	}
	l.kafka.cfg.Metrics.insertSeconds.Observe(time.Since(r.at).Seconds())
	return l.commit(ctx, r.to, next)
}

func (l *lane) commit(ctx context.Context, offset int64, a Announcement) error {
	start := time.Now()
	err := l.kafka.commit(ctx, l.membership, l.assigned.Topic, l.assigned.Partition, committed{offset: offset, metadata: a.String()})
	l.kafka.cfg.Metrics.commitSeconds.Observe(time.Since(start).Seconds())
	return err
}

// stop finishes the range on its way, or leaves it announced when ctx ends
// first. What was not sealed is read again by the next owner.
func (l *lane) stop(ctx context.Context) error {
	if l.sealed == nil {
		return errStopped
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case err := <-l.insertDone:
		if err := l.finish(ctx, err, Announcement{}); err != nil {
			return err
		}
		return errStopped
	}
}
