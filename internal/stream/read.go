package stream

import (
	"context"
	"fmt"
)

var _ Reader = (*Kafka)(nil)

// ReadAll implements Reader.
func (k *Kafka) ReadAll(ctx context.Context, topic string, partition int32, handle func(Record) error) error {
	all, err := k.Bounds(ctx, topic, partition)
	if err != nil {
		return err
	}
	bounds := all[partition]
	f := newFetcher(k, k.cfg.Log)
	c := f.add(Assigned{Topic: topic, Name: topic, Partition: partition}, bounds.First)
	f.refresh()
	for c.next < bounds.End {
		answer := f.fetch(ctx, 0, f.cursors)
		r := answer.results[0]
		if answer.err != nil {
			r.err = answer.err
		}
		if r.err != nil {
			return classify(fmt.Errorf("read %s/%d: %w", topic, partition, r.err), r.err)
		}
		for _, record := range r.chunk.records {
			if record.Offset >= bounds.End {
				break
			}
			if err := handle(record); err != nil {
				return fmt.Errorf("read %s/%d offset %d: %w", topic, partition, record.Offset, err)
			}
		}
		c.next = max(c.next, r.chunk.end)
		putArena(r.chunk.arena)
	}
	return nil
}
