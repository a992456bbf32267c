// Package notify delivers notifications to one destination: topic
// `notifications` in, HTTP out, each attempt recorded in topic `deliveries`.
//
// Every destination has a consumer group of its own, so a slow or dead one
// delays nobody else, and its committed offsets are what it has taken: a
// restart forgets nothing. Within a batch, different incidents are delivered
// at the same time, and one incident's notifications one after the other.
//
// An offset is committed when the endpoint has the notification, or has
// refused it for good and it is a dead letter. Until then it is tried again,
// with back-off, for as long as the partition is ours. A crash between the
// endpoint's answer and the commit delivers again, with the same webhook-id.
package notify

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/rs/zerolog"

	"github.com/watchglass/watchglass/internal/stream"
	"github.com/watchglass/watchglass/internal/webhook"
)

// GroupPrefix and a destination's name are the name of its consumer group.
const GroupPrefix = "watchglass.notify."

// DefaultConcurrency is how many incidents of one partition are delivered at
// the same time.
const DefaultConcurrency = 8

// Sender makes one attempt. An answer that is a failure is no error; an error
// is ctx's, and nothing is known of the attempt then. It MUST be safe for
// concurrent use.
type Sender interface {
	Send(ctx context.Context, id string, body []byte) (webhook.Answer, error)
}

// Config names the destination and the topics.
type Config struct {
	Destination string // its configured name: metric label, and part of the group's name
	Deliveries  string
	Dead        string
	Concurrency int              // 0: DefaultConcurrency
	Now         func() time.Time // nil: time.Now
	Jitter      func() float64   // in [0,1); nil: random
}

// Deps are what the consumer works with. It owns none of them.
type Deps struct {
	Sender    Sender
	Publisher stream.Publisher
	Metrics   *Metrics // may be shared by the consumers of all destinations
	Log       zerolog.Logger
}

// Consumer makes the workers of all partitions for one destination.
type Consumer struct {
	config  Config
	deps    Deps
	metrics *destinationMetrics
}

// New checks the configuration and starts nothing.
func New(config Config, deps Deps) (*Consumer, error) {
	if config.Destination == "" {
		return nil, errors.New("notifications: the destination has no name")
	}
	if config.Deliveries == "" || config.Dead == "" {
		return nil, errors.New("notifications: a topic has no name")
	}
	if deps.Sender == nil || deps.Publisher == nil || deps.Metrics == nil {
		return nil, errors.New("notifications: sender, publisher and metrics are needed")
	}
	if config.Concurrency <= 0 {
		config.Concurrency = DefaultConcurrency
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Jitter == nil {
		config.Jitter = rand.Float64
	}
	return &Consumer{config: config, deps: deps, metrics: deps.Metrics.of(config.Destination)}, nil
}

// Group is the name of the destination's consumer group.
func (c *Consumer) Group() string { return GroupPrefix + c.config.Destination }

// Worker is the stream.NewWorker of this consumer.
func (c *Consumer) Worker(assigned stream.Assigned) stream.Worker {
	return &worker{
		config: &c.config, deps: &c.deps, metrics: c.metrics, assigned: assigned,
		settled: newRecent(recentNotifications),
		log: c.deps.Log.With().Str("consumer", "notify").Str("destination", c.config.Destination).
			Int32("partition", assigned.Partition).Logger(),
	}
}
