package verify

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/schema"
)

// life is what became of one offset, told plainly: a model of everything that
// may happen to it by rights, and of what may be done to it behind the
// record's back.
type life struct {
	kind      expectation // aRow, aLetter, aSkip, aCopy or nothing
	day       string      // of its event
	compacted bool
	erased    bool
	expired   bool // retention has removed what was stored of it
	rows      uint64
	letter    bool
	removed   bool // behind its back
	doubled   bool // behind its back
}

const (
	youngDay = "2026-11-20"
	limitDay = "2026-11-10"
	oldDay   = "2026-11-01"
)

func drawLife(t *rapid.T, erasing bool) *life {
	l := &life{kind: rapid.SampledFrom([]expectation{aRow, aRow, aRow, aRow, aLetter, aSkip, aCopy, nothing}).Draw(t, "kind")}
	l.day = rapid.SampledFrom([]string{youngDay, youngDay, limitDay, oldDay}).Draw(t, "day")
	chance := func(what string) bool { return rapid.IntRange(0, 5).Draw(t, what) == 0 }
	l.compacted = l.kind != nothing && chance("compacted")
	switch l.kind {
	case aRow:
		l.rows = 1
		switch {
		case erasing && chance("erased"):
			l.rows, l.erased = 0, true
		case l.day != youngDay && rapid.Bool().Draw(t, "expired"):
			l.rows, l.expired = 0, true
		case !erasing && chance("removed"):
			l.rows, l.removed = 0, true
		case chance("doubled"):
			l.rows, l.doubled = 2, true
		}
	case aLetter:
		l.letter = true
		if chance("removed letter") {
			l.letter, l.removed = false, true
		}
	}
	return l
}

// Whatever happens by rights raises no alarm; whatever is done behind the
// record's back does, wherever Kafka's log begins, however the ledger cuts and
// however wide the windows are. What is removed that was about to expire anyway
// and that only the ledger knows of cannot be told from it, and is no fault.
func TestAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// As many rows may be removed unseen as were erased of one entry.
		erasing := rapid.Bool().Draw(t, "erasing")
		n := rapid.IntRange(1, 40).Draw(t, "offsets")
		log := make([]*life, n)
		for i := range log {
			log[i] = drawLife(t, erasing)
		}
		logFirst := int64(rapid.IntRange(0, n).Draw(t, "log begins"))
		entries := drawLedger(t, log)
		size := rapid.IntRange(1, n).Draw(t, "window")

		report := &Report{Counts: map[Verdict]int64{}}
		found := faults{report: report}
		allowances := map[int64]*allowance{}
		named := map[int64]Fault{}
		found.found = func(_ *Report, f Fault) {
			for o := f.From; o <= f.To; o++ {
				named[o] = f
			}
		}
		for from := int64(0); from < int64(n); {
			to := min(from+int64(size), int64(n))
			for _, e := range entries { // as align does
				if e.Source.Offset < to {
					to = max(to, e.To)
				}
			}
			w := fillFrom(log, entries, logFirst, from, to)
			counts, list, err := w.verdicts(func(e *store.StoredRange) (*allowance, error) {
				a := allowances[e.Source.Offset]
				if a == nil {
					a = modelAllowance(log, e)
					allowances[e.Source.Offset] = a
				}
				return a, nil
			})
			if err != nil {
				t.Fatal(err)
			}
			for v, c := range counts {
				report.Counts[v] += c
			}
			found.add(list)
			from = to
		}
		found.flush()

		total, tampered := int64(0), int64(0)
		for _, c := range report.Counts {
			total += c
		}
		for i, l := range log {
			at := int64(i)
			inKafka := at >= logFirst && !l.compacted
			hidden := l.removed && l.kind == aRow && l.day != youngDay // it may have expired
			fault, isNamed := named[at]
			switch {
			case l.doubled:
				tampered++
				if !isNamed || fault.Verdict != Doubled {
					t.Fatalf("offset %d is doubled, and named %+v", at, fault)
				}
			case l.removed && !hidden:
				tampered++
				if !isNamed || fault.Verdict != Missing {
					t.Fatalf("offset %d is missing, and named %+v", at, fault)
				}
			case isNamed && fault.Reason != SomeExpired && !inKafka && l.kind == aRow && l.rows == 0:
				// Others of its entry are missing; which ones cannot be told.
			case isNamed && fault.Reason != SomeExpired:
				t.Fatalf("offset %d is %+v, and named %+v", at, *l, fault)
			}
		}
		if total != int64(n) {
			t.Fatalf("%d verdicts for %d offsets", total, n)
		}
		if report.Faulty != tampered {
			t.Fatalf("%d offsets are faulty, want %d", report.Faulty, tampered)
		}
	})
}

// drawLedger cuts the log into entries.
func drawLedger(t *rapid.T, log []*life) (entries []store.StoredRange) {
	for from := 0; from < len(log); {
		to := from + rapid.IntRange(1, len(log)-from).Draw(t, "range")
		e := entry(int64(from), int64(to))
		e.Days = map[string]int64{}
		for o := from; o < to; o++ {
			switch r := one(int64(o)); log[o].kind {
			case aRow:
				e.Rows++
				e.Days[log[o].day]++
			case aLetter:
				e.Dead = append(e.Dead, r)
			case aSkip:
				e.Skipped = append(e.Skipped, r)
			case aCopy:
				e.Copies = append(e.Copies, r)
			case nothing:
				e.Absent = append(e.Absent, r)
			}
		}
		entries = append(entries, e)
		from = to
	}
	return entries
}

// fillFrom makes the window that ClickHouse and Kafka would give.
func fillFrom(log []*life, entries []store.StoredRange, logFirst, from, to int64) *window {
	w := newWindow(from, to)
	for o := from; o < to; o++ {
		l := log[o]
		if l.rows > 0 {
			w.addRows([]store.Counted{{Offset: o, Times: l.rows}})
		}
		if l.letter {
			w.addDead([]store.DeadSpan{{Range: one(o), Reason: schema.ReasonMalformed}})
		}
		if l.erased {
			w.addErased([]store.Counted{{Offset: o, Times: 1}})
		}
		if o < logFirst {
			continue
		}
		at := w.at(o)
		at.record = nothing
		if !l.compacted {
			at.record, at.replay, at.old = l.kind, l.kind == aCopy, l.kind == aRow && l.day != youngDay
		}
	}
	w.addLedger(entries, time.Time{})
	return w
}

func modelAllowance(log []*life, e *store.StoredRange) *allowance {
	byDay := map[string]int64{}
	var stored, erased int64
	for o := e.Source.Offset; o < e.To; o++ {
		l := log[o]
		if l.rows > 0 {
			stored++
			byDay[l.day]++
		}
		if l.erased {
			erased++
		}
	}
	return allow(e, limitDay, byDay, stored, erased)
}
