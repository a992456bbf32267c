package verify

import (
	"cmp"
	"slices"
	"time"

	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/schema"
)

// window is what is known of the offsets from first on.
type window struct {
	first   int64
	offsets []offset
	entries []store.StoredRange
}

func newWindow(from, to int64) *window {
	return &window{first: from, offsets: make([]offset, to-from)}
}

func (w *window) end() int64 { return w.first + int64(len(w.offsets)) }

// at is what is known of an offset; nil outside of the window.
func (w *window) at(o int64) *offset {
	if o < w.first || o >= w.end() {
		return nil
	}
	return &w.offsets[o-w.first]
}

// each calls do for the offsets of a range, both ends included, that lie in
// the window.
func (w *window) each(r store.Range, do func(*offset)) {
	for o := max(r.From, w.first); o <= min(r.To, w.end()-1); o++ {
		do(&w.offsets[o-w.first])
	}
}

func (w *window) addRows(counted []store.Counted) {
	for _, c := range counted {
		if o := w.at(c.Offset); o != nil {
			o.rows += uint32(min(c.Times, 1<<31))
		}
	}
}

func (w *window) addErased(counted []store.Counted) {
	for _, c := range counted {
		if o := w.at(c.Offset); o != nil {
			o.erased = true
		}
	}
}

func (w *window) addDead(spans []store.DeadSpan) {
	for _, s := range spans {
		kind := ownLetter
		switch s.Reason {
		case schema.ReasonGap, schema.ReasonPassed:
			kind = spanLetter
		case schema.ReasonTimeTooOld, schema.ReasonTimeTooNew:
			kind = timeLetter
		}
		w.each(s.Range, func(o *offset) { o.letter = max(o.letter, kind) })
	}
}

// addLedger notes what the entries say. Where two overlap, after a rewind, a
// row in one of them is what counts. Dead letters of what was entered before
// lettersBefore may be gone.
func (w *window) addLedger(entries []store.StoredRange, lettersBefore time.Time) {
	said := make([]expectation, len(w.offsets))
	for _, e := range entries {
		number := int32(len(w.entries))
		w.entries = append(w.entries, e)
		from, to := max(e.Source.Offset, w.first), min(e.To, w.end())
		if from >= to {
			continue
		}
		part := said[from-w.first : to-w.first]
		for i := range part {
			part[i] = aRow
		}
		for _, named := range []struct {
			what   expectation
			ranges []store.Range
		}{{aLetter, e.Dead}, {aSkip, e.Skipped}, {aCopy, e.Copies}, {nothing, e.Absent}} {
			for _, r := range named.ranges {
				for o := max(r.From, from); o <= min(r.To, to-1); o++ {
					said[o-w.first] = named.what
				}
			}
		}
		gone := e.Entered.Before(lettersBefore)
		for i, what := range part {
			o := &w.offsets[from-w.first+int64(i)]
			o.letterGone = o.letterGone || gone
			if o.ledger == aRow {
				continue
			}
			o.ledger = what
			o.entry = number
		}
	}
}

// Fault is a run of offsets, both ends included, with one faulty verdict.
type Fault struct {
	From    int64   `json:"from"`
	To      int64   `json:"to"`
	Offsets int64   `json:"offsets"` // how many of them
	Verdict Verdict `json:"verdict"`
	Reason  Reason  `json:"reason"`
}

// verdicts judges every offset of the window. allow tells how many of an
// entry's rows may be gone, and how many may not; it is asked about entries
// some of whose rows are.
func (w *window) verdicts(allow func(*store.StoredRange) (*allowance, error)) (counts map[Verdict]int64, faults []Fault, err error) {
	counts = map[Verdict]int64{}
	gone := map[int32][]int64{} // by entry: rows that only it tells of
	known := map[int32]int64{}  // by entry: rows that are missing for another reason, and were not past their retention
	for i := range w.offsets {
		at := w.first + int64(i)
		v, reason := judge(w.offsets[i])
		if reason == NotAsEntered {
			entry := w.offsets[i].entry
			gone[entry] = append(gone[entry], at)
			continue
		}
		counts[v]++
		if v == Missing && w.offsets[i].ledger == aRow {
			known[w.offsets[i].entry]++
		}
		if v.Faulty() {
			faults = extend(faults, Fault{at, at, 1, v, reason})
		}
	}
	for entry, offsets := range gone {
		a, err := allow(&w.entries[entry])
		if err != nil {
			return nil, nil, err
		}
		a.missing = max(0, a.missing-known[entry])
		missing, expired := a.settle(offsets)
		if expired > 0 {
			counts[Expired] += expired
		}
		for _, f := range missing {
			counts[Missing] += f.Offsets
			faults = append(faults, f)
		}
	}
	slices.SortFunc(faults, func(a, b Fault) int { return cmp.Compare(a.From, b.From) })
	return counts, faults, nil
}

// extend adds a fault that is not below any that came before.
func extend(faults []Fault, f Fault) []Fault {
	if n := len(faults); n > 0 && faults[n-1].joins(f) {
		faults[n-1].To, faults[n-1].Offsets = f.To, faults[n-1].Offsets+f.Offsets
		return faults
	}
	return append(faults, f)
}

// joins tells whether f goes on where this fault ends.
func (f Fault) joins(next Fault) bool {
	return f.Verdict == next.Verdict && f.Reason == next.Reason && f.To+1 == next.From && f.Reason != SomeExpired
}
