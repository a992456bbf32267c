// Package incident gathers alerts into incidents: topic `alerts` in, topics
// `incidents` (each change, for the record) and `notifications` (what leaves)
// out.
//
// One worker has one partition of `alerts`, and the state of its incidents in
// the same partition of the compacted topic `incident-state`. What to do is
// decided by internal/alert; this package makes it durable, in this order:
//
//  1. the new states, each holding what it still has to publish as pending
//  2. the changes and notifications
//  3. the states without pending, along with the next states or at the next tick
//
// A crash after 1 leaves the pending for whoever restores the state, to be
// published with the same ids; a crash before 1 leaves alerts that are read
// again; a crash before 3 publishes some notifications twice, with the same id.
// An alert that is read again is recognised (alert.Seen) and dropped. So every
// alert counts in exactly one incident, and a notification is never lost.
//
// State is keyed by incident and epoch. An epoch is higher than that of any
// owner before, so a paused owner that wakes up writes under a key that loses:
// the highest epoch wins when state is restored, and the others are deleted.
package incident

import (
	"errors"
	"time"

	"github.com/rs/zerolog"

	"github.com/watchglass/watchglass/internal/alert"
	"github.com/watchglass/watchglass/internal/stream"
)

const (
	// DefaultGrace is how long restored incidents are not resolved: long
	// enough to catch up with the alerts that arrived meanwhile.
	DefaultGrace = time.Minute
	// maxTickDecisions bounds the work of one tick; the rest waits for the next.
	maxTickDecisions = 10_000
)

// Config names the topics and holds the settings of the decisions.
type Config struct {
	State         string // compacted; as many partitions as the topic of alerts
	Incidents     string
	Notifications string
	Dead          string
	Settings      alert.Settings
	Grace         time.Duration    // 0: DefaultGrace
	Now           func() time.Time // nil: time.Now
}

// Deps are what the consumer works with. It owns none of them.
type Deps struct {
	Publisher stream.Publisher
	Reader    stream.Reader
	Metrics   *Metrics
	Log       zerolog.Logger
}

// Consumer makes the workers of all partitions.
type Consumer struct {
	config Config
	deps   Deps
}

// New checks the configuration and starts nothing.
func New(config Config, deps Deps) (*Consumer, error) {
	if config.State == "" || config.Incidents == "" || config.Notifications == "" || config.Dead == "" {
		return nil, errors.New("incidents: a topic has no name")
	}
	if deps.Publisher == nil || deps.Reader == nil || deps.Metrics == nil {
		return nil, errors.New("incidents: publisher, reader and metrics are needed")
	}
	if err := config.Settings.Validate(); err != nil {
		return nil, err
	}
	if config.Grace <= 0 {
		config.Grace = DefaultGrace
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	return &Consumer{config: config, deps: deps}, nil
}

// Worker is the stream.NewWorker of this consumer.
func (c *Consumer) Worker(assigned stream.Assigned) stream.Worker {
	return &worker{
		config: &c.config, deps: &c.deps, assigned: assigned,
		log: c.deps.Log.With().Str("consumer", "incident").Str("topic", assigned.Topic).Int32("partition", assigned.Partition).Logger(),
	}
}
