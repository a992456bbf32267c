package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// Range is the offsets From to To, both included.
type Range struct{ From, To int64 }

// Held returns which offsets ≥ from of one partition the table has, ascending
// and without overlap. It sees every insert that was acknowledged, by any
// worker. topic is the incarnated name.
//
// What was erased from access_events counts as stored: it must not come back
// when it is read again. It is exact for access_events. In the archive tables a record that was
// published twice collapses to its last copy, and the offset of the first is
// no longer held: inserting it again changes nothing there.
func (d *DB) Held(ctx context.Context, table, topic string, partition int32, from int64) ([]Range, error) {
	doing := fmt.Sprintf("ask which offsets from %d of %s/%d are in %s", from, topic, partition, table)
	const where = " WHERE kafka_topic = ? AND kafka_partition = ? AND kafka_offset >= ?"
	query, args := "SELECT kafka_offset FROM "+d.Name(table)+where, []any{topic, partition, from}
	if table == EventsTable {
		query, args = "("+query+" UNION ALL SELECT kafka_offset FROM "+d.Name(ErasuresTable)+where+")", append(args, args...)
		query = "SELECT kafka_offset FROM " + query
	}
	rows, err := d.conn.Query(exactly(ctx), query+" ORDER BY kafka_offset", args...)
	if err != nil {
		return nil, classify(doing, err)
	}
	defer rows.Close()
	var held []Range
	for rows.Next() {
		var offset int64
		if err := rows.Scan(&offset); err != nil {
			return nil, classify(doing, err)
		}
		held = extend(held, offset)
	}
	return held, classify(doing, rows.Err())
}

// extend adds an offset that is not below any that came before.
func extend(held []Range, offset int64) []Range {
	if n := len(held); n > 0 && offset <= held[n-1].To+1 {
		held[n-1].To = offset
		return held
	}
	return append(held, Range{offset, offset})
}

// Contains tells whether an offset is in one of the ranges, which are
// ascending as [DB.Held] returns them.
func Contains(held []Range, offset int64) bool {
	_, found := slices.BinarySearchFunc(held, offset, func(r Range, o int64) int {
		switch {
		case r.To < o:
			return -1
		case r.From > o:
			return 1
		}
		return 0
	})
	return found
}

// MaxOffset returns the highest stored offset of one partition; found is false
// when the table has no row of it. Rows without group metadata mean that the
// metadata was lost: starting over would store them twice.
func (d *DB) MaxOffset(ctx context.Context, table, topic string, partition int32) (offset int64, found bool, err error) {
	var count uint64
	err = d.conn.QueryRow(exactly(ctx), "SELECT count(), max(kafka_offset) FROM "+d.Name(table)+
		" WHERE kafka_topic = ? AND kafka_partition = ?", topic, partition).Scan(&count, &offset)
	if err != nil {
		return 0, false, classify(fmt.Sprintf("ask for the last offset of %s/%d in %s", topic, partition, table), err)
	}
	return offset, count > 0, nil
}

// exactly pins what a query needs to see all acknowledged rows, and nothing
// but whole answers.
func exactly(ctx context.Context) context.Context {
	return clickhouse.Context(ctx, clickhouse.WithSettings(exactSettings()))
}

func exactSettings() clickhouse.Settings {
	return clickhouse.Settings{
		"select_sequential_consistency": 1, // replicated tables: only a replica that has everything may answer
		"max_rows_to_read":              0,
		"max_result_rows":               0,
		"read_overflow_mode":            "throw",
		"result_overflow_mode":          "throw",
		"timeout_overflow_mode":         "throw",
		"use_query_cache":               0,
	}
}
