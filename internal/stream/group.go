package stream

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/rs/zerolog"
	"github.com/segmentio/kafka-go"
)

// TopicName is a topic and the name it carries in rows, tokens and ids:
// "access-events#2" after it was deleted and made anew.
type TopicName struct{ Topic, Name string }

// Incarnated names the n-th life of a topic; the first is the topic itself.
func Incarnated(topic string, n int) TopicName {
	name := topic
	if n > 1 {
		name = fmt.Sprintf("%s#%d", topic, n)
	}
	return TopicName{Topic: topic, Name: name}
}

// GroupConfig is common to every consumer.
type GroupConfig struct {
	Group          string
	Topics         []TopicName
	SessionTimeout time.Duration // default 10 s
	Heartbeat      time.Duration // a rebalance is noticed within this; default 500 ms
	Grace          time.Duration // for what is on its way at shutdown; default 10 s
	Log            zerolog.Logger
	// Ready hears of every change: nil when the group has given this process
	// its share, otherwise what it waits for. May be nil.
	Ready func(error)
}

const (
	defaultHeartbeat      = 500 * time.Millisecond
	defaultSessionTimeout = 10 * time.Second
	defaultGrace          = 10 * time.Second
	partitionWatch        = 5 * time.Second
	// A generation that is over before calm has passed was a short one. After
	// shortMost of them in a row (a commit that fails each time, a topic that
	// is gone) joining again waits: each join interrupts the whole group.
	calm      = 5 * time.Second
	shortMost = 4
)

var errGenerationEnded = errors.New("the group is rebalancing")

// session is one generation of this process in a group.
type session struct {
	membership
	assigned []Assigned
	// stopping is closed when the process shuts down: finish what is on its
	// way and return. The context of the session ends some time later, and
	// at once when the generation ends.
	stopping <-chan struct{}
}

// runGroup joins the group and calls work for each generation, one at a time,
// until ctx ends (nil) or an error is fatal. When work returns another error,
// the generation is ended and the group joined again.
func (k *Kafka) runGroup(ctx context.Context, cfg GroupConfig, work func(context.Context, session) error) error {
	if cfg.SessionTimeout == 0 {
		cfg.SessionTimeout = defaultSessionTimeout
	}
	if cfg.Heartbeat == 0 {
		cfg.Heartbeat = defaultHeartbeat
	}
	if cfg.Grace == 0 {
		cfg.Grace = defaultGrace
	}
	if cfg.Ready == nil {
		cfg.Ready = func(error) {}
	}
	names := map[string]string{}
	var topics []string
	for _, t := range cfg.Topics {
		topics = append(topics, t.Topic)
		names[t.Topic] = t.Name
	}
	group, err := kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{
		ID: cfg.Group, Brokers: k.cfg.Brokers, Dialer: k.dialer, Topics: topics,
		HeartbeatInterval: cfg.Heartbeat, SessionTimeout: cfg.SessionTimeout, RebalanceTimeout: cfg.SessionTimeout + cfg.Grace,
		JoinGroupBackoff: cfg.Heartbeat, WatchPartitionChanges: true, PartitionWatchInterval: partitionWatch,
		GroupBalancers: []kafka.GroupBalancer{kafka.RoundRobinGroupBalancer{}},
	})
	if err != nil {
		return Fatal("join group %s: %w", cfg.Group, err)
	}
	defer group.Close()
	short := 0            // generations in a row that were over soon
	missed, said := 0, "" // generations in a row that could not be joined; why, as logged last
	for {
		generation, err := group.Next(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			err = classify(fmt.Errorf("join group %s: %w", cfg.Group, err), err)
			if IsFatal(err) {
				return err
			}
			cfg.Ready(err)
			if missed++; missed > 2 && err.Error() != said { // once, not at every try
				said = err.Error()
				cfg.Log.Warn().Err(err).Msg("not in the group, trying again")
			}
			continue
		}
		missed, said = 0, ""
		k.cfg.Metrics.generations.WithLabelValues(cfg.Group).Inc()
		cfg.Ready(nil)
		began := time.Now()
		if err := runGeneration(ctx, cfg, generation, names, work); err != nil {
			return err
		}
		if short++; time.Since(began) > calm {
			short = 0
		}
		if short > shortMost {
			if wait(ctx, backoff(min(short-shortMost, shortMost))) != nil {
				return nil
			}
		}
	}
}

// runGeneration returns when the generation has ended; an error is fatal.
func runGeneration(ctx context.Context, cfg GroupConfig, generation *kafka.Generation, names map[string]string, work func(context.Context, session) error) error {
	s := session{
		membership: membership{group: generation.GroupID, member: generation.MemberID, generation: generation.ID},
		stopping:   ctx.Done(),
	}
	for topic, partitions := range generation.Assignments {
		for _, p := range partitions {
			s.assigned = append(s.assigned, Assigned{Topic: topic, Name: names[topic], Partition: int32(p.ID), Generation: generation.ID})
		}
	}
	done := make(chan error, 1)
	generation.Start(func(ended context.Context) {
		run, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
		defer cancel(nil)
		stop := context.AfterFunc(ended, func() { cancel(errGenerationEnded) })
		defer stop()
		grace := context.AfterFunc(ctx, func() {
			timer := time.AfterFunc(cfg.Grace, func() { cancel(context.Canceled) })
			context.AfterFunc(run, func() { timer.Stop() })
		})
		defer grace()
		cfg.Log.Info().Str("group", s.group).Int32("generation", s.generation).Int("partitions", len(s.assigned)).Msg("joined")
		done <- guard(func() error {
			if len(s.assigned) == 0 {
				return s.idle(run) // returning at once would end the generation for everybody
			}
			return work(run, s)
		})
	})
	err := <-done
	switch {
	case err == nil, errors.Is(err, errGenerationEnded), errors.Is(err, errRewound), ctx.Err() != nil && !IsFatal(err):
		return nil
	case IsFatal(err):
		return err
	default:
		cfg.Log.Warn().Err(err).Str("group", s.group).Msg("generation ended by an error, joining again")
		return nil
	}
}

// idle waits for the end of a generation that gave this process nothing to do.
func (s session) idle(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-s.stopping:
		return nil
	}
}

// guard turns a panic into a fatal error: no panic leaves a goroutine.
func guard(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			// The panic's own value may hold a record's bytes: only where it
			// happened is told.
			err = Fatal("internal error (panic of type %T), please report it:\n%s", p, debug.Stack())
		}
	}()
	return do()
}
