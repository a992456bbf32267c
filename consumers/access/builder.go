package access

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/watchglass/watchglass/internal/alert"
	"github.com/watchglass/watchglass/internal/source"
	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/internal/stream"
	"github.com/watchglass/watchglass/schema"
)

// builder works on the records of one partition for one generation.
type builder struct {
	cfg      *Config
	assigned stream.Assigned
	format   string
	decoder  source.Decoder
	enrich   Enricher
	match    Matcher
	metrics  laneMetrics
	event    schema.AccessEvent // of the record at hand; reused
	block    *store.Block
	blocks   *sync.Pool
}

// Add implements stream.Builder: decode, enrich, match, append.
func (b *builder) Add(record stream.Record, want stream.Want) (stream.Added, error) {
	ev := &b.event
	if err := b.decoder.Decode(record.Value, record.Time, ev); err != nil {
		var poison *schema.PoisonError
		switch {
		case errors.Is(err, source.ErrSkipped):
			b.metrics.skipped.Inc()
			return stream.Added{}, stream.ErrSkipped
		case errors.As(err, &poison):
			return stream.Added{}, &stream.PoisonError{Reason: string(poison.Reason), Detail: poison.Detail}
		default:
			return stream.Added{}, err
		}
	}
	b.enrich.Enrich(ev)
	rules := b.match.Match(ev)
	ev.Rules, ev.RuleVersions = ev.Rules[:0], ev.RuleVersions[:0]
	for _, r := range rules {
		ev.Rules, ev.RuleVersions = append(ev.Rules, r.ID), append(ev.RuleVersions, r.Version)
	}
	added := stream.Added{Time: ev.Time}
	position := schema.Position{Topic: record.Topic, Partition: record.Partition, Offset: record.Offset}
	if want.Row {
		b.metrics.observe(ev)
		b.block.Append(ev, position, record.Time, b.format, record.Replays())
	}
	if !want.Alert || len(rules) == 0 {
		return added, nil
	}
	var err error
	added.Alerts, err = b.alerts(ev, position, rules)
	return added, err
}

// alerts makes one message for each rule that matched. A record that is read
// again makes the same ids.
func (b *builder) alerts(ev *schema.AccessEvent, position schema.Position, rules []Match) ([]stream.Message, error) {
	now := time.Now().UTC()
	messages := make([]stream.Message, 0, len(rules))
	for _, r := range rules {
		if r.Alert == nil {
			continue
		}
		b.metrics.alert(r.ID)
		value, err := json.Marshal(alert.New(r.Alert, ev, position, now))
		if err != nil {
			return nil, fmt.Errorf("encode the alert of rule %s: %w", r.ID, err)
		}
		messages = append(messages, stream.Message{
			Topic: b.cfg.AlertsTopic, Partition: stream.AnyPartition, Key: []byte(ev.Accessor.ID), Value: value,
		})
	}
	return messages, nil
}

// Gap implements stream.Builder: lost records raise an alert of their own,
// keyed by their place.
func (b *builder) Gap(lost stream.Range) ([]stream.Message, error) {
	at := schema.Position{Topic: b.assigned.Name, Partition: b.assigned.Partition, Offset: lost.From}
	b.metrics.alert(alert.RuleRetention)
	value, err := json.Marshal(alert.Lost(alert.RuleRetention, at, lost.To, time.Now().UTC()))
	if err != nil {
		return nil, fmt.Errorf("encode the alert of a gap: %w", err)
	}
	key := fmt.Sprintf("%s/%d", at.Topic, at.Partition)
	return []stream.Message{{Topic: b.cfg.AlertsTopic, Partition: stream.AnyPartition, Key: []byte(key), Value: value}}, nil
}

// Size implements stream.Builder.
func (b *builder) Size() (rows, bytes int) { return b.block.Rows(), b.block.Bytes() }

// Seal implements stream.Builder.
func (b *builder) Seal() stream.Batch {
	sealed := &batch{writer: b.cfg.Writer, block: b.block, blocks: b.blocks}
	b.block = b.blocks.Get().(*store.Block)
	return sealed
}
