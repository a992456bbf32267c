// Package access is the way of one event: a record of a topic of access events
// is decoded, enriched, matched against the rules, and becomes one row of
// access_events, exactly once, or one dead letter. What the rules match is
// published as alerts at once, without waiting for the row to be stored.
package access

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/watchglass/watchglass/consumers"
	"github.com/watchglass/watchglass/internal/alert"
	"github.com/watchglass/watchglass/internal/source"
	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/internal/stream"
	"github.com/watchglass/watchglass/schema"
)

// Enricher completes an event. One belongs to one partition; it follows
// reloads of the policy by itself.
type Enricher interface {
	// Enrich fills ev.Enrichment, all of it.
	Enrich(ev *schema.AccessEvent)
}

// Matcher finds the rules that an event matches. One belongs to one partition;
// it follows reloads of the rules by itself.
type Matcher interface {
	// Match returns the rules in ascending order of their ids. The slice is
	// valid until the next call.
	Match(ev *schema.AccessEvent) []Match
}

// Match is a rule that matched, and how to make its alert; nil for a rule on
// trial, which is only noted in the row.
type Match struct {
	ID      string
	Version string // hash of what the rule was made of
	Alert   *alert.Rule
}

// Topic is one topic of access events.
type Topic struct {
	stream.TopicName
	Format string // of source.Formats
}

// Config of the consumer. Everything is needed.
type Config struct {
	Group            stream.GroupConfig // Topics are filled in from Topics
	Topics           []Topic
	Source           source.Config
	NewEnricher      func() Enricher
	NewMatcher       func(Topic) Matcher
	Writer           *store.Writer
	DB               *store.DB
	Checked          <-chan struct{} // closed when ClickHouse was found fit
	Publisher        stream.Publisher
	AlertsTopic      string
	DeadTopic        string
	LedgerTopic      string
	Budget           *stream.Budget
	MaxRows          int
	MaxAge           time.Duration
	InsertsPerSecond float64
	Metrics          prometheus.Registerer
}

// Consumer is made by New and works in Run.
type Consumer struct {
	cfg     Config
	kafka   *stream.Kafka
	metrics *metrics
	topics  map[string]Topic // by incarnated name
	blocks  sync.Pool
}

// New checks the configuration and starts nothing.
func New(kafka *stream.Kafka, cfg Config) (*Consumer, error) {
	c := &Consumer{cfg: cfg, kafka: kafka, metrics: newMetrics(cfg.Metrics), topics: map[string]Topic{}}
	c.blocks.New = func() any { return store.NewBlock() }
	for _, t := range cfg.Topics {
		if _, err := source.New(t.Format, cfg.Source); err != nil {
			return nil, stream.Fatal("kafka.topics.access_events: topic %s: %w", t.Topic, err)
		}
		c.topics[t.Name] = t
		c.cfg.Group.Topics = append(c.cfg.Group.Topics, t.TopicName)
	}
	return c, nil
}

// Run consumes until ctx ends (nil) or an error is fatal.
func (c *Consumer) Run(ctx context.Context) error {
	return c.kafka.Store(ctx, stream.StoreConfig{
		GroupConfig: c.cfg.Group, Target: consumers.Events{Table: consumers.Table{DB: c.cfg.DB, Checked: c.cfg.Checked, Of: func(string) string { return store.EventsTable }}},
		NewBuilder: c.newBuilder, Publisher: c.cfg.Publisher,
		DeadTopic: c.cfg.DeadTopic, Budget: c.cfg.Budget, MaxRows: c.cfg.MaxRows, MaxAge: c.cfg.MaxAge,
		InsertsPerSecond: c.cfg.InsertsPerSecond, LedgerTopic: c.cfg.LedgerTopic, RunAhead: true,
	})
}

func (c *Consumer) newBuilder(a stream.Assigned) stream.Builder {
	topic := c.topics[a.Name]
	decoder, err := source.New(topic.Format, c.cfg.Source)
	if err != nil {
		panic("access: " + err.Error()) // New has made one like it
	}
	return &builder{
		cfg: &c.cfg, assigned: a, format: topic.Format, decoder: decoder, enrich: c.cfg.NewEnricher(), match: c.cfg.NewMatcher(topic),
		metrics: c.metrics.lane(a.Name), block: c.blocks.Get().(*store.Block), blocks: &c.blocks,
	}
}
