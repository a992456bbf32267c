// Package verify compares what Kafka has, what ClickHouse stores, and what the
// ledger says became of every offset of a topic of access events. It reads
// windows of offsets, one after the other, so memory does not grow with what
// there is to check.
//
// What an offset has to be is found out twice, where both are possible: from
// the record itself, as its own bytes alone decide whether it is a row, and
// from the ledger, which outlives Kafka's retention.
package verify

import (
	"time"

	"github.com/watchglass/watchglass/internal/store"
)

// Verdict is what an offset turned out to be.
type Verdict string

// Verdicts. Only the last three are faults.
const (
	Row        Verdict = "row"
	DeadLetter Verdict = "dead letter"
	Skipped    Verdict = "skipped"    // no access record, such as another line of a database's log
	Copy       Verdict = "copy"       // replayed more than once: stored under another offset
	NoRecord   Verdict = "no record"  // a transaction's marker, aborted, or compacted away
	Unread     Verdict = "unread"     // retention or an operator took it before it was read: a dead letter says so
	Erased     Verdict = "erased"     // on purpose: the table erasures says so
	Expired    Verdict = "expired"    // its retention in ClickHouse is over
	Missing    Verdict = "missing"    // nothing accounts for it
	Doubled    Verdict = "doubled"    // more than one row, or a row and a dead letter
	Unexpected Verdict = "unexpected" // a row of a record that cannot be one
)

// Faulty tells whether a verdict is a fault.
func (v Verdict) Faulty() bool { return v == Missing || v == Doubled || v == Unexpected }

// expectation is what a source says an offset has to be.
type expectation byte

const (
	unknown expectation = iota // the source does not know
	aRow
	aLetter
	aSkip
	aCopy
	nothing
	aGap // a dead letter for a span of offsets without bytes
)

// offset is what is known of one offset.
type offset struct {
	rows   uint64
	dead   bool
	span   bool // dead, together with others
	erased bool
	record expectation // from the record in Kafka
	ledger expectation
	old    bool // its row is past the retention, says the record
}

// judge decides about one offset. expired tells whether its row may be past
// the retention, where only the ledger is left to say so; it counts as asked.
func judge(o offset, expired func() bool) Verdict {
	switch {
	case o.rows > 1, o.rows > 0 && o.dead:
		return Doubled
	case o.rows > 0 && (o.record == aLetter || o.record == aSkip):
		return Unexpected
	case o.rows > 0:
		return Row // also of a record that Kafka has removed since
	case o.dead && o.span:
		return Unread
	case o.dead:
		return DeadLetter
	case o.erased:
		return Erased
	case o.record == aSkip, o.record == unknown && o.ledger == aSkip:
		return Skipped
	case o.record != nothing && o.ledger == aCopy:
		return Copy
	case o.record == nothing && o.ledger != aRow:
		return NoRecord
	case o.record == unknown && o.ledger == nothing:
		return NoRecord
	case o.ledger == aLetter && o.record != aRow:
		return DeadLetter // its bytes were removed by their own, shorter retention
	case (o.record == aRow || o.ledger == aRow) && (o.old || expired()):
		return Expired
	}
	return Missing
}

// window is what is known of the offsets from first on.
type window struct {
	first   int64
	offsets []offset
	entries []store.StoredRange
}

func newWindow(from, to int64) *window {
	return &window{first: from, offsets: make([]offset, to-from)}
}

// each calls do for the offsets of a range, both ends included, that lie in
// the window.
func (w *window) each(r store.Range, do func(*offset)) {
	for o := max(r.From, w.first); o <= min(r.To, w.first+int64(len(w.offsets))-1); o++ {
		do(&w.offsets[o-w.first])
	}
}

func (w *window) addRows(counted []store.Counted) {
	for _, c := range counted {
		w.each(c.Range, func(o *offset) { o.rows += c.Times })
	}
}

func (w *window) addDead(counted []store.Counted) {
	for _, c := range counted {
		w.each(c.Range, func(o *offset) { o.dead, o.span = true, o.span || c.To > c.From })
	}
}

func (w *window) addErased(counted []store.Counted) {
	for _, c := range counted {
		w.each(c.Range, func(o *offset) { o.erased = true })
	}
}

// addLedger notes what the entries say. Where two overlap, after a rewind, a
// row in one of them is what counts.
func (w *window) addLedger(entries []store.StoredRange) {
	w.entries = entries
	for _, e := range entries {
		named := map[expectation][]store.Range{aLetter: e.Dead, aSkip: e.Skipped, aCopy: e.Copies, nothing: e.Absent}
		other := make(map[int64]expectation)
		for what, ranges := range named {
			for _, r := range ranges {
				for o := max(r.From, w.first); o <= min(r.To, w.first+int64(len(w.offsets))-1); o++ {
					other[o] = what
				}
			}
		}
		for o := max(e.Source.Offset, w.first); o < min(e.To, w.first+int64(len(w.offsets))); o++ {
			what, ok := other[o]
			if !ok {
				what = aRow
			}
			if at := &w.offsets[o-w.first]; at.ledger != aRow {
				at.ledger = what
			}
		}
	}
}

// fault is a run of offsets with one faulty verdict.
type fault struct {
	store.Range
	Verdict Verdict
}

// verdicts judges every offset. before is the day (UTC) up to which rows may be
// gone because of their retention.
func (w *window) verdicts(before time.Time) (counts map[Verdict]int64, faults []fault) {
	counts = map[Verdict]int64{}
	allowed := expiredRows(w.entries, before)
	for i := range w.offsets {
		at := w.first + int64(i)
		v := judge(w.offsets[i], func() bool {
			for j := range w.entries {
				if e := &w.entries[j]; e.Source.Offset <= at && at < e.To && allowed[j] > 0 {
					allowed[j]--
					return true
				}
			}
			return false
		})
		counts[v]++
		if !v.Faulty() {
			continue
		}
		if n := len(faults); n > 0 && faults[n-1].Verdict == v && faults[n-1].To == at-1 {
			faults[n-1].To = at
		} else {
			faults = append(faults, fault{store.Range{From: at, To: at}, v})
		}
	}
	return counts, faults
}

// expiredRows is how many rows of each entry are past the retention, by the
// days that it counts them under.
func expiredRows(entries []store.StoredRange, before time.Time) []int64 {
	limit := before.UTC().Format(time.DateOnly)
	rows := make([]int64, len(entries))
	for i, e := range entries {
		for day, n := range e.Days {
			if day < limit {
				rows[i] += n
			}
		}
	}
	return rows
}
