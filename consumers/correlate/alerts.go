package correlate

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/watchglass/watchglass/internal/alert"
	"github.com/watchglass/watchglass/internal/sigma"
	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/internal/stream"
	"github.com/watchglass/watchglass/schema"
)

// alert publishes the alerts of what was found. Those of a rule on trial, and of one
// that is there for others alone, are counted and not published.
func (t *attempt) alert(ctx context.Context, found []store.OverTime) error {
	if len(found) == 0 || !t.rule.Alerts() {
		return nil
	}
	fields, err := alert.ContextFields(t.rule.Fields)
	if err != nil {
		return err
	}
	messages := make([]stream.Message, 0, len(found))
	for i := range found {
		message, err := t.message(ctx, &found[i], fields)
		if err != nil {
			return err
		}
		messages = append(messages, message)
	}
	if err := t.deps.Publisher.Publish(ctx, messages...); err != nil {
		return fmt.Errorf("publish %d alerts of rule %s: %w", len(messages), t.rule.ID, err)
	}
	t.deps.Metrics.alerts.WithLabelValues(t.rule.ID).Add(float64(len(messages)))
	return nil
}

// mostPlaces is how many events of a window an alert names.
const mostPlaces = 50

// places are the events in the window, the latest first.
func (t *attempt) places(ctx context.Context, f *store.OverTime) ([]schema.Position, error) {
	query, err := t.set.SQLSightings(t.rule, sigma.Query{
		Table: t.deps.Table.Name(store.EventsTable), Where: below(t.to), From: f.At.Add(-t.rule.Correlation.Timespan), To: f.At,
	}, f.Groups, mostPlaces)
	if err != nil {
		return nil, err
	}
	return t.deps.Table.Places(ctx, query, t.config.Bounds, &t.cost)
}

func (t *attempt) message(ctx context.Context, f *store.OverTime, fields []schema.Field) (stream.Message, error) {
	r := t.rule
	o := alert.OverTime{
		Rule:   schema.RuleRef{ID: r.ID, Title: r.Title, Level: r.Level, Version: r.Version, Tags: r.Tags},
		Bucket: f.Bucket, From: f.At.Add(-r.Correlation.Timespan), To: f.At, At: f.At,
	}
	for i, g := range r.Correlation.Groups {
		o.Group = append(o.Group, schema.Pair{Field: g.Name, Value: f.Groups[i]})
	}
	if r.Correlation.Absence() {
		o.At = f.At.Add(-time.Millisecond) // in its window, whose end is the begin of the next
	} else {
		texts, err := t.deps.Table.Texts(ctx, f.Position, f.At, fields)
		if err != nil {
			return stream.Message{}, err
		}
		for i, text := range texts {
			o.Event = append(o.Event, schema.Pair{Field: fields[i].Path, Value: text})
		}
		if o.Places, err = t.places(ctx, f); err != nil {
			return stream.Message{}, err
		}
	}
	a := o.Alert(r.GroupBy, t.config.Now().UTC())
	value, err := json.Marshal(a)
	if err != nil {
		return stream.Message{}, fmt.Errorf("encode an alert of rule %s: %w", r.ID, err)
	}
	return stream.Message{Topic: t.config.Alerts, Partition: stream.AnyPartition, Key: o.Key(&a), Value: value}, nil
}
