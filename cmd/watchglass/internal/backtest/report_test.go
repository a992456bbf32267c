package backtest

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/watchglass/watchglass/internal/store"
)

func TestPrint(t *testing.T) {
	r := &Report{
		ID: "r-1", Title: "Exports", Level: "high", OnTrial: true, GroupBy: []string{"accessor.id", "subject.groups"}, Fields: []string{"action", "subject.groups"}, Notes: []string{"something"},
		From: time.Date(2026, 11, 1, 6, 0, 0, 0, time.UTC), To: time.Date(2026, 11, 4, 6, 0, 0, 0, time.UTC),
	}
	if err := r.Fill(&store.BacktestResult{
		Days:      []store.Tally{{Value: "2026-11-03", Events: 9}, {Value: "2026-11-01", Events: 1}},
		Accessors: store.Tallies{Top: []store.Tally{{Value: "e-1", Events: 7}}, Different: 3},
		Groups:    store.Tallies{Top: []store.Tally{{Value: `["e-1",["staff","minor"],5,true]`, Events: 6}}, Different: 4},
		Fields: []store.Tallies{
			{Top: []store.Tally{{Value: "export", Events: 9}, {Value: "", Events: 1}}, Different: 2},
			{Top: []store.Tally{{Value: "\x1b[31mred", Events: 1}}, Different: 1},
		},
		Cost: store.Cost{Rows: 100, Bytes: 1536, Took: 20 * time.Millisecond},
	}); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := Print(&out, r); err != nil {
		t.Fatal(err)
	}
	want := `Exports (r-1, high, on trial)
  10 events of 3 accessors, 4 incidents at least (by accessor.id, subject.groups)
  read 100 rows, 1.5 KiB in 20ms
  note: something
  events a day
    2026-11-01  1  ###
    2026-11-03  9  ##############################
    2 days without
  top accessors
    e-1  7  70 %
    and 2 more
  top groups
    e-1 · staff, minor · 5 · true  6  60 %
    and 3 more
  action
    export  9  90 %
    ""      1  10 %
  subject.groups
    "\x1b[31mred"  1  10 %

`
	if d := cmp.Diff(want, out.String()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// What the database sends is not in the error about it: it names people.
func TestGroupErrorsHoldNothing(t *testing.T) {
	if _, err := groupTexts(`{"e-1"`); err == nil || strings.Contains(err.Error(), "e-1") {
		t.Errorf("got %v", err)
	}
}
