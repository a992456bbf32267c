package correlate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"github.com/watchglass/watchglass/internal/sigma"
	"github.com/watchglass/watchglass/internal/stream"
	"github.com/watchglass/watchglass/schema"
)

// worker runs the rules of one partition for one generation.
type worker struct {
	*Consumer
	assigned stream.Assigned
	log      zerolog.Logger
	rules    map[string]*standing
	due      map[string]time.Time        // by rule: when it is run next
	watched  map[string]bool             // rules in the metrics
	of       int                         // partitions of the topic
	epoch    uint32                      // higher than that of any owner before
	older    map[string][]stream.Message // deletions of what they wrote, by rule
}

// Restore reads where every rule stands, from all partitions: another number of them
// gives rules to other owners.
func (w *worker) Restore(ctx context.Context) error {
	w.rules, w.due, w.watched = map[string]*standing{}, map[string]time.Time{}, map[string]bool{}
	var err error
	if w.of, err = w.deps.Partitions(ctx, w.config.Topic); err != nil {
		return fmt.Errorf("restore rules over time: %w", err)
	}
	found := map[string]contents{}
	for p := range int32(w.of) { //nolint:gosec // far fewer
		err := w.deps.Reader.ReadAll(ctx, w.config.Topic, p, func(r stream.Record) error {
			rule, epoch, ok := parseKey(string(r.Key))
			var run schema.CorrelationRun
			if ok && r.Value != nil {
				ok = json.Unmarshal(r.Value, &run) == nil && run.Rule == rule
			}
			if !ok {
				w.log.Error().Int32("partition", p).Int64("offset", r.Offset).Msg("this record is no run of a rule over time: it is left out")
				return nil
			}
			if found[rule] == nil {
				found[rule] = contents{}
			}
			found[rule].put(epoch, kept{run: run, partition: p, deleted: r.Value == nil})
			return nil
		})
		if err != nil {
			return fmt.Errorf("restore rules over time of partition %d: %w", p, err)
		}
	}
	w.epoch, w.older = uint32(max(w.assigned.Generation, 0)), map[string][]stream.Message{} //nolint:gosec // not negative
	for rule, c := range found {
		newest, ok := c.newest()
		if !ok {
			continue
		}
		s := standingOf(c[newest].run)
		w.rules[rule] = &s
		w.epoch = max(w.epoch, newest+1)
		for epoch, k := range c {
			w.older[rule] = append(w.older[rule], stream.Message{Topic: w.config.Topic, Partition: k.partition, Key: []byte(keyOf(rule, epoch))})
		}
	}
	w.log.Info().Int("rules", len(w.rules)).Uint32("epoch", w.epoch).Msg("rules over time restored")
	return nil
}

// Handle has nothing to do: the topic's records are this consumer's own.
func (w *worker) Handle(context.Context, []stream.Record) error { return nil }

// Tick runs the rules that are due, those over others after them.
func (w *worker) Tick(ctx context.Context, now time.Time) error {
	select {
	case <-w.config.Checked:
	default:
		return nil // ClickHouse was not found fit yet
	}
	set := w.deps.Rules.Set() // one for all of it: rules may be reloaded meanwhile
	var due []*sigma.Rule
	for _, r := range w.mine(set) {
		if !now.Before(w.due[r.ID]) {
			due = append(due, r)
		}
	}
	if len(due) == 0 {
		return nil
	}
	p, err := w.progress(ctx)
	if err != nil {
		return err
	}
	var failed []error
	for _, r := range due {
		w.due[r.ID] = now.Add(w.config.Interval)
		if err := w.run(ctx, set, r, p); err != nil {
			if ctx.Err() != nil || stream.IsFatal(err) {
				return err
			}
			failed = append(failed, fmt.Errorf("rule %s: %w", r.ID, err))
		}
		w.deps.Metrics.stands(r.ID, w.rules[r.ID], w.config.Now())
	}
	if err := errors.Join(failed...); err != nil {
		w.log.Warn().Err(err).Msg("rules over time failed, and are run again")
	}
	return nil
}

// mine are the rules of this partition.
func (w *worker) mine(set *sigma.Set) (list []*sigma.Rule) {
	now := map[string]bool{}
	for _, r := range set.OverTime() {
		if partitionOf(r.ID, w.of) == w.assigned.Partition {
			list = append(list, r)
			now[r.ID] = true
		}
	}
	for rule := range w.watched {
		if !now[rule] {
			w.deps.Metrics.forget(rule)
		}
	}
	w.watched = now
	return list
}

// Close takes this worker's rules out of the metrics.
func (w *worker) Close() {
	for rule := range w.watched {
		w.deps.Metrics.forget(rule)
	}
}

// publish makes a run durable, and memory follows.
func (w *worker) publish(ctx context.Context, run schema.CorrelationRun) error {
	run.ID = fmt.Sprintf("%s-%d-%s", run.Rule, run.Sequence, run.Status)
	value, err := json.Marshal(run)
	if err != nil {
		return fmt.Errorf("write a run of rule %s: %w", run.Rule, err)
	}
	err = w.deps.Publisher.Publish(ctx, stream.Message{Topic: w.config.Topic, Partition: w.assigned.Partition, Key: []byte(keyOf(run.Rule, w.epoch)), Value: value})
	if err != nil {
		return fmt.Errorf("publish a run of rule %s: %w", run.Rule, err)
	}
	if former := w.older[run.Rule]; len(former) > 0 { // what owners before wrote is not needed any more
		if err := w.deps.Publisher.Publish(ctx, former...); err == nil {
			delete(w.older, run.Rule)
		}
	}
	s := standingOf(run)
	if before := w.rules[run.Rule]; before != nil {
		s.current = before.current
	}
	w.rules[run.Rule] = &s
	w.deps.Metrics.ran(&run)
	return nil
}
