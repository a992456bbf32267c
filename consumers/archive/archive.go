// Package archive writes what Watchglass itself produces to ClickHouse: alerts,
// incident changes, deliveries, the ledger, runs of rules over time and dead letters, each topic to a table of its
// own, with the same exactness as access events. A topic may hold a message
// twice (its producers publish at least once); the tables' views show one, by
// id or source position.
package archive

import (
	"context"

	"github.com/watchglass/watchglass/consumers"
	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/internal/stream"
)

// Topics names the topics to archive.
type Topics struct{ Alerts, Incidents, Deliveries, Ledger, Correlations, Dead string }

// Config of the consumer. Everything is needed.
type Config struct {
	Stream stream.StoreConfig // Topics, Target and NewBuilder are filled in
	Topics Topics
	Writer *store.Writer
	DB     *store.DB
	// Checked is closed when ClickHouse was found fit.
	Checked <-chan struct{}
}

// Consumer is made by New and works in Run.
type Consumer struct {
	cfg   Config
	kafka *stream.Kafka
	kinds map[string]kind // by topic
}

// New starts nothing.
func New(kafka *stream.Kafka, cfg Config) *Consumer {
	c := &Consumer{cfg: cfg, kafka: kafka, kinds: kinds(cfg.Topics)}
	for _, topic := range []string{cfg.Topics.Alerts, cfg.Topics.Incidents, cfg.Topics.Deliveries, cfg.Topics.Ledger, cfg.Topics.Correlations, cfg.Topics.Dead} {
		c.cfg.Stream.Topics = append(c.cfg.Stream.Topics, stream.Incarnated(topic, 1))
	}
	c.cfg.Stream.Target = consumers.Table{DB: cfg.DB, Checked: cfg.Checked, Of: func(topic string) string { return c.kinds[topic].table }}
	c.cfg.Stream.NewBuilder = func(a stream.Assigned) stream.Builder {
		k := c.kinds[a.Topic]
		return &builder{writer: cfg.Writer, kind: k, rows: k.new()}
	}
	return c
}

// Run consumes until ctx ends (nil) or an error is fatal.
func (c *Consumer) Run(ctx context.Context) error { return c.kafka.Store(ctx, c.cfg.Stream) }
