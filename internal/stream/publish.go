package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
)

// maxMessageBytes is the largest message we publish: a dead letter wraps a
// record of the source topic's maximum size, with headers.
const maxMessageBytes = 8 << 20

// KafkaPublisher is the Publisher of a cluster. Safe for concurrent use.
type KafkaPublisher struct {
	writer  *kafka.Writer
	metrics *Metrics
}

// Publisher makes a publisher that waits for all in-sync replicas. Close it.
func (k *Kafka) Publisher() *KafkaPublisher {
	return &KafkaPublisher{
		metrics: k.cfg.Metrics,
		writer: &kafka.Writer{
			Addr: k.client.Addr, Transport: k.client.Transport, Balancer: balancer{}, RequiredAcks: kafka.RequireAll,
			MaxAttempts: 1, // retried here, message by message, with what went wrong counted
			BatchBytes:  maxMessageBytes, BatchSize: 10_000,
			// An alert waits at most this long for company.
			BatchTimeout: time.Millisecond,
			WriteTimeout: k.cfg.RequestTimeout, ReadTimeout: k.cfg.RequestTimeout,
			Compression: kafka.Lz4,
		},
	}
}

// Close waits for what is on its way.
func (p *KafkaPublisher) Close() error { return p.writer.Close() }

// Publish implements Publisher.
func (p *KafkaPublisher) Publish(ctx context.Context, messages ...Message) error {
	pending := make([]kafka.Message, len(messages))
	for i, m := range messages {
		pending[i] = kafka.Message{Topic: m.Topic, Key: m.Key, Value: m.Value, Time: m.Time, WriterData: m.Partition}
		for _, h := range m.Headers {
			pending[i].Headers = append(pending[i].Headers, kafka.Header{Key: h.Key, Value: h.Value})
		}
	}
	for attempt := 0; ; attempt++ {
		err := p.writer.WriteMessages(ctx, pending...)
		if err == nil {
			return nil
		}
		p.metrics.publishFailures.Inc()
		var each kafka.WriteErrors
		if errors.As(err, &each) {
			pending = failed(pending, each)
			err = first(each)
		}
		if errors.Is(err, kafka.InvalidTimestamp) {
			return Fatal("publish to kafka: %w: the topic takes no records of that time; see message.timestamp.before.max.ms and message.timestamp.after.max.ms of the topics that Watchglass writes", err)
		}
		if errors.Is(err, kafka.MessageSizeTooLarge) {
			return Fatal("publish to kafka: %w: raise max.message.bytes of the topics that Watchglass writes, see docs/operations.md", err)
		}
		if err := classify(err, err); IsFatal(err) {
			return err
		}
		if err := wait(ctx, backoff(attempt)); err != nil {
			return fmt.Errorf("publish to kafka: %w", err)
		}
	}
}

func failed(messages []kafka.Message, errs kafka.WriteErrors) []kafka.Message {
	var rest []kafka.Message
	for i, err := range errs {
		if err != nil {
			rest = append(rest, messages[i])
		}
	}
	return rest
}

func first(errs kafka.WriteErrors) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// balancer sends a message to the partition it names, else where Kafka's own
// clients would send its key.
type balancer struct{}

func (balancer) Balance(m kafka.Message, partitions ...int) int {
	if p, ok := m.WriterData.(int32); ok && p != AnyPartition {
		return int(p)
	}
	return kafka.Murmur2Balancer{}.Balance(m, partitions...)
}
