package correlate

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/watchglass/watchglass/internal/alert"
	"github.com/watchglass/watchglass/internal/sigma"
	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/internal/stream"
	"github.com/watchglass/watchglass/schema"
)

const (
	// batch bounds what one query asks for.
	batch = 500
	// mostPlaces is how many events of a window an alert names; of a group, the latest
	// mostSightings are looked at for them.
	mostPlaces    = 50
	mostSightings = 1000
)

// alert publishes the alerts of what was found. Those of a rule on trial, and of one
// that is there for others alone, are counted and not published.
func (t *attempt) alert(ctx context.Context, found []store.OverTime) error {
	if !t.rule.Alerts() {
		return nil
	}
	for part := range slices.Chunk(found, batch) {
		alerts, err := t.describe(ctx, part)
		if err != nil {
			return err
		}
		messages := make([]stream.Message, len(alerts))
		for i := range alerts {
			a := alerts[i].Alert(t.rule.GroupBy, t.config.Now().UTC())
			value, err := json.Marshal(a)
			if err != nil {
				return fmt.Errorf("encode an alert of rule %s: %w", t.rule.ID, err)
			}
			messages[i] = stream.Message{Topic: t.config.Alerts, Partition: stream.AnyPartition, Key: alerts[i].Key(&a), Value: value}
		}
		if err := t.deps.Publisher.Publish(ctx, messages...); err != nil {
			return fmt.Errorf("publish %d alerts of rule %s: %w", len(messages), t.rule.ID, err)
		}
		t.deps.Metrics.alerts.WithLabelValues(t.rule.ID).Add(float64(len(messages)))
	}
	return nil
}

// describe completes what was found with the event that completed it, and with those
// in its window.
func (t *attempt) describe(ctx context.Context, found []store.OverTime) ([]alert.OverTime, error) {
	r, c := t.rule, t.rule.Correlation
	alerts := make([]alert.OverTime, len(found))
	for i, f := range found {
		o := &alerts[i]
		o.Rule = schema.RuleRef{ID: r.ID, Title: r.Title, Level: r.Level, Version: r.Version, Tags: r.Tags}
		o.Bucket, o.From, o.To, o.At = f.Bucket, f.At.Add(-c.Timespan), f.At, f.At
		for n, g := range c.Groups {
			o.Group = append(o.Group, schema.Pair{Field: g.Name, Value: f.Groups[n]})
		}
		if c.Absence() {
			o.At = f.At.Add(-time.Millisecond) // in its window, whose end is the begin of the next
		}
	}
	if c.Absence() {
		return alerts, nil
	}
	if err := t.events(ctx, found, alerts); err != nil {
		return nil, err
	}
	return alerts, t.places(ctx, found, alerts)
}

// events adds the event that completed each.
func (t *attempt) events(ctx context.Context, found []store.OverTime, alerts []alert.OverTime) error {
	fields, err := alert.ContextFields(t.rule.Fields)
	if err != nil {
		return err
	}
	var places []schema.Position
	for _, f := range found {
		places = append(places, f.Position)
	}
	from, to := span(found)
	texts, err := t.deps.Table.Texts(ctx, places, from, to, fields, t.config.Bounds, &t.cost)
	if err != nil {
		return err
	}
	at := map[schema.Position][]string{}
	for _, e := range texts {
		at[e.Position] = e.Texts
	}
	for i, f := range found {
		for n, text := range at[f.Position] {
			alerts[i].Event = append(alerts[i].Event, schema.Pair{Field: fields[n].Path, Value: text})
		}
	}
	return nil
}

// places adds the events in the window of each, the latest first.
func (t *attempt) places(ctx context.Context, found []store.OverTime, alerts []alert.OverTime) error {
	from, to := span(found)
	groups := map[string][]string{}
	for _, f := range found {
		groups[strings.Join(f.Groups, "\x00")] = f.Groups
	}
	var list [][]string
	for _, g := range groups {
		list = append(list, g)
	}
	query, err := t.set.SQLSightings(t.rule, sigma.Query{
		Table: t.deps.Table.Name(store.EventsTable), Where: below(t.to), From: from.Add(-t.rule.Correlation.Timespan), To: to,
	}, list, mostSightings)
	if err != nil {
		return err
	}
	sightings, err := t.deps.Table.Sightings(ctx, query, t.config.Bounds, &t.cost)
	if err != nil {
		return err
	}
	byGroup := map[string][]store.Sighting{}
	for _, s := range sightings {
		key := strings.Join(s.Groups, "\x00")
		byGroup[key] = append(byGroup[key], s)
	}
	for i, f := range found {
		o := &alerts[i]
		for _, s := range byGroup[strings.Join(f.Groups, "\x00")] {
			if !s.At.Before(o.From) && !s.At.After(o.To) && len(o.Places) < mostPlaces {
				o.Places = append(o.Places, s.Position)
			}
		}
		if len(o.Places) == 0 { // more have come since
			o.Places = []schema.Position{f.Position}
		}
	}
	return nil
}

// span is the first and the last time at which something was found.
func span(found []store.OverTime) (from, to time.Time) {
	from, to = found[0].At, found[0].At
	for _, f := range found {
		if f.At.Before(from) {
			from = f.At
		}
		if f.At.After(to) {
			to = f.At
		}
	}
	return from, to
}
