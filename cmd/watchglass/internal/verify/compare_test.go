package verify

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/schema"
)

func one(o int64) store.Range { return store.Range{From: o, To: o} }

// entry is the ledger's of [from,to).
func entry(from, to int64) store.StoredRange {
	return store.StoredRange{Source: schema.Position{Offset: from}, To: to, Entered: time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)}
}

func TestWindow(t *testing.T) {
	w := newWindow(100, 120)
	w.addRows([]store.Counted{{Offset: 99, Times: 3}, {Offset: 100, Times: 1}, {Offset: 102, Times: 2}, {Offset: 106, Times: 1}, {Offset: 120, Times: 7}})
	w.addDead([]store.DeadSpan{{Range: one(101), Reason: schema.ReasonMalformed}, {Range: store.Range{From: 90, To: 99}, Reason: schema.ReasonGap}, {Range: store.Range{From: 117, To: 130}, Reason: schema.ReasonPassed}})
	w.addErased([]store.Counted{{Offset: 103, Times: 1}, {Offset: 200, Times: 1}})
	first, second := entry(95, 110), entry(110, 117)
	first.Rows, first.Dead, first.Absent = 11, []store.Range{one(101)}, []store.Range{{From: 107, To: 109}}
	second.Skipped = []store.Range{{From: 110, To: 116}}
	w.addLedger([]store.StoredRange{first, second}, time.Time{})
	counts, faults, err := w.verdicts(func(e *store.StoredRange) (*allowance, error) {
		if e.Source.Offset != 95 {
			t.Errorf("asked for the allowance of the entry at %d", e.Source.Offset)
		}
		return &allowance{expired: 1}, nil // 104 and 105 are gone; one of them may be
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[Verdict]int64{Row: 2, DeadLetter: 1, Doubled: 1, Erased: 1, Expired: 1, Missing: 1, NoRecord: 3, Skipped: 7, Unread: 3}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Fault{{102, 102, 1, Doubled, Rows}, {105, 105, 1, Missing, NotAsEntered}}, faults); diff != "" {
		t.Error(diff)
	}
}

// After a rewind entries overlap, and what only one of them calls a row is one.
func TestOverlappingEntries(t *testing.T) {
	passed, read := entry(0, 10), entry(4, 8)
	passed.Dead = []store.Range{{From: 0, To: 9}}
	read.Rows, read.Skipped = 3, []store.Range{one(5)}
	for name, entries := range map[string][]store.StoredRange{"in order": {passed, read}, "the other way round": {read, passed}} {
		w := newWindow(0, 10)
		w.addDead([]store.DeadSpan{{Range: store.Range{From: 0, To: 9}, Reason: schema.ReasonPassed}})
		w.addRows([]store.Counted{{Offset: 4, Times: 1}, {Offset: 6, Times: 1}})
		w.addLedger(entries, time.Time{})
		counts, faults, err := w.verdicts(func(e *store.StoredRange) (*allowance, error) { return &allowance{missing: e.Rows}, nil })
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[Verdict]int64{Row: 2, Unread: 7, Missing: 1}, counts); diff != "" {
			t.Error(name, diff)
		}
		if diff := cmp.Diff([]Fault{{7, 7, 1, Missing, NotAsEntered}}, faults); diff != "" {
			t.Error(name, diff)
		}
	}
}

func TestDeadLettersRetention(t *testing.T) {
	e := entry(0, 3)
	e.Dead = []store.Range{{From: 0, To: 2}}
	for name, c := range map[string]struct {
		before time.Time
		want   map[Verdict]int64
	}{
		"entered after the limit":  {e.Entered, map[Verdict]int64{Missing: 2, DeadLetter: 1}},
		"entered before the limit": {e.Entered.Add(1), map[Verdict]int64{Expired: 2, DeadLetter: 1}},
	} {
		w := newWindow(0, 3)
		w.addDead([]store.DeadSpan{{Range: one(1), Reason: schema.ReasonEmpty}})
		w.addLedger([]store.StoredRange{e}, c.before)
		counts, _, err := w.verdicts(nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, counts); diff != "" {
			t.Error(name, diff)
		}
	}
}

// Runs of faults go on across windows, and only the first are kept.
func TestFaultsAcrossWindows(t *testing.T) {
	var heard []Fault
	r := &Report{}
	f := faults{report: r, found: func(_ *Report, f Fault) { heard = append(heard, f) }}
	f.add([]Fault{{5, 9, 5, Missing, NoRow}})
	f.add([]Fault{{10, 12, 3, Missing, NoRow}, {13, 13, 1, Missing, NoLetter}, {14, 14, 1, Doubled, Rows}})
	f.add(nil)
	for o := int64(20); o < 120; o += 2 {
		f.add([]Fault{{o, o, 1, Missing, NoRow}})
	}
	f.flush()
	if want := (Fault{5, 12, 8, Missing, NoRow}); len(heard) == 0 || heard[0] != want {
		t.Errorf("the first run is %+v, want %+v", heard[0], want)
	}
	if len(heard) != 53 || r.Runs != 53 || len(r.Faults) != keptMost || r.Faulty != 60 {
		t.Errorf("%d heard, %d runs, %d kept, %d offsets; want 53, 53, %d and 60", len(heard), r.Runs, len(r.Faults), r.Faulty, keptMost)
	}
}

func TestSpans(t *testing.T) {
	var s Spans
	for _, o := range []int64{3, 4, 5, 9} {
		s.add(o)
	}
	if got := s.String(); got != "4 offsets (3-5, 9)" {
		t.Errorf("got %s", got)
	}
	for o := int64(20); o < 80; o += 2 {
		s.add(o)
	}
	s.add(79)
	if s.Runs != 32 || s.Offsets != 35 || len(s.First) != keptMost {
		t.Errorf("%d runs, %d offsets, %d kept", s.Runs, s.Offsets, len(s.First))
	}
}
