package stream

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// WorkerConfig configures an at-least-once consumer.
type WorkerConfig struct {
	GroupConfig
	NewWorker NewWorker
	Tick      time.Duration // between calls of Worker.Tick; default 1 s
}

// commitEvery is how long an offset may wait to be committed: what a crash
// makes the next owner handle again.
const commitEvery = 200 * time.Millisecond

// Consume hands the records of topics to workers, at least once. It returns
// nil when ctx has ended, or a fatal error.
func (k *Kafka) Consume(ctx context.Context, cfg WorkerConfig) error {
	if cfg.Tick == 0 {
		cfg.Tick = time.Second
	}
	return k.runGroup(ctx, cfg.GroupConfig, func(ctx context.Context, s session) error {
		return k.consumeGeneration(ctx, cfg, s)
	})
}

func (k *Kafka) consumeGeneration(ctx context.Context, cfg WorkerConfig, s session) error {
	ids, err := again(ctx, cfg.GroupConfig, func(ctx context.Context) (map[string]TopicID, error) { return k.topicIDs(ctx, s.assigned) })
	if err != nil {
		return err
	}
	offsets, err := again(ctx, cfg.GroupConfig, func(ctx context.Context) (map[Assigned]committed, error) {
		return k.fetchCommitted(ctx, s.group, s.assigned)
	})
	if err != nil {
		return err
	}
	bounds, err := again(ctx, cfg.GroupConfig, func(ctx context.Context) (map[Assigned]Bounds, error) {
		return k.allBounds(ctx, s.assigned)
	})
	if err != nil {
		return err
	}
	fetcher := newFetcher(k, ids, cfg.Log)
	var tracks []*track
	for _, a := range s.assigned {
		from := offsets[a].offset
		switch b := bounds[a]; {
		case from < 0:
			from = b.First
		case from > b.End:
			return beyondEnd(a, from, b)
		}
		tracks = append(tracks, &track{cfg: cfg, kafka: k, assigned: a, fetcher: fetcher, cursor: fetcher.add(a, from), done: from, committed: from})
	}
	tasks, running := errgroup.WithContext(ctx)
	background, stop := context.WithCancel(running)
	defer stop()
	tasks.Go(func() error { return guard(func() error { return fetcher.run(background) }) })
	tasks.Go(func() error { return guard(func() error { return k.commitTracks(background, s, tracks) }) })
	tasks.Go(func() error {
		defer stop()
		work, ctx := errgroup.WithContext(running)
		for _, t := range tracks {
			work.Go(func() error { return guard(func() error { return t.run(ctx, s.stopping) }) })
		}
		return work.Wait()
	})
	err = tasks.Wait()
	if cause := context.Cause(ctx); cause != nil && !IsFatal(err) {
		err = cause
	}
	return err
}

// commitTracks commits what the workers have done, now and then and at last.
func (k *Kafka) commitTracks(ctx context.Context, s session, tracks []*track) error {
	every := time.NewTicker(commitEvery)
	defer every.Stop()
	for {
		last := false
		select {
		case <-ctx.Done():
			last = true
		case <-every.C:
		}
		for _, t := range tracks {
			done, changed := t.due()
			if !changed {
				continue
			}
			// The last commit has its own time-out; in a generation that has
			// ended it is refused, and the records are handled again.
			err := k.commit(context.WithoutCancel(ctx), s.membership, t.assigned.Topic, t.assigned.Partition, committed{offset: done, metadata: Announcement{}.String()})
			if err != nil {
				if last {
					return nil
				}
				return err
			}
		}
		if last {
			return nil
		}
	}
}

// track is one partition of an at-least-once consumer in one generation.
type track struct {
	cfg      WorkerConfig
	kafka    *Kafka
	assigned Assigned
	fetcher  *fetcher
	cursor   *cursor

	mu        sync.Mutex
	done      int64 // offset behind what the worker has made durable
	committed int64 // belongs to commitTracks
}

// due returns the offset to commit, and whether it is a new one.
func (t *track) due() (int64, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	changed := t.done != t.committed
	t.committed = t.done
	return t.done, changed
}

func (t *track) run(ctx context.Context, stopping <-chan struct{}) error {
	worker := t.cfg.NewWorker(t.assigned)
	defer worker.Close()
	log := t.cfg.Log.With().Str("topic", t.assigned.Name).Int32("partition", t.assigned.Partition).Logger()
	try := func(doing string, do func(context.Context) error) error {
		tell := func(err error) { log.Warn().Err(err).Msg("cannot " + doing + ", trying again") }
		return Retry(ctx, tell, func(ctx context.Context) error { return do(ctx) })
	}
	if err := try("restore state", worker.Restore); err != nil {
		return err
	}
	tick := time.NewTicker(t.cfg.Tick)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-stopping:
			return nil
		case now := <-tick.C:
			if err := try("do what is due", func(ctx context.Context) error { return worker.Tick(ctx, now) }); err != nil {
				return err
			}
		case c := <-t.cursor.chunks:
			if c.gap > 0 {
				t.kafka.cfg.Metrics.gaps.WithLabelValues(t.assigned.Name).Add(float64(c.gap))
				log.Error().Int64("from", c.end-c.gap).Int64("to", c.end).Msg("retention removed records before they were read: they are lost")
			}
			if len(c.records) > 0 {
				if err := try("handle records", func(ctx context.Context) error { return worker.Handle(ctx, c.records) }); err != nil {
					return fmt.Errorf("handle %s/%d from offset %d: %w", t.assigned.Name, t.assigned.Partition, c.records[0].Offset, err)
				}
				t.kafka.cfg.Metrics.records.WithLabelValues(t.assigned.Name).Add(float64(len(c.records)))
			}
			t.mu.Lock()
			t.done = c.end
			t.mu.Unlock()
			t.fetcher.release(c)
		}
	}
}
