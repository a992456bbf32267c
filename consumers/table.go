// Package consumers holds the work on each topic, a folder for each: access,
// archive, incident, notify. What the two exact ones share is here: ClickHouse
// as the target of package stream.
package consumers

import (
	"context"

	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/internal/stream"
)

// Table asks ClickHouse which offsets it has; it is a stream.Target.
type Table struct {
	DB      *store.DB
	Of      func(topic string) string // the table that a topic (incarnated name) goes to
	Checked <-chan struct{}           // closed when ClickHouse was found fit, nothing is asked before; nil: it was
}

// await returns when ClickHouse was found fit.
func (t Table) await(ctx context.Context) error {
	if t.Checked == nil {
		return nil
	}
	select {
	case <-t.Checked:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Held implements stream.Target.
func (t Table) Held(ctx context.Context, name string, partition int32, from int64) ([]stream.Range, error) {
	if err := t.await(ctx); err != nil {
		return nil, err
	}
	held, err := t.DB.Held(ctx, t.Of(name), name, partition, from)
	if err != nil {
		return nil, Verdict(err)
	}
	ranges := make([]stream.Range, len(held))
	for i, r := range held {
		ranges[i] = stream.Range{From: r.From, To: r.To + 1}
	}
	return ranges, nil
}

// Life implements stream.LifeTarget.
func (t Table) Life(ctx context.Context, name string, partition int32) (string, error) {
	if err := t.await(ctx); err != nil {
		return "", err
	}
	id, err := t.DB.Life(ctx, name, partition)
	return id, Verdict(err)
}

// EnterLife implements stream.LifeTarget.
func (t Table) EnterLife(ctx context.Context, name string, partition int32, id stream.TopicID) error {
	return Verdict(t.DB.EnterLife(ctx, name, partition, id.String()))
}

// Events is the table of access events, which has the ledger beside it.
type Events struct{ Table }

// Accounted implements stream.LedgerTarget.
func (e Events) Accounted(ctx context.Context, name string, partition int32, from int64) (int64, error) {
	offset, err := e.DB.Accounted(ctx, name, partition, from)
	return offset, Verdict(err)
}

// Replayed implements stream.ReplayTarget.
func (e Events) Replayed(ctx context.Context, name string, partition int32, before int64, origins []string) (map[string]int64, error) {
	found, err := e.DB.Replayed(ctx, e.Of(name), name, partition, before, origins)
	return found, Verdict(err)
}

// Verdict tells the stream which of ClickHouse's errors waiting will not mend.
func Verdict(err error) error {
	if err != nil && !store.Retryable(err) {
		return stream.Fatal("%w", err)
	}
	return err
}
