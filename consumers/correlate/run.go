package correlate

import (
	"context"
	"errors"
	"maps"
	"strings"
	"time"

	"github.com/watchglass/watchglass/internal/sigma"
	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/internal/stream"
	"github.com/watchglass/watchglass/schema"
)

// quietRecord is how often a rule that finds no new rows writes down how far it is.
const quietRecord = time.Minute

// run takes in what is new for one rule. A run that fails is written down, and
// repeated.
func (w *worker) run(ctx context.Context, set *sigma.Set, r *sigma.Rule, p progress) error {
	select {
	case w.slots <- struct{}{}:
		defer func() { <-w.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	t := &attempt{worker: w, rule: r, set: set, began: w.config.Now()}
	err := t.do(ctx, p)
	if s := w.rules[r.ID]; s != nil && err == nil {
		s.current = p.asked
	}
	switch took := w.config.Now().Sub(t.began); {
	case err != nil && ctx.Err() == nil:
		return errors.Join(err, t.failed(ctx, err))
	case err == nil && took > w.config.Interval:
		w.deps.Metrics.slow.WithLabelValues(r.ID).Inc()
		w.log.Warn().Str("rule", r.ID).Dur("took", took).Uint64("read_rows", t.cost.Rows).Msg("this rule over time is too slow for its interval")
	}
	return err
}

// progress is how far the access events are stored.
type progress struct {
	asked     time.Time
	committed offsets
	passed    []time.Time // which time each partition has passed
}

func (w *worker) progress(ctx context.Context) (p progress, err error) {
	p = progress{asked: w.config.Now(), committed: offsets{}}
	for _, topic := range w.config.Topics {
		asked := w.config.Now()
		standings, err := w.deps.Progress.Standings(ctx, w.config.AccessGroup, topic)
		if err != nil {
			return p, err
		}
		for _, s := range standings {
			if s.Offset >= 0 {
				p.committed[place(s.Name, s.Partition)] = s.Offset
			}
			at := asked
			if s.Offset < s.Log.End && s.Log.End > s.Log.First { // it is behind
				if at, err = w.deps.Table.LastTime(ctx, s.Name, s.Partition, s.Offset); err != nil {
					return p, err
				}
			}
			p.passed = append(p.passed, at)
		}
	}
	return p, nil
}

// attempt is one run of one rule.
type attempt struct {
	*worker
	rule     *sigma.Rule
	set      *sigma.Set
	began    time.Time
	cost     store.Cost
	rows     uint64
	from, to offsets
}

func (t *attempt) do(ctx context.Context, p progress) error {
	s := t.rules[t.rule.ID]
	if s == nil || s.last.Version != t.rule.Version {
		return t.fill(ctx, s, p)
	}
	t.from, t.to = s.done, s.upTo(p.committed)
	if t.rule.Correlation.Final() {
		return t.advance(ctx, s)
	}
	return t.judge(ctx, s, p)
}

// record is the run as it stands.
func (t *attempt) record(status string, alerts int) schema.CorrelationRun {
	run := schema.CorrelationRun{
		Rule: t.rule.ID, Version: t.rule.Version, Sequence: 1, Status: status, From: t.from, To: t.to,
		Started: t.began.UTC(), Took: t.config.Now().Sub(t.began), Rows: t.rows, Alerts: uint64(alerts), //nolint:gosec // a length
		ReadRows: t.cost.Rows, ReadBytes: t.cost.Bytes,
	}
	if s := t.rules[t.rule.ID]; s != nil {
		run.Judged = s.last.Judged
		if run.Sequence = s.last.Sequence; s.last.Status == schema.RunOK || s.last.Status == schema.RunFilled {
			run.Sequence++
		}
	}
	return run
}

// fill begins a rule that is new, or goes on with one that has changed. It looks back
// over a span, and alerts only if asked: nobody is paged for what has long been.
func (t *attempt) fill(ctx context.Context, s *standing, p progress) error {
	t.from = maps.Clone(p.committed)
	if s != nil {
		t.from = s.done
	}
	t.to = t.from
	until, judged := t.began, time.Time{}
	if h, known := horizon(p.passed, t.config.Lateness); known && !t.rule.Correlation.Final() {
		until, judged = h, h
	}
	since := until.Add(-t.config.Backfill)
	var found []store.OverTime
	if t.config.Backfill > 0 {
		var err error
		if found, err = t.ask(ctx, sigma.Query{Where: below(t.to), From: since, To: until, ByCondition: true}); err != nil {
			return err
		}
	}
	run := t.record(schema.RunFilled, len(found))
	if run.Judged.IsZero() {
		run.Judged = judged
	}
	if s != nil && s.last.Status != schema.RunOK && s.last.Status != schema.RunFilled {
		run.Sequence++ // an announced run of the version before: its rows are taken in by this version
	}
	if t.config.FillAlerts {
		if err := t.alert(ctx, found); err != nil {
			return err
		}
	}
	t.log.Info().Str("rule", t.rule.ID).Str("version", t.rule.Version).Int("would_have_alerted", len(found)).Dur("looked_back", t.config.Backfill).
		Msg("a rule over time is new or has changed")
	return t.publish(ctx, run)
}

// advance takes in new rows for a rule that asks for at least so much.
func (t *attempt) advance(ctx context.Context, s *standing) error {
	begin := t.from
	if s.seen != nil {
		begin = s.seen
	}
	fresh := between(begin, t.to)
	if fresh == "" {
		return nil
	}
	touched, err := t.deps.Table.Touched(ctx, t.set.SQLTouched(t.rule, t.deps.Table.Name(store.EventsTable), fresh), t.config.Bounds, &t.cost)
	if err != nil {
		return err
	}
	if t.rows = touched.Rows; t.rows == 0 {
		if s.next == nil && t.began.Sub(s.last.Started) < quietRecord {
			s.seen = t.to
			return nil
		}
		return t.publish(ctx, t.record(schema.RunOK, 0))
	}
	// From the begin of the first row's bucket, to see whether that is known already; as
	// far as a new row can be in a window.
	from, to := t.rule.Correlation.Bucket(touched.First), touched.Last.Add(t.rule.Reach())
	found, err := t.find(ctx, t.to, from, to, fresh)
	if err != nil {
		return err
	}
	if len(found) > 0 && len(t.from) > 0 {
		known, err := t.find(ctx, t.from, from, to, fresh)
		if err != nil {
			return err
		}
		found = without(found, known)
	}
	if len(found) > 0 {
		if s.next == nil {
			if err := t.publish(ctx, t.record(schema.RunAnnounced, len(found))); err != nil {
				return err
			}
		}
		if err := t.alert(ctx, found); err != nil {
			return err
		}
	}
	return t.publish(ctx, t.record(schema.RunOK, len(found)))
}

// judge evaluates the windows that have ended for good.
func (t *attempt) judge(ctx context.Context, s *standing, p progress) error {
	until, known := horizon(p.passed, t.config.Lateness)
	if !known || !until.After(s.last.Judged) {
		return nil
	}
	from := s.last.Judged
	if !t.rule.Correlation.Absence() {
		from = from.Add(time.Millisecond)
	}
	found, err := t.find(ctx, t.to, from, until, "")
	if err != nil {
		return err
	}
	if len(found) == 0 && t.began.Sub(s.last.Started) < quietRecord {
		s.last.Judged = until // written down later; judged again after a crash
		return nil
	}
	if err := t.alert(ctx, found); err != nil {
		return err
	}
	run := t.record(schema.RunOK, len(found))
	run.Judged = until
	return t.publish(ctx, run)
}

// find asks for the groups and buckets in which the rule holds, by the rows below
// offsets.
func (t *attempt) find(ctx context.Context, to offsets, from, until time.Time, touched string) ([]store.OverTime, error) {
	return t.ask(ctx, sigma.Query{Where: below(to), From: from, To: until, Touched: touched})
}

func (t *attempt) ask(ctx context.Context, q sigma.Query) ([]store.OverTime, error) {
	q.Table = t.deps.Table.Name(store.EventsTable)
	query, err := t.set.SQLAlerts(t.rule, q)
	if err != nil {
		return nil, stream.Fatal("%w", err) // run checks this when it starts
	}
	return t.deps.Table.OverTime(ctx, query, t.config.Bounds, &t.cost)
}

// without leaves out what is known already.
func without(found, known []store.OverTime) (fresh []store.OverTime) {
	type key struct {
		groups string
		bucket int64
	}
	keyOf := func(o store.OverTime) key { return key{strings.Join(o.Groups, "\x00"), o.Bucket.UnixMilli()} }
	have := map[key]bool{}
	for _, o := range known {
		have[keyOf(o)] = true
	}
	for _, o := range found {
		if !have[keyOf(o)] {
			fresh = append(fresh, o)
		}
	}
	return fresh
}

// failed writes down that a run failed: it is repeated, and whoever looks sees it.
func (t *attempt) failed(ctx context.Context, cause error) error {
	s := t.rules[t.rule.ID]
	if s == nil || s.last.Status == schema.RunFailed {
		t.deps.Metrics.runs.WithLabelValues(t.rule.ID, schema.RunFailed).Inc() // written down already
		return nil
	}
	run := t.record(schema.RunFailed, 0)
	run.From, run.To, run.Error = s.done, s.next, class(cause)
	return t.publish(ctx, run)
}

// class names an error without its text, which may hold values of rows.
func class(err error) string {
	switch {
	case errors.Is(err, store.ErrBounds):
		return "bounds"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case store.Retryable(err):
		return "unavailable"
	}
	return "refused"
}
