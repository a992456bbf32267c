package stream

import (
	"cmp"
	"errors"
	"io"
	"slices"
	"sync"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/fetch"
)

// arenas hold the keys and values of a chunk's records side by side.
var arenas = sync.Pool{New: func() any { return new(make([]byte, 0, 4096)) }}

// getArena returns an arena that is never nil: an empty value is a slice of
// it, and has to stay different from a null one.
func getArena() []byte { return (*arenas.Get().(*[]byte))[:0] }

func putArena(a []byte) {
	if a != nil {
		arenas.Put(&a)
	}
}

// readPartition turns one partition of a fetch's answer into a chunk: control
// batches and aborted records are left out, offsets before the cursor too.
func readPartition(c *cursor, p *fetch.ResponsePartition) result {
	if p.ErrorCode != 0 {
		return result{err: kafka.Error(p.ErrorCode)}
	}
	out := chunk{end: c.next, log: p.LastStableOffset}
	if out.log < 0 {
		out.log = p.HighWatermark
	}
	stream, ok := p.RecordSet.Records.(*protocol.RecordStream)
	if !ok || len(stream.Records) == 0 {
		return result{chunk: out}
	}
	reader := batchReader{chunk: &out, cursor: c, arena: getArena(), aborted: slices.Clone(p.AbortedTransactions), skipping: map[int64]bool{}}
	// The broker lists them in the order in which they ended.
	slices.SortFunc(reader.aborted, func(a, b fetch.ResponseTransaction) int { return cmp.Compare(a.FirstOffset, b.FirstOffset) })
	for _, batch := range stream.Records {
		if err := reader.read(batch); err != nil {
			putArena(reader.arena)
			return result{err: err}
		}
	}
	if out.end <= c.next {
		// Batches whose records compaction removed: nothing says where they
		// end, so step over them an offset at a time.
		out.end = c.next + 1
	}
	reader.finish()
	return result{chunk: out}
}

// batchReader copies the records of an answer's batches into one chunk.
type batchReader struct {
	chunk    *chunk
	cursor   *cursor
	arena    []byte
	spans    []span
	aborted  []fetch.ResponseTransaction // ascending by first offset
	skipping map[int64]bool              // producers whose open transaction was aborted
}

// span is where a record's key and value lie in the arena; -1 is null.
type span struct{ key, value, end int }

func (b *batchReader) read(batch protocol.RecordReader) error {
	switch batch := batch.(type) {
	case *protocol.ControlBatch:
		// Also here: the answer may begin with the marker of a transaction
		// whose records were in the answer before.
		b.abortedUpTo(batch.BaseOffset)
		for {
			control, err := batch.ReadControlRecord()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			b.chunk.end = max(b.chunk.end, control.Offset+1)
			delete(b.skipping, batch.ProducerID)
		}
	case *protocol.RecordBatch:
		b.abortedUpTo(batch.BaseOffset)
		return b.copy(batch, batch.Attributes.Transactional() && b.skipping[batch.ProducerID])
	default:
		return b.copy(batch, false)
	}
}

// abortedUpTo notes the aborted transactions that have begun by an offset.
func (b *batchReader) abortedUpTo(offset int64) {
	for len(b.aborted) > 0 && b.aborted[0].FirstOffset <= offset {
		b.skipping[b.aborted[0].ProducerID] = true
		b.aborted = b.aborted[1:]
	}
}

// copy appends the records of one batch, or only passes over them.
func (b *batchReader) copy(batch protocol.RecordReader, skip bool) error {
	for {
		record, err := batch.ReadRecord()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		use := !skip && record.Offset >= b.cursor.next
		s := span{key: -1, value: -1}
		if s.key, err = b.bytes(record.Key, use); err != nil {
			return err
		}
		if s.value, err = b.bytes(record.Value, use); err != nil {
			return err
		}
		b.chunk.end = max(b.chunk.end, record.Offset+1)
		if !use {
			continue
		}
		s.end = len(b.arena)
		b.spans = append(b.spans, s)
		r := Record{Topic: b.cursor.Name, Partition: b.cursor.Partition, Offset: record.Offset, Time: record.Time.UTC()}
		for _, h := range record.Headers {
			r.Headers = append(r.Headers, Header{Key: h.Key, Value: h.Value})
		}
		b.chunk.records = append(b.chunk.records, r)
	}
}

// bytes reads a key or a value into the arena and closes it; -1 for null.
func (b *batchReader) bytes(from protocol.Bytes, use bool) (int, error) {
	if from == nil {
		return -1, nil
	}
	defer from.Close()
	start := len(b.arena)
	if !use {
		return start, nil
	}
	n := from.Len()
	b.arena = append(b.arena, make([]byte, n)...)
	_, err := io.ReadFull(from, b.arena[start:])
	return start, err
}

// finish points the records at their bytes, now that the arena does not move.
func (b *batchReader) finish() {
	for i, s := range b.spans {
		r := &b.chunk.records[i]
		valueStart := s.value
		if valueStart < 0 {
			valueStart = s.end
		} else {
			r.Value = b.arena[valueStart:s.end:s.end]
		}
		if s.key >= 0 {
			r.Key = b.arena[s.key:valueStart:valueStart]
		}
	}
	b.chunk.arena, b.chunk.bytes = b.arena, len(b.arena)
}
