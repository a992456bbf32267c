package stream

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// LedgerEntry says what became of every offset of one sealed range. It is
// published when the range's rows, alerts and dead letters are all
// acknowledged, and before the offset moves behind it: an entry is the proof
// that nothing of the range is owed any more. It may be published twice, word
// for word; ranges of different entries may overlap after a rewind.
//
// An offset is in Dead, Skipped, Copies or Absent, or it is a row.
type LedgerEntry struct {
	Topic     string `json:"topic"` // incarnated name
	Partition int32  `json:"partition"`
	From      int64  `json:"from"`
	To        int64  `json:"to"` // exclusive
	Rows      int64  `json:"rows"`

	Dead    []Range `json:"dead,omitempty"`    // dead letters, gaps of retention included
	Skipped []Range `json:"skipped,omitempty"` // records that are no access records
	Copies  []Range `json:"copies,omitempty"`  // replays of a dead letter that was replayed before
	Absent  []Range `json:"absent,omitempty"`  // no record: control batches, aborted, compacted away

	// Days counts the rows by the day (UTC) of their event: what retention
	// may have removed since. Rows whose day is not known any more, because
	// only ClickHouse has them, count under a day that is long past.
	Days map[string]int64 `json:"days,omitempty"`
}

// Message makes the record that keeps the entry.
func (e *LedgerEntry) Message(topic string) (Message, error) {
	value, err := json.Marshal(e)
	if err != nil {
		return Message{}, fmt.Errorf("encode ledger entry: %w", err)
	}
	key := e.Topic + "/" + strconv.Itoa(int(e.Partition)) + "/" + strconv.FormatInt(e.From, 10) + "-" + strconv.FormatInt(e.To, 10)
	return Message{Topic: topic, Partition: AnyPartition, Key: []byte(key), Value: value}, nil
}

// fate is what became of one offset.
type fate int

const (
	fateRow fate = iota
	fateDead
	fateSkipped
	fateCopy
)

// page is the ledger's entry of the range under construction.
type page struct {
	entry LedgerEntry
	next  int64 // offset behind the last one that was noted
	days  map[int64]int64
}

func newPage(topic string, partition int32, from int64) *page {
	return &page{entry: LedgerEntry{Topic: topic, Partition: partition, From: from}, next: from, days: map[int64]int64{}}
}

// note says what became of [from,to); what lies between the last note and from
// holds no record. at is a row's event time.
func (p *page) note(f fate, from, to int64, at time.Time) {
	if to <= from {
		return
	}
	p.absentUpTo(from)
	switch f {
	case fateRow:
		p.entry.Rows += to - from
		p.days[at.Unix()/secondsPerDay] += to - from
	case fateDead:
		p.entry.Dead = extend(p.entry.Dead, from, to)
	case fateSkipped:
		p.entry.Skipped = extend(p.entry.Skipped, from, to)
	case fateCopy:
		p.entry.Copies = extend(p.entry.Copies, from, to)
	}
	p.next = max(p.next, to)
}

func (p *page) absentUpTo(offset int64) {
	if offset > p.next {
		p.entry.Absent = extend(p.entry.Absent, p.next, offset)
		p.next = offset
	}
}

// close ends the entry at an offset.
func (p *page) close(to int64) LedgerEntry {
	p.absentUpTo(to)
	p.entry.To = to
	if len(p.days) > 0 {
		p.entry.Days = make(map[string]int64, len(p.days))
		for day, rows := range p.days {
			p.entry.Days[time.Unix(day*secondsPerDay, 0).UTC().Format(time.DateOnly)] = rows
		}
	}
	return p.entry
}

const secondsPerDay = 24 * 60 * 60

// extend appends [from,to), which is not below any that came before.
func extend(ranges []Range, from, to int64) []Range {
	if n := len(ranges); n > 0 && ranges[n-1].To == from {
		ranges[n-1].To = to
		return ranges
	}
	return append(ranges, Range{from, to})
}
