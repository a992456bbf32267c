package store

import (
	"context"
	"fmt"
)

// Counted is how often a table has an offset, or every offset of a span.
type Counted struct {
	Range // both ends included
	Times uint64
}

// CountRows returns how many rows each offset from from to to, exclusive, has;
// offsets without a row are left out.
func (d *DB) CountRows(ctx context.Context, topic string, partition int32, from, to int64) ([]Counted, error) {
	return d.counted(ctx, "count rows", "SELECT kafka_offset, kafka_offset, count() FROM "+d.Name(EventsTable)+
		" WHERE kafka_topic = ? AND kafka_partition = ? AND kafka_offset >= ? AND kafka_offset < ? GROUP BY kafka_offset", topic, partition, from, to)
}

// CountDead returns the spans of the dead letters that touch the offsets.
func (d *DB) CountDead(ctx context.Context, topic string, partition int32, from, to int64) ([]Counted, error) {
	return d.counted(ctx, "count dead letters", "SELECT source_offset, max(source_end) - 1, toUInt64(1) FROM "+d.Name(DeadTable)+
		" WHERE source_topic = ? AND source_partition = ? AND source_end > ? AND source_offset < ? GROUP BY source_offset", topic, partition, from, to)
}

// CountErased returns the offsets that were erased on purpose.
func (d *DB) CountErased(ctx context.Context, topic string, partition int32, from, to int64) ([]Counted, error) {
	return d.counted(ctx, "count erased events", "SELECT kafka_offset, kafka_offset, count() FROM "+d.Name(ErasuresTable)+
		" WHERE kafka_topic = ? AND kafka_partition = ? AND kafka_offset >= ? AND kafka_offset < ? GROUP BY kafka_offset", topic, partition, from, to)
}

func (d *DB) counted(ctx context.Context, what, query, topic string, partition int32, from, to int64) ([]Counted, error) {
	doing := fmt.Sprintf("%s of %s/%d from %d to %d", what, topic, partition, from, to)
	rows, err := d.conn.Query(exactly(ctx), query, topic, partition, from, to)
	if err != nil {
		return nil, classify(doing, err)
	}
	defer rows.Close()
	var found []Counted
	for rows.Next() {
		var c Counted
		if err := rows.Scan(&c.From, &c.To, &c.Times); err != nil {
			return nil, classify(doing, err)
		}
		found = append(found, c)
	}
	return found, classify(doing, rows.Err())
}

// Extent returns the first offset of one partition that a row or an entry of
// the ledger knows of, and the one behind the last; both 0 when there is none.
func (d *DB) Extent(ctx context.Context, topic string, partition int32) (first, end int64, err error) {
	doing := fmt.Sprintf("ask for the extent of %s/%d", topic, partition)
	err = d.conn.QueryRow(exactly(ctx), "SELECT if(count() = 0, 0, min(first)), if(count() = 0, 0, max(end)) FROM ("+
		"SELECT min(kafka_offset) AS first, max(kafka_offset) + 1 AS end FROM "+d.Name(EventsTable)+" WHERE kafka_topic = ? AND kafka_partition = ? HAVING count() > 0 UNION ALL "+
		"SELECT min(range_from), max(range_to) FROM "+d.Name(LedgerTable)+" WHERE source_topic = ? AND source_partition = ? HAVING count() > 0)",
		topic, partition, topic, partition).Scan(&first, &end)
	return first, end, classify(doing, err)
}
