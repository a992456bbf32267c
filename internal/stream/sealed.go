package stream

import (
	"context"
	"errors"
	"time"
)

// sealedRange is a range on its way to ClickHouse.
type sealedRange struct {
	Range
	rows     int
	size     int64
	mark     int // what the outbox had been given when it was sealed
	batch    Batch
	entry    LedgerEntry
	at       time.Time // when it was sealed
	known    time.Time // what is stored of it was known then: it was asked, or nobody had tried yet
	failures int       // attempts to insert it that failed
	stored   bool      // ClickHouse has acknowledged it; belongs to the attempt while one runs
}

// insertError is a failed attempt to insert: it is repeated.
type insertError struct{ error }

func (e insertError) Unwrap() error { return e.error }

// seal ends the range under construction, announces it and sends it on its
// way. No other may be on its way.
func (l *lane) seal(ctx context.Context) error {
	known := time.Now()
	if l.at.cut > 0 {
		if known = l.asked; time.Since(known) > l.cfg.AskAgain { // reading it took so long
			return errAskAgain
		}
	}
	l.grow()
	rows, _ := l.builder.Size()
	r := &sealedRange{Range: l.at.seal(), rows: rows, size: l.size, mark: l.outbox.mark(), batch: l.builder.Seal(), at: time.Now(), known: known}
	r.entry = l.page.close(r.To)
	l.page = newPage(l.assigned.Name, l.assigned.Partition, r.To)
	l.since, l.size = time.Time{}, 0
	l.sealed = r
	return l.attempt(ctx)
}

// attempt announces the sealed range, for the first time or once more, and
// tries to insert it in the background.
//
// The announcement is what makes a late insert harmless: its rows carry the
// time just before a commit that only the partition's owner is granted, and
// the server refuses rows when that is long ago. A process that wakes from a
// long pause cannot get a new one.
func (l *lane) attempt(ctx context.Context) error {
	asked := time.Now()
	if err := l.commit(ctx, l.at.standing()); err != nil {
		return err
	}
	r := l.sealed
	l.flying = true
	go func() { l.inserted <- guard(func() error { return l.insert(ctx, r, asked) }) }()
	return nil
}

// insert brings a range to ClickHouse, waits for the messages of its records,
// and enters it in the ledger.
func (l *lane) insert(ctx context.Context, r *sealedRange, asked time.Time) error {
	if r.rows > 0 && !r.stored {
		token := Token(l.assigned.Name, l.assigned.Partition, r.From, r.To)
		if err := r.batch.Insert(ctx, token, asked); err != nil {
			if IsFatal(err) || ctx.Err() != nil {
				return err
			}
			return insertError{err}
		}
		l.kafka.cfg.Metrics.rows.WithLabelValues(l.assigned.Name).Add(float64(r.rows))
	}
	r.stored = true
	l.cfg.Budget.progressed()
	if err := l.outbox.settled(ctx, r.mark); err != nil {
		return err
	}
	if l.cfg.LedgerTopic == "" {
		return nil
	}
	entry, err := r.entry.Message(l.cfg.LedgerTopic)
	if err != nil {
		return Fatal("%w", err)
	}
	return l.cfg.Publisher.Publish(ctx, entry)
}

// settled acts on the outcome of an attempt.
func (l *lane) settled(ctx context.Context, err error) error {
	l.flying = false
	var failed insertError
	if errors.As(err, &failed) {
		l.sealed.failures++
		l.kafka.cfg.Metrics.insertFailures.Inc()
		l.log.Warn().Err(err).Int64("from", l.sealed.From).Int64("to", l.sealed.To).Msg("cannot store a range, trying again with the same token")
		return nil
	}
	if err != nil {
		return err
	}
	l.kafka.cfg.Metrics.insertSeconds.Observe(time.Since(l.sealed.at).Seconds())
	l.at.finish()
	l.drop(l.sealed)
	l.settle()
	if l.at.rewind != nil {
		if err := l.commit(ctx, l.at.rewound()); err != nil {
			return err
		}
		l.log.Info().Int64("to", l.at.rewind.To).Msg("reading goes on where an operator wanted it")
		return errRewound
	}
	if l.full() {
		return l.seal(ctx) // finishes the one and announces the next in one request
	}
	return l.commit(ctx, l.at.standing())
}

// drop gives back what the sealed range holds.
func (l *lane) drop(r *sealedRange) {
	r.batch.Release()
	l.cfg.Budget.add(-r.size)
	l.sealed = nil
}

func (l *lane) commit(ctx context.Context, c committed) error {
	start := time.Now()
	err := l.kafka.commit(ctx, l.membership, l.assigned.Topic, l.assigned.Partition, c)
	l.kafka.cfg.Metrics.commitSeconds.Observe(time.Since(start).Seconds())
	return err
}

// errRewound ends a generation: the partition is taken up again where it is
// wanted, and ClickHouse is asked anew what it holds from there on.
var errRewound = errors.New("an operator moved the offset")
