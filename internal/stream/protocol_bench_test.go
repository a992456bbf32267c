package stream

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"github.com/watchglass/watchglass/internal/embedded"
	"github.com/watchglass/watchglass/internal/generate"
	"github.com/watchglass/watchglass/internal/source"
	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/schema"
	"github.com/watchglass/watchglass/test/engines"
)

const benchPartitions = 6

// BenchmarkProtocol stores the same events from a real Kafka in a real
// ClickHouse, with the protocol and without: the plain worker inserts and then
// commits, announces nothing, asks nothing and keeps no ledger. An operation is
// one event.
//
//	go test ./internal/stream -run '^$' -bench Protocol -benchtime 1000000x -count 5
func BenchmarkProtocol(b *testing.B) {
	brokers := engines.OwnKafka(b, 1).Addrs()
	server := engines.OwnClickHouse(b, embedded.ClickHouseConfig{}).Native()
	k := Open(KafkaConfig{Brokers: brokers, Log: zerolog.Nop(), Metrics: NewMetrics(prometheus.NewRegistry())})
	defer k.Close()
	topics := map[int]string{} // by how many events
	filled := func(b *testing.B) string {
		topic, ok := topics[b.N]
		if !ok {
			topic = engines.Name(b)
			topics[b.N] = topic
			fill(b, k, topic, brokers)
		}
		return topic
	}
	for name, work := range map[string]func(*Kafka, context.Context, StoreConfig) error{"exact": (*Kafka).Store, "plain": (*Kafka).plain} {
		b.Run(name, func(b *testing.B) {
			topic, t := filled(b), newBenchTable(b, server)
			publisher := k.Publisher()
			defer publisher.Close()
			cfg := StoreConfig{
				GroupConfig: GroupConfig{Group: t.database, Topics: []TopicName{{Topic: topic, Name: topic}}, Log: zerolog.Nop()},
				Target:      t, NewBuilder: t.builder, Publisher: publisher, DeadTopic: topic + "-dead", LedgerTopic: topic + "-ledger",
				RunAhead: true, Budget: NewBudget(64<<20, k.cfg.Metrics), MaxRows: 65_536, MaxAge: time.Second, InsertsPerSecond: 5,
			}
			ctx, cancel := context.WithCancel(b.Context())
			done := make(chan error, 1)
			b.ResetTimer()
			before := cpu(b)
			go func() { done <- work(k, ctx, cfg) }()
			for t.count(b) < uint64(b.N) {
				wait := time.NewTimer(20 * time.Millisecond)
				<-wait.C
			}
			b.StopTimer()
			b.ReportMetric(float64((cpu(b)-before).Nanoseconds())/float64(b.N), "cpu-ns/op")
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
			cancel()
			if err := <-done; err != nil {
				b.Fatal(err)
			}
		})
	}
}

// fill makes a topic of b.N events, and those that go with it.
func fill(b *testing.B, k *Kafka, topic string, brokers []string) {
	specs := []TopicSpec{{Name: topic, Partitions: benchPartitions, Replication: 1}}
	for _, own := range []string{"-dead", "-alerts", "-ledger"} {
		specs = append(specs, TopicSpec{Name: topic + own, Partitions: 3, Replication: 1})
	}
	if err := k.EnsureTopics(b.Context(), true, specs...); err != nil {
		b.Fatal(err)
	}
	g, err := generate.New(generate.Options{Seed: 7, Count: b.N, Start: time.Now().Add(-24 * time.Hour)})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := generate.Produce(b.Context(), generate.Target{Brokers: brokers, Topic: topic}, g); err != nil {
		b.Fatal(err)
	}
}

// cpu is what this process has used.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// plain is a worker that commits after it has inserted, and does nothing else
// about what may fail.
func (k *Kafka) plain(ctx context.Context, cfg StoreConfig) error {
	return k.runGroup(ctx, cfg.GroupConfig, func(ctx context.Context, s session) error {
		cfg := cfg
		cfg.MaxAge = cfg.age(benchPartitions)
		bounds, err := k.allBounds(ctx, s.assigned)
		if err != nil {
			return err
		}
		f := newFetcher(k, nil, cfg.Log)
		tasks, ctx := errgroup.WithContext(ctx)
		tasks.Go(func() error { return f.run(ctx) })
		for _, a := range s.assigned {
			c := f.add(a, bounds[a].First)
			tasks.Go(func() error { return k.plainLane(ctx, cfg, s, f, c) })
		}
		return tasks.Wait()
	})
}

func (k *Kafka) plainLane(ctx context.Context, cfg StoreConfig, s session, f *fetcher, c *cursor) error {
	builder := cfg.NewBuilder(c.Assigned)
	next, size, inserting := int64(0), 0, make(chan error, 1)
	inserting <- nil
	seal := func() error {
		if err := <-inserting; err != nil {
			return err
		}
		batch, to, given := builder.Seal(), next, size
		size = 0
		go func() {
			err := batch.Insert(ctx, fmt.Sprint(c.Name, c.Partition, to), time.Now())
			batch.Release()
			cfg.Budget.add(-int64(given))
			if err == nil {
				err = k.commit(ctx, s.membership, c.Topic, c.Partition, committed{offset: to, metadata: "-"})
			}
			inserting <- err
		}()
		return nil
	}
	ripe := time.NewTicker(cfg.MaxAge)
	defer ripe.Stop()
	for {
		chunks, room := c.chunks, cfg.Budget.spent()
		if room != nil {
			chunks = nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-room:
		case <-ripe.C:
			if rows, _ := builder.Size(); rows > 0 {
				if err := seal(); err != nil {
					return err
				}
			}
		case got := <-chunks:
			for _, r := range got.records {
				if _, err := builder.Add(r, Want{Row: true, Alert: true}); err != nil {
					return err
				}
			}
			next = got.end
			f.release(got)
			rows, bytes := builder.Size()
			cfg.Budget.add(int64(bytes - size))
			size = bytes
			if rows >= cfg.MaxRows || cfg.Budget.tight() && len(inserting) > 0 {
				if err := seal(); err != nil {
					return err
				}
			}
		}
	}
}

// benchTable is the product's own table, decoder and writer, without policy
// and rules.
type benchTable struct {
	database string
	db       *store.DB
	writer   *store.Writer
}

func newBenchTable(b *testing.B, server string) *benchTable {
	cfg := store.Config{Addr: []string{server}, Database: engines.Name(b)}
	db, err := store.Open(b.Context(), cfg)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = db.Conn().Exec(context.WithoutCancel(b.Context()), "DROP DATABASE IF EXISTS "+cfg.Database+" SYNC")
		_ = db.Close()
	})
	if err := db.Migrate(b.Context(), store.Retention{}); err != nil {
		b.Fatal(err)
	}
	writer, err := store.NewWriter(store.WriterConfig{Config: cfg})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(writer.Close)
	return &benchTable{cfg.Database, db, writer}
}

func (t *benchTable) count(b *testing.B) (n uint64) {
	if err := t.db.Conn().QueryRow(b.Context(), "SELECT count() FROM "+t.db.Name(store.EventsTable)).Scan(&n); err != nil {
		b.Fatal(err)
	}
	return n
}

func (t *benchTable) Held(ctx context.Context, name string, partition int32, from int64) ([]Range, error) {
	held, err := t.db.Held(ctx, store.EventsTable, name, partition, from)
	ranges := make([]Range, len(held))
	for i, r := range held {
		ranges[i] = Range{r.From, r.To + 1}
	}
	return ranges, err
}

func (t *benchTable) builder(a Assigned) Builder {
	decoder, err := source.New(source.JSON, source.Config{MaxAge: 400 * 24 * time.Hour, MaxAhead: time.Hour})
	if err != nil {
		panic(err)
	}
	return &benchBuilder{table: t, decoder: decoder, block: store.NewBlock()}
}

type benchBuilder struct {
	table   *benchTable
	decoder source.Decoder
	event   schema.AccessEvent
	block   *store.Block
}

func (b *benchBuilder) Add(r Record, want Want) (Added, error) {
	if err := b.decoder.Decode(r.Value, r.Time, &b.event); err != nil {
		return Added{}, err
	}
	if want.Row {
		b.block.Append(&b.event, schema.Position{Topic: r.Topic, Partition: r.Partition, Offset: r.Offset}, r.Time, source.JSON, "")
	}
	return Added{Time: b.event.Time}, nil
}

func (b *benchBuilder) Gap(Range) ([]Message, error) { return nil, nil }
func (b *benchBuilder) Size() (rows, bytes int)      { return b.block.Rows(), b.block.Bytes() }
func (b *benchBuilder) Seal() Batch {
	sealed := benchBatch{b.table, b.block}
	b.block = store.NewBlock()
	return sealed
}

type benchBatch struct {
	table *benchTable
	block *store.Block
}

func (b benchBatch) Insert(ctx context.Context, token string, asked time.Time) error {
	return b.table.writer.Insert(ctx, b.block, token, asked)
}
func (b benchBatch) Release() {}
