package verify

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/watchglass/watchglass/consumers/archive"
	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/internal/stream"
)

// Tail is what Kafka has of dead letters and of the ledger's entries that the
// archive has not brought to ClickHouse yet: it works a moment behind, or is
// not running.
type Tail struct {
	letters map[place][]store.DeadSpan
	entries map[place][]store.StoredRange
}

// place is a partition of a topic of access events.
type place struct {
	name      string
	partition int32
}

// tailMost is how many records the archive may be behind: they are held in
// memory, without their bytes.
const tailMost = 1_000_000

// ReadTail reads what the archive's group has not committed yet. It MUST be
// called after the standings of the access events were asked for, so that what
// they count as finished is either in ClickHouse or in the tail.
func ReadTail(ctx context.Context, kafka *stream.Kafka, group, deadTopic, ledgerTopic string) (*Tail, error) {
	t := &Tail{letters: map[place][]store.DeadSpan{}, entries: map[place][]store.StoredRange{}}
	there, err := kafka.Partitions(ctx)
	if err != nil {
		return nil, err
	}
	for topic, take := range map[string]func(stream.Record){deadTopic: t.takeLetter, ledgerTopic: t.takeEntry} {
		if there[topic] == 0 {
			continue // nothing was ever written to it
		}
		standings, err := kafka.Standings(ctx, group, stream.Incarnated(topic, 1))
		if err != nil {
			return nil, err
		}
		var behind int64
		for _, s := range standings {
			behind += max(0, s.Log.End-max(s.Offset, s.Log.First))
		}
		if behind > tailMost {
			return nil, fmt.Errorf("the archive is %d records behind the end of topic %s, too many to hold: let it catch up first (watchglass run --only archive)", behind, topic)
		}
		for _, s := range standings {
			span := stream.Range{From: max(s.Offset, s.Log.First), To: s.Log.End}
			if err := kafka.ReadSpan(ctx, s.Assigned, span, func(r stream.Record) error { take(r); return nil }); err != nil {
				return nil, err
			}
		}
	}
	return t, nil
}

func (t *Tail) takeLetter(r stream.Record) {
	d := archive.DeadLetter(r)
	at := place{d.Source.Topic, d.Source.Partition}
	last := max(d.End-1, d.Source.Offset)
	t.letters[at] = append(t.letters[at], store.DeadSpan{Range: store.Range{From: d.Source.Offset, To: last}, Reason: d.Reason})
}

// takeEntry leaves out what is no entry: the archive makes a dead letter of it.
func (t *Tail) takeEntry(r stream.Record) {
	if e, err := archive.StoredRange(r); err == nil {
		at := place{e.Source.Topic, e.Source.Partition}
		t.entries[at] = append(t.entries[at], *e)
	}
}

// widen adds to what ClickHouse knows of a partition.
func (t *Tail) widen(e store.Extent, s stream.Standing) store.Extent {
	if t == nil {
		return e
	}
	for _, entry := range t.entries[place{s.Name, s.Partition}] {
		if e.First == e.End {
			e.First, e.End = entry.Source.Offset, entry.To
		}
		e.First, e.End = min(e.First, entry.Source.Offset), max(e.End, entry.To)
		if e.Ledger < 0 || entry.Source.Offset < e.Ledger {
			e.Ledger = entry.Source.Offset
		}
	}
	return e
}

// of returns the entries of one partition that touch the offsets from from to
// to, exclusive.
func (t *Tail) of(s stream.Standing, from, to int64) (entries []store.StoredRange) {
	if t == nil {
		return nil
	}
	for _, e := range t.entries[place{s.Name, s.Partition}] {
		if e.Source.Offset < to && e.To > from {
			entries = append(entries, e)
		}
	}
	return entries
}

// Accounted returns the first offset from `from` on, all below which the ledger
// in ClickHouse accounts for, that no entry of the tail accounts for.
func (t *Tail) Accounted(name string, partition int32, from int64) int64 {
	entries := slices.SortedFunc(slices.Values(t.entries[place{name, partition}]), func(a, b store.StoredRange) int {
		return cmp.Compare(a.Source.Offset, b.Source.Offset)
	})
	for _, e := range entries {
		if e.Source.Offset <= from {
			from = max(from, e.To)
		}
	}
	return from
}

// add notes what the tail says of a window's offsets.
func (t *Tail) add(w *window, s stream.Standing, lettersBefore time.Time) {
	if t == nil {
		return
	}
	w.addDead(t.letters[place{s.Name, s.Partition}])
	w.addLedger(t.of(s, w.first, w.end()), lettersBefore)
}
