package stream

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/rs/zerolog"
)

// lane is one partition of an exact consumer in one generation.
//
// One goroutine owns it: it works on records, seals ranges, and is the only
// one that commits. In the background are one attempt to insert the sealed
// range, the outbox, and, while storing is stuck, a scout that matches ahead.
type lane struct {
	cfg        StoreConfig
	kafka      *Kafka
	membership membership
	assigned   Assigned
	id         TopicID
	log        zerolog.Logger
	metrics    laneMetrics
	builder    Builder
	outbox     *outbox
	fetcher    *fetcher // of lanes
	ahead      *fetcher // of scouts
	asking     chan struct{}

	at     progress
	held   []Range   // stored already, from where it resumed
	asked  time.Time // when that was asked
	copies copies
	cursor *cursor
	first  int64 // of the log, as the generation began
	end    int64 // of the log, as last seen

	page  *page     // the ledger's entry of the range under construction
	since time.Time // when its first offset was added; zero: it has none
	size  int64     // bytes of it that the budget knows of
	todo  *work     // the chunk at hand

	blocked time.Time // since when it cannot read on; zero: it can

	sealed   *sealedRange // on its way, or nil
	flying   bool         // an attempt to insert it is running
	inserted chan error   // the attempt's outcome
	scout    *scout       // nil: the lane itself is as far as matching has got
}

// run handles the partition until ctx ends, the process stops, or it fails.
func (l *lane) run(ctx context.Context, stopping <-chan struct{}, resumption Resumption, log Bounds) error {
	ctx, cancel := context.WithCancel(ctx)
	defer func() {
		cancel() // an insert on its way is left: its fate is asked of ClickHouse by whoever comes next
		l.leave()
	}()
	l.first, l.end = log.First, log.End
	for {
		err := l.resume(ctx, stopping, resumption)
		if err == nil {
			err = l.loop(ctx, stopping)
		}
		switch {
		case errors.Is(err, errAskAgain):
			resumption = l.anew()
		case errors.Is(err, errStopped):
			return nil
		default:
			return err
		}
	}
}

// anew gives up what was built and where reading was, and returns where to
// begin again: with the sealed range, as the next owner would.
func (l *lane) anew() Resumption {
	r := l.at.resumption()
	if l.scout != nil { // another begins when ClickHouse does not answer
		l.scout.stop()
		r.Alerted = max(r.Alerted, l.scout.settled.Load())
		l.scout = nil
	}
	l.giveBack()
	l.fetcher.remove(l.cursor)
	l.cursor = nil
	l.log.Info().Int64("from", r.From).Int64("to", r.Sealed).Msg("asking again what is stored before a range is tried again")
	return r
}

// leave gives back what the lane holds; its context has ended.
func (l *lane) leave() {
	if l.flying {
		if err := <-l.inserted; err != nil {
			l.log.Debug().Err(err).Int64("from", l.sealed.From).Int64("to", l.sealed.To).Msg("left a range announced")
		}
	}
	l.giveBack()
	if l.scout != nil {
		l.scout.stop()
	}
	l.metrics.forget()
}

// giveBack releases the memory of everything that is not stored.
func (l *lane) giveBack() {
	if l.sealed != nil {
		l.drop(l.sealed)
	}
	l.builder.Seal().Release()
	l.cfg.Budget.add(-l.size)
	l.since, l.size = time.Time{}, 0
	if l.todo != nil {
		l.fetcher.release(l.todo.chunk)
		l.todo = nil
	}
	if l.cursor != nil {
		l.settle()
	}
}

// loop is the lane's life once ClickHouse has said what it holds.
func (l *lane) loop(ctx context.Context, stopping <-chan struct{}) error {
	ctx, cancel := context.WithCancel(ctx)
	defer func() {
		cancel()
		if err := l.copies.forget(); err != nil {
			l.log.Debug().Err(err).Msg("left a question about replayed records")
		}
	}()
	ripe := time.NewTimer(time.Hour)
	defer ripe.Stop()
	again := time.NewTimer(time.Hour)
	defer again.Stop()
	again.Stop()
	// Now and then it looks whether storing is stuck, and tells the group how
	// far alerts have got.
	tick := time.NewTicker(aheadEvery)
	defer tick.Stop()
	for {
		if err := l.advance(ctx); err != nil {
			return err
		}
		l.gauge()
		chunks, room := l.cursor.chunks, l.cfg.Budget.spent()
		blocked := l.todo != nil
		if room != nil && !l.overdraws() {
			blocked = true
			l.kafka.cfg.Metrics.budgetWaits.Inc()
		}
		if !blocked {
			l.blocked = time.Time{}
		} else if chunks = nil; l.blocked.IsZero() {
			l.blocked = time.Now()
		}
		l.runAhead(ctx)
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
		case err := <-l.inserted:
			if err := l.settled(ctx, err); err != nil {
				return err
			}
			if l.sealed != nil && !l.flying {
				again.Reset(backoff(l.sealed.failures - 1))
			}
		case <-again.C:
			if time.Since(l.sealed.known) > l.cfg.AskAgain {
				return errAskAgain
			}
			if err := l.attempt(ctx); err != nil {
				return err
			}
		case <-room:
		case <-ripe.C:
			if err := l.seal(ctx); err != nil {
				return err
			}
		case err := <-l.copies.answer:
			if err := l.copies.learn(err); err != nil {
				return err
			}
			l.todo.allowed = true
		case err := <-l.scout.ended():
			return cmp.Or(err, context.Cause(ctx))
		case <-tick.C:
			if err := l.announceAlerts(ctx); err != nil {
				return err
			}
		case c := <-chunks:
			l.end = c.log
			l.todo = &work{chunk: c}
		}
	}
}

// overdraws tells whether the lane goes on although the budget is spent: when
// it has a former owner's range to complete, and it is its turn.
func (l *lane) overdraws() bool {
	if l.at.cut == 0 || !l.cfg.Budget.overdraw(l) {
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

// ripeIn says in how long the range under construction has to be sealed.
func (l *lane) ripeIn(now time.Time) (time.Duration, bool) {
	if l.sealed != nil || l.since.IsZero() || l.at.cut > 0 {
		return 0, false
	}
	if l.cfg.Budget.tight() {
		return 0, true
	}
	return max(0, l.cfg.MaxAge-now.Sub(l.since)), true
}

// full tells whether the range under construction should be sealed at once.
func (l *lane) full() bool {
	rows, _ := l.builder.Size()
	wait, ok := l.ripeIn(time.Now())
	return l.at.cut == 0 && (rows >= l.cfg.MaxRows || ok && wait == 0)
}

func (l *lane) gauge() {
	matched, stored := l.at.next, l.at.from
	if l.scout != nil {
		matched, l.end = max(matched, l.scout.next.Load()), max(l.end, l.scout.end.Load())
	}
	if l.sealed != nil {
		stored = l.sealed.From
	}
	l.metrics.handledLag.Set(float64(max(0, l.end-matched)))
	l.metrics.storedLag.Set(float64(max(0, l.end-stored)))
}

// stop finishes the range on its way, or leaves it announced when ctx ends
// first. What was not sealed is read again by the next owner.
func (l *lane) stop(ctx context.Context) error {
	if err := l.announceAlerts(ctx); err != nil {
		return err
	}
	if !l.flying {
		return errStopped
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case err := <-l.inserted:
		l.flying = false
		if IsFatal(err) {
			return err
		}
		if err != nil { // left announced
			return errStopped
		}
		l.at.finish()
		l.drop(l.sealed)
		if err := l.commit(ctx, l.at.standing()); err != nil {
			return err
		}
		return errStopped
	}
}

var (
	// errStopped ends a lane that has finished what it had to.
	errStopped = errors.New("stopped")
	// errAskAgain ends a lane's loop: what ClickHouse said it holds is too
	// old to insert by.
	errAskAgain = errors.New("ask again what is stored")
)
