package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
)

// Builder turns the records of one partition into rows, for one generation.
// All calls come from one goroutine.
type Builder interface {
	// Add works on one record: it appends a row to the batch under
	// construction, unless held says that the row is stored already, and
	// returns what is to be published because of the record. Whether a record
	// becomes a row MUST depend on nothing but the record. A *PoisonError
	// sends the record to the dead letters; any other error is fatal.
	Add(record Record, held bool) ([]Message, error)
	// Size of the batch under construction.
	Size() (rows, bytes int)
	// Seal hands over the batch under construction and begins a new one.
	Seal() Batch
}

// Batch is a sealed range's rows.
type Batch interface {
	// Insert writes all rows as one block in one insert under this token and
	// MUST return nil only when the server has acknowledged it. It may be
	// called again, with the same token, after an error.
	Insert(ctx context.Context, token string) error
	// Release gives the memory back; the batch is not used afterwards.
	Release()
}

// Target is the table that a [StoreConfig] writes to.
type Target interface {
	// Held returns the offsets from `from` on that are stored, ascending: at
	// least every row whose insert was acknowledged before the call.
	Held(ctx context.Context, name string, partition int32, from int64) ([]Range, error)
}

// StoreConfig configures an exact consumer.
type StoreConfig struct {
	GroupConfig
	Target     Target
	NewBuilder func(Assigned) Builder
	Publisher  Publisher
	DeadTopic  string
	Budget     *Budget
	MaxRows    int           // rows of a range; MUST be below the server's max_insert_block_size
	MaxAge     time.Duration // of the oldest record of a range before it is sealed
	// InsertsPerSecond is what the whole fleet may send: with many
	// partitions, ages stretch to stay within it.
	InsertsPerSecond float64
}

// age is how long a range may wait for more records.
func (c StoreConfig) age(partitions int) time.Duration {
	if c.InsertsPerSecond <= 0 {
		return c.MaxAge
	}
	return max(c.MaxAge, time.Duration(float64(partitions)/c.InsertsPerSecond*float64(time.Second)))
}

// Store consumes topics exactly: each record becomes one row of the target or
// one dead letter. It returns nil when ctx has ended, after finishing or
// leaving what was announced, or a fatal error.
func (k *Kafka) Store(ctx context.Context, cfg StoreConfig) error {
	return k.runGroup(ctx, cfg.GroupConfig, func(ctx context.Context, s session) error {
		partitions, err := again(ctx, cfg.GroupConfig, k.Partitions)
		if err != nil {
			return err
		}
		total := 0
		for _, t := range cfg.Topics {
			total += partitions[t.Topic]
		}
		cfg := cfg
		cfg.MaxAge = cfg.age(total)
		return k.storeGeneration(ctx, cfg, s)
	})
}

func (k *Kafka) storeGeneration(ctx context.Context, cfg StoreConfig, s session) error {
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
	lanes := make([]*lane, len(s.assigned))
	asking, askCtx := errgroup.WithContext(ctx)
	asking.SetLimit(resumesAtOnce)
	for i, a := range s.assigned {
		asking.Go(func() error {
			return guard(func() (err error) {
				lanes[i], err = k.resume(askCtx, cfg, s, a, offsets[a], bounds[a])
				return err
			})
		})
	}
	if err := asking.Wait(); err != nil {
		return err
	}
	fetcher := newFetcher(k, cfg.Log)
	for _, l := range lanes {
		l.fetcher, l.cursor = fetcher, fetcher.add(l.assigned, l.resumption.From)
	}
	tasks, running := errgroup.WithContext(ctx)
	fetching, stopFetching := context.WithCancel(running)
	defer stopFetching()
	tasks.Go(func() error { return guard(func() error { return fetcher.run(fetching) }) })
	publishing, stopPublishing := context.WithCancel(running)
	defer stopPublishing()
	tasks.Go(func() error {
		work, ctx := errgroup.WithContext(running)
		for _, l := range lanes {
			tasks.Go(func() error { return guard(func() error { return l.outbox.run(publishing) }) })
			work.Go(func() error { return guard(func() error { return l.run(ctx, s.stopping) }) })
		}
		err := work.Wait()
		stopFetching()
		stopPublishing()
		return err
	})
	err = tasks.Wait()
	if cause := context.Cause(ctx); cause != nil && !IsFatal(err) {
		return cause
	}
	return err
}

// resumesAtOnce is how many partitions ask ClickHouse at the same time.
const resumesAtOnce = 8

// resume asks ClickHouse what it holds, and decides how a partition goes on.
func (k *Kafka) resume(ctx context.Context, cfg StoreConfig, s session, a Assigned, c committed, log Bounds) (*lane, error) {
	l := &lane{
		cfg: cfg, kafka: k, membership: s.membership, assigned: a,
		builder: cfg.NewBuilder(a), outbox: newOutbox(cfg.Publisher), insertDone: make(chan error, 1),
		log: cfg.Log.With().Str("topic", a.Name).Int32("partition", a.Partition).Int32("generation", s.generation).Logger(),
	}
	from := c.offset
	if from < 0 {
		from = log.First
	}
	var err error
	l.held, err = again(ctx, cfg.GroupConfig, func(ctx context.Context) ([]Range, error) {
		return cfg.Target.Held(ctx, a.Name, a.Partition, from)
	})
	if err != nil {
		return nil, fmt.Errorf("ask what is stored of %s/%d: %w", a.Name, a.Partition, err)
	}
	l.resumption, err = Resume(a, c.offset, c.metadata, log, l.held)
	if err != nil {
		return nil, err
	}
	if l.resumption.Reason == ResumeAnnounced {
		k.cfg.Metrics.recovered.WithLabelValues(a.Name).Inc()
	}
	l.log.Debug().Int64("from", l.resumption.From).Int64("sealed", l.resumption.Sealed).Str("reason", string(l.resumption.Reason)).Msg("resuming")
	l.from, l.next = l.resumption.From, l.resumption.From
	return l, nil
}

// errStopped ends a lane that has finished what it had to.
var errStopped = errors.New("stopped")
