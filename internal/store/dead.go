package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/watchglass/watchglass/schema"
)

// Dead letters are read through the views `dead_letters` and `events`, so that
// a user who may read nothing but those can work with them.
const (
	deadView   = "dead_letters"
	eventsView = "events"
	// originOf is where a letter's bytes came from first: a replayed record
	// that died again says so in its header.
	originOf = "if(has(header_names, '" + replayHeader + "'), header_values[indexOf(header_names, '" + replayHeader + "')], " + positionOf + ")"
	// positionOf is where the record itself was.
	positionOf   = "concat(source_topic, '/', toString(source_partition), '/', toString(source_offset))"
	replayHeader = "watchglass-replay-of" // stream.HeaderReplayOf; a test holds the two together
)

// DeadFilter says which dead letters are meant. The zero value means all.
type DeadFilter struct {
	Reason       schema.Reason
	Since, Until time.Time         // Kafka timestamp of the record; a letter for a span has none, and passes
	Topic        string            // real name, then with any incarnation, or incarnated
	Partition    *int32            // of the source topic
	Positions    []schema.Position // these; nil: any
}

// condition is the filter as SQL, with its arguments.
func (f DeadFilter) condition() (string, []any) {
	terms, args := []string{"1"}, []any(nil)
	add := func(term string, values ...any) { terms, args = append(terms, term), append(args, values...) }
	if f.Reason != "" {
		add("reason = ?", string(f.Reason))
	}
	if !f.Since.IsZero() {
		add("(source_time >= fromUnixTimestamp64Milli(?, 'UTC') OR toUnixTimestamp64Milli(source_time) = 0)", f.Since.UnixMilli())
	}
	if !f.Until.IsZero() {
		add("source_time < fromUnixTimestamp64Milli(?, 'UTC')", f.Until.UnixMilli())
	}
	if f.Topic != "" {
		add("(source_topic = ? OR startsWith(source_topic, ?))", f.Topic, f.Topic+"#")
	}
	if f.Partition != nil {
		add("source_partition = ?", *f.Partition)
	}
	if f.Positions != nil {
		places := make([]string, len(f.Positions))
		for i, p := range f.Positions {
			places[i] = fmt.Sprintf("(%s,%d,%d)", literal(p.Topic), p.Partition, p.Offset)
		}
		add("(source_topic, source_partition, source_offset) IN (" + strings.Join(places, ",") + ")")
	}
	return strings.Join(terms, " AND "), args
}

// DeadEntry is one dead letter without its bytes.
type DeadEntry struct {
	Reason   schema.Reason
	Detail   string
	Source   schema.Position // incarnated name
	End      int64           // offset behind the last one it stands for
	Time     time.Time       // its Kafka timestamp
	Origin   string          // topic/partition/offset where its bytes came from first
	Key      uint64          // bytes of its key
	Value    uint64          // bytes of its value
	Headers  []string        // names, in order
	HeaderOf []uint64        // bytes of each header's value
}

// DeadEntries returns the letters of a filter: newest first, or in the order
// of their partitions; at most limit of them, 0 for all.
func (d *DB) DeadEntries(ctx context.Context, f DeadFilter, newest bool, limit int) ([]DeadEntry, error) {
	const doing = "list dead letters"
	where, args := f.condition()
	order := "source_topic, source_partition, source_offset"
	if newest {
		order = "source_time DESC, source_topic, source_partition, source_offset DESC"
	}
	query := "SELECT reason, detail, source_topic, source_partition, source_offset, source_end, source_time, " + originOf + " AS origin, " +
		"length(key), length(value), header_names, arrayMap(v -> toUInt64(length(v)), header_values) FROM " + d.Name(deadView) + " WHERE " + where + " ORDER BY " + order
	if limit > 0 {
		query += fmt.Sprintf(" LIMIT %d", limit)
	}
	rows, err := d.conn.Query(exactly(ctx), query, args...)
	if err != nil {
		return nil, classify(doing, err)
	}
	defer rows.Close()
	var found []DeadEntry
	for rows.Next() {
		var e DeadEntry
		var reason string
		if err := rows.Scan(&reason, &e.Detail, &e.Source.Topic, &e.Source.Partition, &e.Source.Offset, &e.End, &e.Time, &e.Origin,
			&e.Key, &e.Value, &e.Headers, &e.HeaderOf); err != nil {
			return nil, classify(doing, err)
		}
		e.Reason = schema.Reason(reason)
		found = append(found, e)
	}
	return found, classify(doing, rows.Err())
}

// DeadAgain returns the letters that are replays of these origins: records
// that were replayed and could not be handled then either. Ascending by offset.
func (d *DB) DeadAgain(ctx context.Context, origins []string) (map[string][]schema.Position, error) {
	found := map[string][]schema.Position{}
	err := inParts(origins, func(part []string) error {
		rows, err := d.conn.Query(exactly(ctx), "SELECT "+originOf+" AS origin, source_topic, source_partition, source_offset FROM "+d.Name(deadView)+
			" WHERE has(header_names, '"+replayHeader+"') AND origin IN (?) ORDER BY source_topic, source_partition, source_offset", part)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var origin string
			var p schema.Position
			if err := rows.Scan(&origin, &p.Topic, &p.Partition, &p.Offset); err != nil {
				return err
			}
			found[origin] = append(found[origin], p)
		}
		return rows.Err()
	})
	return found, classify("ask which replayed records died again", err)
}

// DeadCount is the letters of one reason and topic.
type DeadCount struct {
	Reason         schema.Reason
	Topic          string
	Letters        uint64
	Bytes          uint64
	Oldest, Newest time.Time // Kafka timestamps
}

// DeadCounts counts the letters of a filter, the most frequent first.
func (d *DB) DeadCounts(ctx context.Context, f DeadFilter) ([]DeadCount, error) {
	const doing = "count dead letters"
	where, args := f.condition()
	rows, err := d.conn.Query(exactly(ctx), "SELECT reason, source_topic, count() AS letters, sum(length(value)), min(source_time), max(source_time) FROM "+d.Name(deadView)+
		" WHERE "+where+" GROUP BY reason, source_topic ORDER BY letters DESC, reason, source_topic", args...)
	if err != nil {
		return nil, classify(doing, err)
	}
	defer rows.Close()
	var found []DeadCount
	for rows.Next() {
		var c DeadCount
		var reason string
		if err := rows.Scan(&reason, &c.Topic, &c.Letters, &c.Bytes, &c.Oldest, &c.Newest); err != nil {
			return nil, classify(doing, err)
		}
		c.Reason = schema.Reason(reason)
		found = append(found, c)
	}
	return found, classify(doing, rows.Err())
}

// DeadLetters returns the letters at these positions with their bytes; those
// that are gone are left out. The caller keeps the number of positions small.
func (d *DB) DeadLetters(ctx context.Context, positions []schema.Position) (map[schema.Position]DeadLetter, error) {
	const doing = "read dead letters"
	where, args := DeadFilter{Positions: positions}.condition()
	rows, err := d.conn.Query(exactly(ctx), "SELECT reason, detail, source_topic, source_partition, source_offset, source_end, source_time, key, value, header_names, header_values FROM "+
		d.Name(deadView)+" WHERE "+where, args...)
	if err != nil {
		return nil, classify(doing, err)
	}
	defer rows.Close()
	found := make(map[schema.Position]DeadLetter, len(positions))
	for rows.Next() {
		var l DeadLetter
		var reason, key, value string
		var names, values []string
		if err := rows.Scan(&reason, &l.Detail, &l.Source.Topic, &l.Source.Partition, &l.Source.Offset, &l.End, &l.Time, &key, &value, &names, &values); err != nil {
			return nil, classify(doing, err)
		}
		l.Reason, l.Key, l.Value = schema.Reason(reason), []byte(key), []byte(value)
		for i, name := range names {
			l.Headers = append(l.Headers, DeadHeader{Name: name, Value: []byte(values[i])})
		}
		found[l.Source] = l
	}
	return found, classify(doing, rows.Err())
}
