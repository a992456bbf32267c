package stream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

const (
	// aheadAfter is how long storing may be stuck before matching goes ahead
	// of it.
	aheadAfter = 2 * time.Second
	// aheadEvery is how often a lane looks whether it is, and tells the group
	// how far alerts have got.
	aheadEvery = time.Second
)

// scout reads a partition ahead of what can be stored, and only matches:
// alerts do not wait for ClickHouse. Nothing of what it reads stays in memory.
// The lane stores the same records later, without alerting again. Offsets do
// not move because of a scout, so Kafka's retention is how far ahead it can be.
type scout struct {
	lane    *lane
	builder Builder
	cursor  *cursor
	cancel  context.CancelFunc
	done    chan error

	next    atomic.Int64 // alerts of records below are in the outbox
	settled atomic.Int64 // alerts of records below are acknowledged
	end     atomic.Int64 // of the log
}

// scoutFrom begins running ahead at an offset.
func (l *lane) scoutFrom(ctx context.Context, from int64) {
	ctx, cancel := context.WithCancel(ctx)
	s := &scout{
		lane: l, builder: l.cfg.NewBuilder(l.assigned), cancel: cancel, done: make(chan error, 1),
		cursor: l.ahead.add(l.assigned, from),
	}
	s.next.Store(from)
	s.settled.Store(l.at.alerted)
	l.scout = s
	l.log.Warn().Int64("from", from).Msg("storing is stuck: matching goes ahead of it")
	go func() {
		defer close(s.done)
		s.done <- guard(func() error { return s.run(ctx) })
	}()
}

func (s *scout) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case c := <-s.cursor.chunks:
			s.end.Store(c.log)
			err := s.match(ctx, c)
			s.lane.ahead.release(c)
			if err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
}

// match publishes what the records of a chunk raise. Dead letters, gaps, and
// replayed records, which may be copies, are left to the lane.
func (s *scout) match(ctx context.Context, c chunk) error {
	for _, record := range c.records {
		if record.Replays() != "" {
			continue
		}
		added, err := s.builder.Add(record, Want{Alert: true})
		var poison *PoisonError
		if err != nil && !errors.As(err, &poison) && !errors.Is(err, ErrSkipped) {
			return Fatal("handle %s/%d offset %d: %w", record.Topic, record.Partition, record.Offset, err)
		}
		if err := s.lane.outbox.put(ctx, added.Alerts...); err != nil {
			return err
		}
		s.next.Store(record.Offset + 1)
	}
	s.next.Store(c.end)
	s.lane.metrics.ahead.Add(float64(len(c.records)))
	if err := s.lane.outbox.settled(ctx, s.lane.outbox.mark()); err != nil {
		return err
	}
	s.settled.Store(c.end)
	return nil
}

// stop ends the scout and waits for it.
func (s *scout) stop() {
	s.cancel()
	if err := <-s.done; err != nil {
		s.lane.log.Debug().Err(err).Msg("left off matching ahead")
	}
	s.lane.ahead.remove(s.cursor)
}

// ended is a channel that says why a scout gave up; nil without a scout.
func (s *scout) ended() <-chan error {
	if s == nil {
		return nil
	}
	return s.done
}

// alerted tells whether an offset's alerts are published, or in the outbox.
func (l *lane) alerted(offset int64) bool {
	return offset < l.at.alerted || l.scout != nil && offset < l.scout.next.Load()
}

// runAhead sends a scout when the lane cannot read on and nothing has been
// stored for a while.
func (l *lane) runAhead(ctx context.Context) {
	if l.scout == nil && l.stuck() {
		l.scoutFrom(ctx, max(l.at.next, l.at.alerted))
	}
}

// overtake ends the scout before the lane comes to an offset that it has not
// matched: from there on the lane alerts by itself. Whoever comes first, no
// alert is published by both.
func (l *lane) overtake(ctx context.Context, offset int64) error {
	if l.scout == nil || offset < l.scout.next.Load() {
		return nil
	}
	l.scout.stop()
	reached := l.scout.next.Load()
	l.scout = nil
	if err := l.outbox.settled(ctx, l.outbox.mark()); err != nil {
		return err
	}
	l.at.alerted = max(l.at.alerted, reached)
	l.log.Info().Int64("at", reached).Msg("storing has caught up with matching")
	return nil
}

// stuck tells whether the lane cannot read on because nothing has been stored
// for a while, anywhere in this process: a slow insert, or a long backlog, is
// no reason to match everything twice.
func (l *lane) stuck() bool {
	if !l.cfg.RunAhead || l.blocked.IsZero() || l.cfg.Budget.idle() < aheadAfter {
		return false
	}
	failing := l.sealed != nil && (l.sealed.failures > 0 || time.Since(l.sealed.at) > aheadAfter)
	return failing || time.Since(l.blocked) > aheadAfter
}

// announceAlerts tells the group how far alerts have got, so that the next
// owner does not publish them again.
func (l *lane) announceAlerts(ctx context.Context) error {
	if l.scout == nil {
		return nil
	}
	settled := l.scout.settled.Load()
	if settled <= l.at.alerted {
		return nil
	}
	l.at.alerted = settled
	return l.commit(ctx, l.at.standing())
}

// resume asks ClickHouse what it holds, however long it takes. Where the group
// knows how far alerts have got, matching does not wait for the answer.
func (l *lane) resume(ctx context.Context, stopping <-chan struct{}, r Resumption) error {
	l.at = newProgress(r)
	asking, cancel := context.WithCancel(ctx)
	l.asked = time.Now()
	var (
		judged Resumption
		held   []Range
		err    error
	)
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		err = guard(func() (err error) {
			judged, held, err = l.ask(asking, r)
			return err
		})
	}()
	defer func() { cancel(); <-answered }()
	tick := time.NewTicker(aheadEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-stopping:
			return cmp.Or(l.announceAlerts(ctx), errStopped)
		case err := <-l.scout.ended():
			return cmp.Or(err, context.Cause(ctx))
		case <-answered:
			if err == nil {
				l.begin(judged, held)
			}
			return err
		case <-tick.C:
			known := r.Reason == ResumeCommitted || r.Reason == ResumeAnnounced
			if l.scout == nil && known && l.cfg.RunAhead {
				l.scoutFrom(ctx, r.Alerted)
			}
			if err := l.announceAlerts(ctx); err != nil {
				return err
			}
		}
	}
}

// ask asks ClickHouse and the ledger what they know of the partition.
func (l *lane) ask(ctx context.Context, r Resumption) (Resumption, []Range, error) {
	if err := l.askLife(ctx, r); err != nil {
		return r, nil, err
	}
	held, err := again(ctx, l.cfg.GroupConfig, func(ctx context.Context) ([]Range, error) {
		select {
		case l.asking <- struct{}{}:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		defer func() { <-l.asking }()
		return l.cfg.Target.Held(ctx, l.assigned.Name, l.assigned.Partition, r.From)
	})
	if err != nil {
		return r, nil, fmt.Errorf("ask what is stored of %s/%d: %w", l.assigned.Name, l.assigned.Partition, err)
	}
	accounted := int64(0)
	if ledger, ok := l.cfg.Target.(LedgerTarget); ok && r.Reason == ResumeFresh && len(held) > 0 {
		accounted, err = again(ctx, l.cfg.GroupConfig, func(ctx context.Context) (int64, error) {
			return ledger.Accounted(ctx, l.assigned.Name, l.assigned.Partition, r.From)
		})
		if err != nil {
			return r, nil, fmt.Errorf("ask what the ledger accounts for of %s/%d: %w", l.assigned.Name, l.assigned.Partition, err)
		}
	}
	r, err = r.Judge(l.assigned, held, accounted)
	return r, held, err
}

// askLife refuses a topic that is not the one whose rows are stored under its
// name, and an offset that is not this topic's.
func (l *lane) askLife(ctx context.Context, r Resumption) error {
	target, ok := l.cfg.Target.(LifeTarget)
	if !ok || l.id == (TopicID{}) {
		return nil
	}
	a := l.assigned
	life := func(ctx context.Context) (string, error) { return target.Life(ctx, a.Name, a.Partition) }
	first, err := again(ctx, l.cfg.GroupConfig, life)
	switch {
	case err != nil:
	case first != "" && r.Reason == ResumeForeign:
		return foreign(a, r.From)
	case first == "":
		if err := r.judgeFresh(a, l.first); err != nil {
			return err
		}
		first, err = again(ctx, l.cfg.GroupConfig, func(ctx context.Context) (string, error) {
			if err := target.EnterLife(ctx, a.Name, a.Partition, l.id); err != nil {
				return "", err
			}
			return life(ctx) // another worker may have been first
		})
	}
	if err != nil {
		return fmt.Errorf("ask which topic %s/%d is: %w", a.Name, a.Partition, err)
	}
	return SameTopic(TopicName{Topic: a.Topic, Name: a.Name}, l.id, first)
}

// begin starts reading where the resumption says.
func (l *lane) begin(r Resumption, held []Range) {
	if r.Reason == ResumeAnnounced {
		l.kafka.cfg.Metrics.recovered.WithLabelValues(l.assigned.Name).Inc()
	}
	l.log.Debug().Int64("from", r.From).Int64("sealed", r.Sealed).Str("reason", string(r.Reason)).Msg("resuming")
	alerted := l.at.alerted // a scout may have got further
	l.at = newProgress(r)
	l.at.alerted = max(l.at.alerted, alerted)
	l.held = held
	l.page = newPage(l.assigned.Name, l.assigned.Partition, r.From)
	l.cursor = l.fetcher.add(l.assigned, r.From)
	l.fetcher.wake()
}
