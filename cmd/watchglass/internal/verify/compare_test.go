package verify

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/schema"
)

func TestJudge(t *testing.T) {
	for name, c := range map[string]struct {
		of      offset
		expired bool
		want    Verdict
	}{
		"one row of a good record":                 {offset{rows: 1, record: aRow, ledger: aRow}, false, Row},
		"one row, not yet in the ledger":           {offset{rows: 1, record: aRow}, false, Row},
		"one row of what Kafka has removed":        {offset{rows: 1, ledger: aRow}, false, Row},
		"one row of what was compacted away since": {offset{rows: 1, record: nothing, ledger: aRow}, false, Row},
		"two rows":                                       {offset{rows: 2, record: aRow}, false, Doubled},
		"a row and a dead letter":                        {offset{rows: 1, dead: true, record: aRow}, false, Doubled},
		"a row of a record that is poison":               {offset{rows: 1, record: aLetter}, false, Unexpected},
		"a row of a record to be skipped":                {offset{rows: 1, record: aSkip}, false, Unexpected},
		"no row of a good record":                        {offset{record: aRow, ledger: aRow}, false, Missing},
		"no row, and nothing in the ledger":              {offset{record: aRow}, false, Missing},
		"no row, and the ledger calls it a dead letter":  {offset{record: aRow, ledger: aLetter}, false, Missing},
		"no row of a good record that is past retention": {offset{record: aRow, old: true}, false, Expired},
		"no row, the ledger says that it may be expired": {offset{ledger: aRow}, true, Expired},
		"no row, the ledger says that it cannot be":      {offset{ledger: aRow}, false, Missing},
		"erased":        {offset{erased: true, record: aRow, ledger: aRow}, false, Erased},
		"a dead letter": {offset{dead: true, record: aLetter, ledger: aLetter}, false, DeadLetter},
		"a dead letter that is gone, says the ledger":     {offset{record: aLetter, ledger: aLetter}, false, DeadLetter},
		"no dead letter of a record that is poison":       {offset{record: aLetter}, false, Missing},
		"poison that the ledger calls a row, and no row":  {offset{record: aLetter, ledger: aRow}, false, Missing},
		"a span that retention removed":                   {offset{dead: true, span: true, ledger: aLetter}, false, Unread},
		"another log line":                                {offset{record: aSkip}, false, Skipped},
		"another log line, says the ledger":               {offset{ledger: aSkip}, false, Skipped},
		"a record that the ledger calls another log line": {offset{record: aRow, ledger: aSkip}, false, Missing},
		"a second replay":                                 {offset{record: aRow, ledger: aCopy}, false, Copy},
		"a marker of a transaction":                       {offset{record: nothing, ledger: nothing}, false, NoRecord},
		"no record, says the ledger":                      {offset{ledger: nothing}, false, NoRecord},
		"a record where the ledger has none":              {offset{record: aRow, ledger: nothing}, false, Missing},
		"a row of the ledger, compacted in Kafka, gone":   {offset{record: nothing, ledger: aRow}, false, Missing},
		"nobody knows":                                    {offset{}, false, Missing},
	} {
		t.Run(name, func(t *testing.T) {
			if got := judge(c.of, func() bool { return c.expired }); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestWindow(t *testing.T) {
	one := func(o int64) store.Range { return store.Range{From: o, To: o} }
	w := newWindow(100, 120)
	w.addRows([]store.Counted{{Range: one(100), Times: 1}, {Range: one(102), Times: 2}, {Range: one(106), Times: 1}})
	w.addDead([]store.Counted{{Range: one(101), Times: 1}, {Range: store.Range{From: 90, To: 99}, Times: 1}, {Range: store.Range{From: 117, To: 130}, Times: 1}})
	w.addErased([]store.Counted{{Range: one(103), Times: 1}})
	w.addLedger([]store.StoredRange{
		{Source: schema.Position{Offset: 95}, To: 110, Dead: []store.Range{one(101)}, Absent: []store.Range{{From: 107, To: 109}}, Days: map[string]int64{"2025-01-01": 1, "2026-11-24": 20}},
		{Source: schema.Position{Offset: 110}, To: 117, Skipped: []store.Range{{From: 110, To: 116}}},
	})
	counts, faults := w.verdicts(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	// 104 and 105 are missing; one of them may have been of 2025.
	want := map[Verdict]int64{Row: 2, DeadLetter: 1, Doubled: 1, Erased: 1, Expired: 1, Missing: 1, NoRecord: 3, Skipped: 7, Unread: 3}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]fault{{one(102), Doubled}, {one(105), Missing}}, faults); diff != "" {
		t.Error(diff)
	}
}
