package stream

import (
	"context"
	"time"
)

// Worker handles the records of one partition for one generation, at least
// once. All calls come from one goroutine; ctx ends with the generation.
//
// An error that is [Fatal] stops the process; any other is retried with
// back-off, the same records again, until ctx ends: nothing is skipped.
// Records that can never be handled are the worker's to recognise: it sends
// them to the dead letters ([DeadLetter]) and goes on.
type Worker interface {
	// Restore is called once, before anything else: load the state this
	// partition's records are decided with.
	Restore(ctx context.Context) error
	// Handle works on records in offset order. When it returns nil, all its
	// effects MUST be durable: the offset behind the last record is committed.
	Handle(ctx context.Context, records []Record) error
	// Tick is called every WorkerConfig.Tick, between calls of Handle, also when no
	// records come. What it publishes MUST be durable when it returns nil.
	Tick(ctx context.Context, now time.Time) error
	// Close releases what the worker holds; it is called once, last, also
	// when Restore failed. It must not publish.
	Close()
}

// NewWorker makes the worker of one partition for one generation.
type NewWorker func(Assigned) Worker

// Publisher writes messages to Kafka.
type Publisher interface {
	// Publish returns nil only when all in-sync replicas have every message
	// (acks=all). Messages of one partition keep their order, except across
	// an error. It retries what can be retried until ctx ends; a nil error
	// means "at least once": a message whose acknowledgement was lost may be
	// there twice.
	Publish(ctx context.Context, messages ...Message) error
}

// Reader reads a compacted topic from its start, for restoring state.
type Reader interface {
	// ReadAll calls handle for each record of one partition, from the first
	// to the last that was there when it was called, in order. The record is
	// valid during the call only.
	ReadAll(ctx context.Context, topic string, partition int32, handle func(Record) error) error
}
