// Package correlate runs rules over time, as SQL over the stored events.
//
// The rules are shared out by the partitions of a small topic, `correlations`, which
// also keeps where each rule stands: its runs, keyed by rule. A run takes in the rows
// between two sets of offsets, and works in this order:
//
//  1. Which offsets has the group of the access consumer committed? All rows below
//     them are stored. Rows from where the last run ended up to there are new.
//  2. What does the rule find in all rows below, in the groups that got new ones?
//     Less what it finds without the new rows: that is known already.
//  3. If there is something: the run is announced, then its alerts are published.
//  4. The run is published. The next one begins at its end.
//
// A crash before 4 leaves a run that whoever comes next repeats: exactly it, if it
// was announced, since rows below an offset do not change. So a run may be
// repeated, and is never skipped; an alert's id is that of its rule, group and
// bucket of time, the same whoever runs it and however often.
//
// What more rows could undo ("fewer than", averages, absence) is judged once, when
// every partition has passed the end of a window by a stated lateness.
package correlate

import (
	"context"
	"errors"
	"time"

	"github.com/rs/zerolog"

	"github.com/watchglass/watchglass/internal/sigma"
	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/internal/stream"
	"github.com/watchglass/watchglass/schema"
)

// Rules gives the rules in force.
type Rules interface {
	Set() *sigma.Set
}

// Progress tells how far the access events are stored.
type Progress interface {
	// Standings gives what a group has committed for each partition of a topic, and
	// what the log has.
	Standings(ctx context.Context, group string, topic stream.TopicName) ([]stream.Standing, error)
}

// Table answers questions about the stored events.
type Table interface {
	Name(table string) string
	Touched(ctx context.Context, query string, b store.Bounds, cost *store.Cost) (store.Touched, error)
	OverTime(ctx context.Context, query string, b store.Bounds, cost *store.Cost) ([]store.OverTime, error)
	Texts(ctx context.Context, places []schema.Position, from, to time.Time, fields []schema.Field, b store.Bounds, cost *store.Cost) ([]store.EventText, error)
	Sightings(ctx context.Context, query string, b store.Bounds, cost *store.Cost) ([]store.Sighting, error)
	LastTime(ctx context.Context, topic string, partition int32, below int64) (time.Time, error)
}

// Config of the consumer.
type Config struct {
	Topic       string             // correlations
	Alerts      string             // topic of alerts
	AccessGroup string             // group of the access consumer
	Topics      []stream.TopicName // of access events
	Interval    time.Duration      // between runs of a rule
	Lateness    time.Duration      // after which windows are judged that more rows could undo
	Backfill    time.Duration      // how far a rule that is new or has changed looks back
	FillAlerts  bool               // and whether it alerts of what it finds there
	Bounds      store.Bounds       // of each query
	Queries     int                // at a time, in this process
	Checked     <-chan struct{}    // closed when ClickHouse was found fit
	Now         func() time.Time   // nil: time.Now
}

// Deps are what the consumer works with. It owns none of them.
type Deps struct {
	Rules      Rules
	Progress   Progress
	Table      Table
	Partitions func(ctx context.Context, topic string) (int, error) // of the topic
	Publisher  stream.Publisher
	Reader     stream.Reader
	Metrics    *Metrics
	Log        zerolog.Logger
}

// Consumer makes the workers of all partitions.
type Consumer struct {
	config Config
	deps   Deps
	slots  chan struct{} // one for each query at a time
}

// New checks the configuration and starts nothing.
func New(config Config, deps Deps) (*Consumer, error) {
	if config.Topic == "" || config.Alerts == "" || config.AccessGroup == "" || len(config.Topics) == 0 {
		return nil, errors.New("correlate: a topic or group has no name")
	}
	if config.Interval <= 0 || config.Queries < 1 {
		return nil, errors.New("correlate: interval and queries are needed")
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	return &Consumer{config: config, deps: deps, slots: make(chan struct{}, config.Queries)}, nil
}

// Worker is the stream.NewWorker of this consumer.
func (c *Consumer) Worker(assigned stream.Assigned) stream.Worker {
	return &worker{
		Consumer: c, assigned: assigned,
		log: c.deps.Log.With().Str("consumer", "correlate").Int32("partition", assigned.Partition).Logger(),
	}
}
