package stream

import (
	"context"
	"fmt"

	"github.com/segmentio/kafka-go"
)

var _ Reader = (*Kafka)(nil)

// ReadAll implements Reader.
func (k *Kafka) ReadAll(ctx context.Context, topic string, partition int32, handle func(Record) error) error {
	all, err := k.Bounds(ctx, topic, partition)
	if err != nil {
		return err
	}
	return k.ReadSpan(ctx, Assigned{Topic: topic, Name: topic, Partition: partition}, Range{all[partition].First, all[partition].End}, handle)
}

// ReadSpan calls handle for each record of a span of one partition, in order:
// committed ones only, and no control records. It ends early where a
// transaction is still open: nothing behind that is certain. The whole span
// MUST be in the log. The record is valid during the call only.
func (k *Kafka) ReadSpan(ctx context.Context, a Assigned, span Range, handle func(Record) error) error {
	reading := func(err error) error {
		return classify(fmt.Errorf("read %s/%d: %w", a.Topic, a.Partition, err), err)
	}
	ids, err := k.TopicIDs(ctx, a.Topic)
	if err != nil {
		return reading(err)
	}
	f := newFetcher(k, ids, k.cfg.Log)
	c := f.add(a, span.From)
	f.refresh()
	for c.next < span.To {
		leaders, err := f.leaders(ctx, f.cursors)
		if err == nil && leaders[0] < 0 {
			err = kafka.LeaderNotAvailable
		}
		if err != nil {
			return reading(err)
		}
		answer := f.fetch(ctx, leaders[0], f.cursors)
		r := answer.results[0]
		if answer.err != nil {
			r.err = answer.err
		}
		if r.err != nil {
			return classify(fmt.Errorf("read %s/%d from offset %d: %w", a.Topic, a.Partition, c.next, r.err), r.err)
		}
		for _, record := range r.chunk.records {
			if record.Offset >= span.To {
				break
			}
			if err := handle(record); err != nil {
				return fmt.Errorf("read %s/%d offset %d: %w", a.Topic, a.Partition, record.Offset, err)
			}
		}
		if r.chunk.end <= c.next && c.next >= r.chunk.log {
			return nil
		}
		c.next = max(c.next, r.chunk.end)
	}
	return nil
}
