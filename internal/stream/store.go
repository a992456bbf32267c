package stream

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"
)

// Builder turns the records of one partition into rows, for one generation.
// All calls come from one goroutine.
type Builder interface {
	// Add works on one record. Whether a record becomes a row MUST depend on
	// nothing but the record. A *PoisonError sends the record to the dead
	// letters, ErrSkipped passes it over; any other error is fatal.
	Add(record Record, want Want) (Added, error)
	// Gap returns what is to be published because Kafka's retention removed
	// offsets before they were read. The same span MUST give the same ids.
	Gap(lost Range) ([]Message, error)
	// Size of the batch under construction.
	Size() (rows, bytes int)
	// Seal hands over the batch under construction and begins a new one.
	Seal() Batch
}

// Want says what is wanted of a record.
type Want struct {
	Row   bool // append a row; false: it is stored already, or cannot be now
	Alert bool // return alerts; false: they are published already
}

// Added is what became of a record.
type Added struct {
	Time   time.Time // the event's own: its row may be removed by retention once it is old
	Alerts []Message
}

// Batch is a sealed range's rows.
type Batch interface {
	// Insert writes all rows as one block in one insert under this token and
	// MUST return nil only when the server has acknowledged it. It may be
	// called again, with the same token, after an error. The server MUST
	// refuse the rows when they arrive long after asked, however the sender
	// was held up: by then their token may be forgotten.
	Insert(ctx context.Context, token string, asked time.Time) error
	// Release gives the memory back; the batch is not used afterwards.
	Release()
}

// Target is the table that a [StoreConfig] writes to.
type Target interface {
	// Held returns the offsets from `from` on that are stored, ascending: at
	// least every row whose insert was acknowledged before the call.
	Held(ctx context.Context, name string, partition int32, from int64) ([]Range, error)
}

// LifeTarget is a [Target] that remembers which topics its rows come from.
type LifeTarget interface {
	// Life returns the id that was entered first for a partition of an
	// incarnated name: that of the topic its rows come from; "" if there is none.
	Life(ctx context.Context, name string, partition int32) (string, error)
	// EnterLife enters one.
	EnterLife(ctx context.Context, name string, partition int32, id TopicID) error
}

// LedgerTarget is a [Target] that also keeps the ledger.
type LedgerTarget interface {
	// Accounted returns the first offset from `from` on that no entry of the
	// ledger accounts for.
	Accounted(ctx context.Context, name string, partition int32, from int64) (int64, error)
}

// ReplayTarget is a [Target] whose rows keep which dead letter they replay.
type ReplayTarget interface {
	// Replayed returns, for those origins that are stored under an offset
	// below before, the lowest such offset.
	Replayed(ctx context.Context, name string, partition int32, before int64, origins []string) (map[string]int64, error)
}

// StoreConfig configures an exact consumer.
type StoreConfig struct {
	GroupConfig
	Target     Target
	NewBuilder func(Assigned) Builder
	Publisher  Publisher
	DeadTopic  string
	// LedgerTopic is where each finished range is entered; "": nowhere.
	LedgerTopic string
	// RunAhead goes on matching while nothing can be stored.
	RunAhead bool
	Budget   *Budget
	MaxRows  int           // rows of a range; MUST be below the server's max_insert_block_size
	MaxAge   time.Duration // of the oldest record of a range before it is sealed
	// AskAgain is how old the answer about what is stored may be when a range
	// is tried again; default 10 min. This and the time after which the target
	// refuses a late insert MUST be shorter, together, than it remembers tokens.
	AskAgain time.Duration
	// InsertsPerSecond is what the whole fleet may send: with many
	// partitions, ages stretch to stay within it.
	InsertsPerSecond float64
}

const defaultAskAgain = 10 * time.Minute

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
		if cfg.AskAgain == 0 {
			cfg.AskAgain = defaultAskAgain
		}
		return k.storeGeneration(ctx, cfg, s)
	})
}

func (k *Kafka) storeGeneration(ctx context.Context, cfg StoreConfig, s session) error {
	// First: whatever else is asked, it is asked of these topics or of newer ones,
	// and of newer ones nothing can be fetched.
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
	reading, ahead := newFetcher(k, ids, cfg.Log), newFetcher(k, ids, cfg.Log)
	asking := make(chan struct{}, resumesAtOnce)
	lanes := make([]*lane, len(s.assigned))
	resumptions := make([]Resumption, len(s.assigned))
	for i, a := range s.assigned {
		if resumptions[i], err = Resume(a, offsets[a].offset, offsets[a].metadata, bounds[a]); err != nil {
			return err
		}
		lanes[i] = &lane{
			cfg: cfg, kafka: k, membership: s.membership, assigned: a, id: ids[a.Topic], metrics: k.cfg.Metrics.lane(a),
			log:     cfg.Log.With().Str("topic", a.Name).Int32("partition", a.Partition).Int32("generation", s.generation).Logger(),
			builder: cfg.NewBuilder(a), outbox: newOutbox(cfg.Publisher), fetcher: reading, ahead: ahead, asking: asking,
			copies: copies{first: map[string]int64{}}, inserted: make(chan error, 1),
		}
	}
	tasks, running := errgroup.WithContext(ctx)
	fetching, stopFetching := context.WithCancel(running)
	defer stopFetching()
	for _, f := range []*fetcher{reading, ahead} {
		tasks.Go(func() error { return guard(func() error { return f.run(fetching) }) })
	}
	publishing, stopPublishing := context.WithCancel(running)
	defer stopPublishing()
	tasks.Go(func() error {
		work, ctx := errgroup.WithContext(running)
		for i, l := range lanes {
			tasks.Go(func() error { return guard(func() error { return l.outbox.run(publishing) }) })
			work.Go(func() error {
				return guard(func() error { return l.run(ctx, s.stopping, resumptions[i], bounds[l.assigned]) })
			})
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
