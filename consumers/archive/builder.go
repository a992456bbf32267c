package archive

import (
	"context"
	"time"

	"github.com/watchglass/watchglass/consumers"
	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/internal/stream"
	"github.com/watchglass/watchglass/schema"
)

// builder gathers the rows of one partition.
type builder struct {
	writer *store.Writer
	kind   kind
	rows   store.Rows
}

// Add implements stream.Builder. A record that cannot be read is a dead letter
// of its own, except in the topic of the dead letters, where anything is kept.
func (b *builder) Add(record stream.Record, want stream.Want) (stream.Added, error) {
	if !want.Row {
		return stream.Added{}, nil
	}
	position := schema.Position{Topic: record.Topic, Partition: record.Partition, Offset: record.Offset}
	if err := b.kind.append(b.rows, record, position); err != nil {
		return stream.Added{}, &stream.PoisonError{Reason: string(schema.ReasonInvalidMessage), Detail: "not a record of this topic"}
	}
	return stream.Added{}, nil
}

// Gap implements stream.Builder: what retention removed from Watchglass's own
// topics raises no alert; the dead letter tells of it.
func (b *builder) Gap(stream.Range) ([]stream.Message, error) { return nil, nil }

// Size implements stream.Builder.
func (b *builder) Size() (rows, bytes int) { return b.rows.Rows(), b.rows.Bytes() }

// Seal implements stream.Builder.
func (b *builder) Seal() stream.Batch {
	sealed := batch{b.writer, b.rows}
	b.rows = b.kind.new()
	return sealed
}

// batch is one sealed range's rows.
type batch struct {
	writer *store.Writer
	rows   store.Rows
}

// Insert implements stream.Batch.
func (b batch) Insert(ctx context.Context, token string, asked time.Time) error {
	return consumers.Verdict(b.writer.Insert(ctx, b.rows, token, asked))
}

// Release implements stream.Batch.
func (b batch) Release() {}
