package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/watchglass/watchglass/schema"
)

// Touched are the rows that a run of a rule over time takes in.
type Touched struct {
	Rows        uint64
	First, Last time.Time // their event times, when there are any
}

// Touched runs a query of sigma.Set.SQLTouched.
func (d *DB) Touched(ctx context.Context, query string, b Bounds, cost *Cost) (t Touched, err error) {
	var first, last int64
	ctx = correlating(ctx, b, cost)
	if err := d.conn.QueryRow(ctx, query).Scan(&t.Rows, &first, &last); err != nil {
		return t, bounded(classify("ask for new rows of a rule over time", err))
	}
	t.First, t.Last = time.UnixMilli(first).UTC(), time.UnixMilli(last).UTC()
	return t, nil
}

// OverTime is a group of a rule over time for which it holds in a bucket of time.
type OverTime struct {
	Groups   []string
	Bucket   time.Time
	At       time.Time       // when it was first completed in the bucket
	Position schema.Position // of the event that completed it
}

// OverTime runs a query of sigma.Set.SQLAlerts.
func (d *DB) OverTime(ctx context.Context, query string, b Bounds, cost *Cost) (found []OverTime, err error) {
	const doing = "evaluate a rule over time"
	rows, err := d.conn.Query(correlating(ctx, b, cost), "SELECT groups, bucket, first.1, first.2, first.3, first.4 FROM ("+query+")")
	if err != nil {
		return nil, bounded(classify(doing, err))
	}
	defer rows.Close()
	for rows.Next() {
		var o OverTime
		var bucket, at int64
		if err := rows.Scan(&o.Groups, &bucket, &at, &o.Position.Topic, &o.Position.Partition, &o.Position.Offset); err != nil {
			return nil, bounded(classify(doing, err))
		}
		o.Bucket, o.At = time.UnixMilli(bucket).UTC(), time.UnixMilli(at).UTC()
		found = append(found, o)
	}
	return found, bounded(classify(doing, rows.Err()))
}

// EventText is one event's fields as rules see them.
type EventText struct {
	Position schema.Position
	Texts    []string // in the order of the fields that were asked for; lists are joined with ", "
}

// Texts returns fields of some events, in no order; those whose rows are gone are left
// out. The span of their times finds them quickly.
func (d *DB) Texts(ctx context.Context, places []schema.Position, from, to time.Time, fields []schema.Field, b Bounds, cost *Cost) (list []EventText, err error) {
	const doing = "read the events that completed rules over time"
	columns := make([]string, len(fields))
	for i, f := range fields {
		columns[i] = textOf(f)
	}
	positions := make([]string, len(places))
	for i, p := range places {
		positions[i] = fmt.Sprintf("(%s, %d, %d)", literal(p.Topic), p.Partition, p.Offset)
	}
	rows, err := d.conn.Query(correlating(ctx, b, cost), "SELECT kafka_topic, kafka_partition, kafka_offset, ["+strings.Join(columns, ", ")+"] FROM "+d.Name(EventsTable)+
		" WHERE time >= fromUnixTimestamp64Milli(?, 'UTC') AND time <= fromUnixTimestamp64Milli(?, 'UTC') AND (kafka_topic, kafka_partition, kafka_offset) IN ("+strings.Join(positions, ", ")+")",
		from.UnixMilli(), to.UnixMilli())
	if err != nil {
		return nil, bounded(classify(doing, err))
	}
	defer rows.Close()
	for rows.Next() {
		var e EventText
		if err := rows.Scan(&e.Position.Topic, &e.Position.Partition, &e.Position.Offset, &e.Texts); err != nil {
			return nil, bounded(classify(doing, err))
		}
		list = append(list, e)
	}
	return list, bounded(classify(doing, rows.Err()))
}

func textOf(f schema.Field) string {
	switch f.Kind {
	case schema.Strings:
		return "arrayStringConcat(CAST(" + f.Column + " AS Array(String)), ', ')"
	case schema.Bool:
		return "if(" + f.Column + ", 'true', 'false')"
	case schema.Time:
		return "formatDateTime(" + f.Column + ", '%FT%TZ', 'UTC')"
	case schema.Number:
		return "if(" + f.Column + " = 0, '', toString(" + f.Column + "))"
	}
	return "toString(" + f.Column + ")"
}

// Sighting is an event that counts for a group of a rule over time.
type Sighting struct {
	Groups   []string
	At       time.Time
	Position schema.Position
}

// Sightings runs a query of sigma.Set.SQLSightings.
func (d *DB) Sightings(ctx context.Context, query string, b Bounds, cost *Cost) (list []Sighting, err error) {
	const doing = "read the events of a rule over time"
	rows, err := d.conn.Query(correlating(ctx, b, cost), query)
	if err != nil {
		return nil, bounded(classify(doing, err))
	}
	defer rows.Close()
	for rows.Next() {
		var s Sighting
		var at int64
		if err := rows.Scan(&s.Groups, &at, &s.Position.Topic, &s.Position.Partition, &s.Position.Offset); err != nil {
			return nil, bounded(classify(doing, err))
		}
		s.At = time.UnixMilli(at).UTC()
		list = append(list, s)
	}
	return list, bounded(classify(doing, rows.Err()))
}

// LastTime is the Kafka timestamp of one of the last rows below an offset; zero if
// there is none among the thousand offsets before it.
func (d *DB) LastTime(ctx context.Context, topic string, partition int32, below int64) (time.Time, error) {
	var n uint64
	var last time.Time
	err := d.conn.QueryRow(exactly(ctx), "SELECT count(), max(kafka_time) FROM "+d.Name(EventsTable)+
		" WHERE kafka_topic = ? AND kafka_partition = ? AND kafka_offset >= ? AND kafka_offset < ?", topic, partition, below-1000, below).Scan(&n, &last)
	if err != nil || n == 0 {
		return time.Time{}, bounded(classify(fmt.Sprintf("ask for the time of the last row of %s/%d", topic, partition), err))
	}
	return last, nil
}

// correlating pins what exactness needs, holds a query to its bounds, and adds up
// what it read.
func correlating(ctx context.Context, b Bounds, cost *Cost) context.Context {
	settings := exactSettings()
	for name, value := range b.settings() {
		settings[name] = value
	}
	return clickhouse.Context(ctx, clickhouse.WithSettings(settings), clickhouse.WithProgress(func(p *clickhouse.Progress) {
		cost.Rows += p.Rows
		cost.Bytes += p.Bytes
	}))
}
