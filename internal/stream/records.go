package stream

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// readPartition turns one partition of a fetch's answer into a chunk: control
// batches and aborted records are left out, offsets before the cursor too. What
// comes before a batch that cannot be read is in the chunk; the batch itself is
// the error of the next fetch, which begins with it.
func readPartition(c *cursor, p *kmsg.FetchResponseTopicPartition) result {
	if p.ErrorCode != 0 {
		return result{err: kafka.Error(p.ErrorCode)}
	}
	out := chunk{end: c.next, log: p.LastStableOffset}
	if out.log < 0 {
		out.log = p.HighWatermark
	}
	options := kgo.ProcessFetchPartitionOpts{Offset: c.next, IsolationLevel: kgo.ReadCommitted(), Topic: c.Name, Partition: c.Partition}
	read, next := kgo.ProcessFetchPartition(options, p, decompressor, nil)
	if err := read.Err; err != nil || next <= c.next && complete(p.RecordBatches) {
		if err == nil {
			err = errors.New("a batch holds fewer records than it says")
		}
		if next = c.next; len(read.Records) > 0 {
			next = read.Records[len(read.Records)-1].Offset + 1
		}
		if next <= c.next {
			return result{err: fmt.Errorf("the batch at offset %d is damaged: %w", c.next, err)}
		}
	}
	out.end = max(next, c.next)
	out.records = make([]Record, len(read.Records))
	for i, r := range read.Records {
		out.records[i] = Record{Topic: c.Name, Partition: c.Partition, Offset: r.Offset, Time: r.Timestamp.UTC(), Key: r.Key, Value: r.Value}
		for _, h := range r.Headers {
			out.records[i].Headers = append(out.records[i].Headers, Header{Key: h.Key, Value: h.Value})
		}
		out.bytes += len(r.Key) + len(r.Value)
	}
	return result{chunk: out}
}

var decompressor = kgo.DefaultDecompressor()

// complete tells whether an answer holds at least one batch to its end; brokers
// cut off the last one where their answer is full.
func complete(batches []byte) bool {
	const beforeLength, header = 8, 12
	return len(batches) >= header && len(batches)-header >= int(int32(binary.BigEndian.Uint32(batches[beforeLength:])))
}
