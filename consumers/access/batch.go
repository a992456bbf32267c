package access

import (
	"context"
	"sync"
	"time"

	"github.com/watchglass/watchglass/consumers"
	"github.com/watchglass/watchglass/internal/store"
)

// batch is one sealed range's rows.
type batch struct {
	writer *store.Writer
	block  *store.Block
	blocks *sync.Pool
}

// Insert implements stream.Batch.
func (b *batch) Insert(ctx context.Context, token string, asked time.Time) error {
	return consumers.Verdict(b.writer.Insert(ctx, b.block, token, asked))
}

// Release implements stream.Batch.
func (b *batch) Release() {
	b.block.Reset()
	b.blocks.Put(b.block)
}
