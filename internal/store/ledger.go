package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/watchglass/watchglass/schema"
)

// StoredRange is an entry of the ledger: what became of the offsets From to To,
// exclusive. An offset that is in none of the lists is a row.
type StoredRange struct {
	Source   schema.Position // topic and partition; the offset is From
	To       int64
	Rows     int64
	Dead     []Range
	Skipped  []Range
	Copies   []Range
	Absent   []Range
	Days     map[string]int64 // rows by the day (UTC) of their event
	Entered  time.Time        // Kafka timestamp of the entry's own record; only when read
	Position schema.Position  // of the entry's own record; only when appended
}

// LedgerBlock gathers entries of the ledger.
type LedgerBlock struct {
	record
	topic                         *coded
	partition                     *proto.ColInt32
	from, to                      *proto.ColInt64
	rows                          *number
	dead, skipped, copies, absent *text
	days                          *pairs
}

// NewLedgerBlock makes an empty block.
func NewLedgerBlock() *LedgerBlock {
	b := &LedgerBlock{record: newRecord(LedgerTable), partition: new(proto.ColInt32), from: new(proto.ColInt64), to: new(proto.ColInt64)}
	b.topic = b.newCoded("source_topic")
	b.column("source_partition", b.partition)
	b.column("range_from", b.from)
	b.column("range_to", b.to)
	b.rows = b.newNumber("rows")
	b.dead, b.skipped, b.copies, b.absent = b.newText("dead"), b.newText("skipped"), b.newText("copies"), b.newText("absent")
	b.days = b.newPairs("days")
	return b
}

// Append adds one entry; kafkaTime is that of its record in topic `ledger`.
func (b *LedgerBlock) Append(r *StoredRange, kafkaTime time.Time) {
	b.add(r.Position, kafkaTime)
	b.partition.Append(r.Source.Partition)
	b.from.Append(r.Source.Offset)
	b.to.Append(r.To)
	b.bytes += 20 + b.topic.add(r.Source.Topic) + b.rows.add(uint64(max(r.Rows, 0))) +
		b.dead.add(rangesText(r.Dead)) + b.skipped.add(rangesText(r.Skipped)) + b.copies.add(rangesText(r.Copies)) + b.absent.add(rangesText(r.Absent))
	for day, rows := range r.Days {
		b.bytes += b.days.add(day, strconv.FormatInt(rows, 10))
	}
	b.bytes += b.days.end()
}

// rangesText writes ranges as "17,19-24", both ends included.
func rangesText(ranges []Range) string {
	var b strings.Builder
	for i, r := range ranges {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.FormatInt(r.From, 10))
		if r.To > r.From {
			b.WriteByte('-')
			b.WriteString(strconv.FormatInt(r.To, 10))
		}
	}
	return b.String()
}

// parseRanges reads what rangesText wrote.
func parseRanges(text string) (ranges []Range, err error) {
	if text == "" {
		return nil, nil
	}
	for one := range strings.SplitSeq(text, ",") {
		from, to, span := strings.Cut(one, "-")
		if !span {
			to = from
		}
		var r Range
		if r.From, err = strconv.ParseInt(from, 10, 64); err == nil {
			r.To, err = strconv.ParseInt(to, 10, 64)
		}
		if err != nil || r.To < r.From {
			return nil, fmt.Errorf("%q is no list of offsets", text)
		}
		ranges = append(ranges, r)
	}
	return ranges, nil
}

// Ledger returns the entries of one partition that touch the offsets from to
// to, exclusive, ascending by their first offset.
func (d *DB) Ledger(ctx context.Context, topic string, partition int32, from, to int64) ([]StoredRange, error) {
	doing := fmt.Sprintf("read the ledger of %s/%d", topic, partition)
	rows, err := d.conn.Query(exactly(ctx), "SELECT range_from, range_to, any(rows), any(dead), any(skipped), any(copies), any(absent), any(days), min(kafka_time) FROM "+d.Name(LedgerTable)+
		" WHERE source_topic = ? AND source_partition = ? AND range_from < ? AND range_to > ? GROUP BY range_from, range_to ORDER BY range_from, range_to", topic, partition, to, from)
	if err != nil {
		return nil, classify(doing, err)
	}
	defer rows.Close()
	var entries []StoredRange
	for rows.Next() {
		e := StoredRange{Source: schema.Position{Topic: topic, Partition: partition}}
		var count uint64
		var lists [4]string
		var days map[string]string
		if err := rows.Scan(&e.Source.Offset, &e.To, &count, &lists[0], &lists[1], &lists[2], &lists[3], &days, &e.Entered); err != nil {
			return nil, classify(doing, err)
		}
		e.Rows = int64(min(count, 1<<62))
		for i, list := range []*[]Range{&e.Dead, &e.Skipped, &e.Copies, &e.Absent} {
			if *list, err = parseRanges(lists[i]); err != nil {
				return nil, fmt.Errorf("%s: entry %d-%d: %w", doing, e.Source.Offset, e.To, err)
			}
		}
		e.Days = make(map[string]int64, len(days))
		for day, text := range days {
			if e.Days[day], err = strconv.ParseInt(text, 10, 64); err != nil {
				return nil, fmt.Errorf("%s: entry %d-%d: rows of a day: %w", doing, e.Source.Offset, e.To, err)
			}
		}
		entries = append(entries, e)
	}
	return entries, classify(doing, rows.Err())
}

// Accounted returns the first offset from `from` on that no entry of the ledger
// accounts for.
func (d *DB) Accounted(ctx context.Context, topic string, partition int32, from int64) (int64, error) {
	doing := fmt.Sprintf("ask how far the ledger of %s/%d goes", topic, partition)
	rows, err := d.conn.Query(exactly(ctx), "SELECT range_from, max(range_to) FROM "+d.Name(LedgerTable)+
		" WHERE source_topic = ? AND source_partition = ? AND range_to > ? GROUP BY range_from ORDER BY range_from", topic, partition, from)
	if err != nil {
		return 0, classify(doing, err)
	}
	defer rows.Close()
	for rows.Next() {
		var first, end int64
		if err := rows.Scan(&first, &end); err != nil {
			return 0, classify(doing, err)
		}
		if first > from {
			return from, nil
		}
		from = max(from, end)
	}
	return from, classify(doing, rows.Err())
}
