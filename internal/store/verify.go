package store

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/watchglass/watchglass/schema"
)

// Counted is how often a table has an offset.
type Counted struct {
	Offset int64
	Times  uint64
}

// CountRows returns how many rows each offset from from to to, exclusive, has;
// offsets without a row are left out.
func (d *DB) CountRows(ctx context.Context, topic string, partition int32, from, to int64) ([]Counted, error) {
	return d.counted(ctx, "count rows", EventsTable, topic, partition, from, to)
}

// CountErased returns the offsets that were erased on purpose.
func (d *DB) CountErased(ctx context.Context, topic string, partition int32, from, to int64) ([]Counted, error) {
	return d.counted(ctx, "count erased events", ErasuresTable, topic, partition, from, to)
}

func (d *DB) counted(ctx context.Context, what, table, topic string, partition int32, from, to int64) ([]Counted, error) {
	doing := fmt.Sprintf("%s of %s/%d from %d to %d", what, topic, partition, from, to)
	var found []Counted
	err := d.each(ctx, doing, func(rows driver.Rows) error {
		var c Counted
		if err := rows.Scan(&c.Offset, &c.Times); err != nil {
			return err
		}
		found = append(found, c)
		return nil
	}, "SELECT kafka_offset, count() FROM "+d.Name(table)+
		" WHERE kafka_topic = ? AND kafka_partition = ? AND kafka_offset >= ? AND kafka_offset < ? GROUP BY kafka_offset", topic, partition, from, to)
	return found, err
}

// DeadSpan is what one dead letter stands for.
type DeadSpan struct {
	Range  // both ends included
	Reason schema.Reason
}

// DeadSpans returns what the dead letters that touch the offsets from from to
// to, exclusive, stand for.
func (d *DB) DeadSpans(ctx context.Context, topic string, partition int32, from, to int64) ([]DeadSpan, error) {
	doing := fmt.Sprintf("read where dead letters of %s/%d from %d to %d come from", topic, partition, from, to)
	var found []DeadSpan
	err := d.each(ctx, doing, func(rows driver.Rows) error {
		var s DeadSpan
		var reason string
		if err := rows.Scan(&s.From, &s.To, &reason); err != nil {
			return err
		}
		s.Reason = schema.Reason(reason)
		found = append(found, s)
		return nil
	}, "SELECT source_offset, source_end - 1, reason FROM "+d.Name(DeadTable)+
		" WHERE source_topic = ? AND source_partition = ? AND source_end > ? AND source_offset < ? GROUP BY source_offset, source_end, reason", topic, partition, from, to)
	return found, err
}

// RowsByDay counts the rows of the offsets from from to to, exclusive, by the
// day (UTC, such as 2026-11-24) of their event, from one day to another, both
// included.
func (d *DB) RowsByDay(ctx context.Context, topic string, partition int32, from, to int64, first, last string) (map[string]int64, error) {
	doing := fmt.Sprintf("count rows of %s/%d from %d to %d by day", topic, partition, from, to)
	found := map[string]int64{}
	err := d.each(ctx, doing, func(rows driver.Rows) error {
		var day string
		var count uint64
		if err := rows.Scan(&day, &count); err != nil {
			return err
		}
		found[day] = int64(min(count, 1<<62))
		return nil
	}, "SELECT formatDateTime(time, '%F', 'UTC') AS day, uniqExact(kafka_offset) FROM "+d.Name(EventsTable)+
		" WHERE time >= parseDateTimeBestEffort(?, 'UTC') AND time < parseDateTimeBestEffort(?, 'UTC') + INTERVAL 1 DAY"+
		" AND kafka_topic = ? AND kafka_partition = ? AND kafka_offset >= ? AND kafka_offset < ? GROUP BY day",
		first, last, topic, partition, from, to)
	return found, err
}

// Stored counts the distinct offsets from from to to, exclusive, that are rows,
// and those that were erased on purpose.
func (d *DB) Stored(ctx context.Context, topic string, partition int32, from, to int64) (rows, erased int64, err error) {
	const where = " WHERE kafka_topic = ? AND kafka_partition = ? AND kafka_offset >= ? AND kafka_offset < ?"
	doing := fmt.Sprintf("count rows of %s/%d from %d to %d", topic, partition, from, to)
	err = d.conn.QueryRow(exactly(ctx), "SELECT toInt64((SELECT uniqExact(kafka_offset) FROM "+d.Name(EventsTable)+where+")), toInt64((SELECT uniqExact(kafka_offset) FROM "+d.Name(ErasuresTable)+where+"))",
		topic, partition, from, to, topic, partition, from, to).Scan(&rows, &erased)
	return rows, erased, classify(doing, err)
}

// Extent is what ClickHouse knows of one partition.
type Extent struct {
	First, End int64 // offsets that a row or an entry of the ledger knows of; End is exclusive; both 0: none
	Ledger     int64 // where the ledger begins; -1: it has no entry
}

// Extent asks for what ClickHouse knows of one partition.
func (d *DB) Extent(ctx context.Context, topic string, partition int32) (Extent, error) {
	doing := fmt.Sprintf("ask for the extent of %s/%d", topic, partition)
	var e Extent
	err := d.conn.QueryRow(exactly(ctx), "SELECT if(count() = 0, 0, min(first)), if(count() = 0, 0, max(end)), min(if(ledger, first, 9223372036854775807)) FROM ("+
		"SELECT false AS ledger, min(kafka_offset) AS first, max(kafka_offset) + 1 AS end FROM "+d.Name(EventsTable)+" WHERE kafka_topic = ? AND kafka_partition = ? HAVING count() > 0 UNION ALL "+
		"SELECT true, min(range_from), max(range_to) FROM "+d.Name(LedgerTable)+" WHERE source_topic = ? AND source_partition = ? HAVING count() > 0)",
		topic, partition, topic, partition).Scan(&e.First, &e.End, &e.Ledger)
	if e.Ledger >= e.End {
		e.Ledger = -1
	}
	return e, classify(doing, err)
}

// Partitions returns the partitions of a topic that rows or the ledger know of.
func (d *DB) Partitions(ctx context.Context, topic string) ([]int32, error) {
	var found []int32
	err := d.each(ctx, "ask for the partitions of "+topic, func(rows driver.Rows) error {
		var p int32
		if err := rows.Scan(&p); err != nil {
			return err
		}
		found = append(found, p)
		return nil
	}, "SELECT DISTINCT p FROM (SELECT kafka_partition AS p FROM "+d.Name(EventsTable)+" WHERE kafka_topic = ? GROUP BY p UNION ALL "+
		"SELECT source_partition FROM "+d.Name(LedgerTable)+" WHERE source_topic = ? GROUP BY source_partition) ORDER BY p", topic, topic)
	return found, err
}

// SpanOf returns the offsets of one partition whose records have Kafka
// timestamps from from on and before to, as far as rows and the ledger tell:
// widened to whole entries. Zero times do not limit. An empty span has first
// = end.
func (d *DB) SpanOf(ctx context.Context, topic string, partition int32, from, to time.Time) (first, end int64, err error) {
	doing := fmt.Sprintf("ask for the offsets of a span of time of %s/%d", topic, partition)
	where, args := "", []any{topic, partition}
	if !from.IsZero() {
		where, args = " AND kafka_time >= ?", append(args, from)
	}
	rowsWhere, rowsArgs := where, args
	if !to.IsZero() {
		rowsWhere, rowsArgs = where+" AND kafka_time < ?", append(append([]any{}, args...), to)
	}
	// An entry is entered after its records were written.
	err = d.conn.QueryRow(exactly(ctx), "SELECT if(count() = 0, 0, min(first)), if(count() = 0, 0, max(end)) FROM ("+
		"SELECT min(kafka_offset) AS first, max(kafka_offset) + 1 AS end FROM "+d.Name(EventsTable)+" WHERE kafka_topic = ? AND kafka_partition = ?"+rowsWhere+" HAVING count() > 0 UNION ALL "+
		"SELECT min(range_from), max(range_to) FROM "+d.Name(LedgerTable)+" WHERE source_topic = ? AND source_partition = ?"+rowsWhere+" HAVING count() > 0)",
		append(append([]any{}, rowsArgs...), rowsArgs...)...).Scan(&first, &end)
	return first, end, classify(doing, err)
}

// each runs a query and calls take for each row.
func (d *DB) each(ctx context.Context, doing string, take func(driver.Rows) error, query string, args ...any) error {
	rows, err := d.conn.Query(exactly(ctx), query, args...)
	if err != nil {
		return classify(doing, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := take(rows); err != nil {
			return classify(doing, err)
		}
	}
	return classify(doing, rows.Err())
}
