package rules

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/watchglass/watchglass/internal/sigma"
	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/schema"
)

const exported = `title: Exported with a ticket
id: r-exported
logsource: {product: watchglass}
detection:
  s:
    action: export
    rows|gte: 0
    resource.fields|exists: true
    statement|contains: ''
  condition: s
watchglass:
  group-by: [accessor.id, subject.groups, rows]
`

const departed = `title: Departed
id: r-departed
status: experimental
level: high
logsource: {product: watchglass}
detection:
  s:
    accessor.status: departed
  condition: s
`

// tally is a value with the events that have it, as the program prints it.
type tally struct {
	Value  string
	Events int
}

type facet struct {
	Field     string
	Different int
	Top       []tally
}

type report struct {
	Rule    string
	OnTrial bool `json:"on_trial"`
	Events  int
	Days    []struct {
		Day    string
		Events int
	}
	Accessors facet
	Incidents int
	Groups    []struct {
		Values []string
		Events int
	}
	Fields    []facet
	RowsRead  uint64 `json:"rows_read"`
	BytesRead uint64 `json:"bytes_read"`
}

// What the program says that rules would have found is what the matcher finds.
func TestBacktest(t *testing.T) {
	m := newMaker(*seed)
	var events []*schema.AccessEvent
	for range 300 {
		events = append(events, m.event())
	}
	cfg, _ := stored(t, events)
	program := newProgram(t, cfg, exported, departed)

	out := program.run(t, 0, "backtest", "--since", "2026-01-01T00:00:00Z", "--until", "2026-06-01T00:00:00Z", "--json", "--top", "4")
	reports := map[string]report{}
	for line := range strings.Lines(out) {
		var r report
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		reports[r.Rule] = r
	}
	if len(reports) != 2 || !reports["r-departed"].OnTrial || reports["r-exported"].OnTrial {
		t.Fatalf("got %+v", reports)
	}
	for id, text := range map[string]string{"r-exported": exported, "r-departed": departed} {
		check(t, reports[id], text, events)
	}

	text := program.run(t, 0, "backtest", "--since", "2026-01-01T00:00:00Z", "--rule", "departed")
	if r := reports["r-departed"]; !strings.Contains(text, fmt.Sprintf("\n  %d events of ", r.Events)) || !strings.Contains(text, "on trial") || strings.Contains(text, "r-exported") {
		t.Errorf("got\n%s", text)
	}
	if text = program.run(t, 0, "backtest", "--since", "2020-01-01T00:00:00Z", "--until", "2020-02-01T00:00:00Z"); !strings.Contains(text, "0 events of 0 accessors") {
		t.Errorf("got\n%s", text)
	}
}

// check holds a report to what the matcher finds.
func check(t *testing.T, r report, text string, events []*schema.AccessEvent) {
	t.Helper()
	set, err := sigma.Parse("rule.yml", []byte(text), sigma.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rule := set.Rules()[0]
	days, accessors, groups := map[string]int{}, map[string]int{}, map[string]int{}
	fields := map[string]map[string]int{}
	found := matched(set, events)
	for _, i := range found {
		ev := events[i]
		days[ev.Time.Format("2006-01-02")]++
		accessors[ev.Accessor.ID]++
		var group []string
		for _, path := range rule.GroupBy {
			group = append(group, strings.Join(texts(path, ev), ", "))
		}
		groups[fmt.Sprintf("%q", group)]++
		for _, path := range set.LooksAt(rule) {
			if fields[path] == nil {
				fields[path] = map[string]int{}
			}
			values := texts(path, ev)
			slices.Sort(values)
			for _, v := range slices.Compact(values) {
				fields[path][v]++
			}
		}
	}
	if r.Events != len(found) || len(found) == 0 || r.Incidents != len(groups) || r.RowsRead == 0 || r.BytesRead == 0 {
		t.Errorf("%s: %d events, %d incidents, %d rows read; want %d events, %d incidents", r.Rule, r.Events, r.Incidents, r.RowsRead, len(found), len(groups))
	}
	seen := 0
	for _, d := range r.Days {
		if d.Events != days[d.Day] {
			t.Errorf("%s: %d events on %s, want %d", r.Rule, d.Events, d.Day, days[d.Day])
		}
		seen += d.Events
	}
	if seen != len(found) || len(r.Days) != 151 {
		t.Errorf("%s: %d events on %d days", r.Rule, seen, len(r.Days))
	}
	for _, g := range r.Groups {
		if groups[fmt.Sprintf("%q", g.Values)] != g.Events {
			t.Errorf("%s: group %q has %d events, want one of %v", r.Rule, g.Values, g.Events, groups)
		}
	}
	for _, f := range append(r.Fields, r.Accessors) {
		want := fields[f.Field]
		if f.Field == "accessor.id" {
			want = accessors
		}
		if d := gocmp.Diff(most(want, 4), f.Top); d != "" || f.Different != len(want) {
			t.Errorf("%s: %s has %d values, want %d (-want +got):\n%s", r.Rule, f.Field, f.Different, len(want), d)
		}
	}
	if len(r.Fields) != len(set.LooksAt(rule)) {
		t.Errorf("%s: fields %+v, want %v", r.Rule, r.Fields, set.LooksAt(rule))
	}
}

// texts are a field's values, as the program counts them.
func texts(path string, ev *schema.AccessEvent) []string {
	def, _ := schema.Lookup(path)
	switch {
	case def.Strs != nil:
		return slices.Clone(def.Strs(ev))
	case def.Num != nil:
		return []string{strconv.FormatUint(def.Num(ev), 10)}
	}
	return []string{def.Str(ev)}
}

func most(counts map[string]int, n int) []tally {
	all := []tally{}
	for v, events := range counts {
		all = append(all, tally{v, events})
	}
	slices.SortFunc(all, func(a, b tally) int {
		return cmp.Or(cmp.Compare(b.Events, a.Events), cmp.Compare(a.Value, b.Value))
	})
	return all[:min(n, len(all))]
}

// The server ends a query at its bounds, and the error says which rule it was,
// and nothing of the events.
func TestBacktestIsBounded(t *testing.T) {
	m := newMaker(*seed)
	var events []*schema.AccessEvent
	for range 200 {
		ev := m.event()
		ev.Statement = strings.Repeat("x", 60_000)
		events = append(events, ev)
	}
	cfg, db := stored(t, events)
	_, err := db.Backtest(t.Context(), store.Backtest{
		Where: "sleepEachRow(0.1) = 0", From: events[0].Time.AddDate(-1, 0, 0), To: events[0].Time.AddDate(1, 0, 0), Top: 1,
		Group: schema.Fields()[:1], Bounds: store.Bounds{Time: time.Second, Threads: 1},
	})
	if !errors.Is(err, store.ErrBounds) {
		t.Errorf("a query of %d times 100 ms that may take 1 s: got %v", len(events), err)
	}
	long := strings.ReplaceAll(departed, "accessor.status: departed", "statement|contains: xxxx")
	out := newProgram(t, cfg, long).run(t, 1, "backtest", "--since", "2026-01-01T00:00:00Z", "--max-memory", "64KiB")
	if !strings.Contains(out, "r-departed") || !strings.Contains(out, "--max-memory") || strings.Contains(out, "xx") {
		t.Errorf("got %s", out)
	}
}

// The query that `rules sql` prints finds the events that the matcher finds.
func TestPrintedQuery(t *testing.T) {
	m := newMaker(*seed)
	var events []*schema.AccessEvent
	for range 100 {
		events = append(events, m.event())
	}
	cfg, db := stored(t, events)
	set, err := sigma.Parse("rule.yml", []byte(departed), sigma.Options{})
	if err != nil {
		t.Fatal(err)
	}
	query := strings.TrimSpace(newProgram(t, cfg, exported, departed).run(t, 0, "sql", "--since", "2026-01-01T00:00:00Z", "R-Departed"))
	rows, err := db.Conn().Query(t.Context(), "SELECT kafka_offset FROM ("+strings.TrimSuffix(query, ";")+") ORDER BY kafka_offset")
	if err != nil {
		t.Fatalf("%v\n%s", err, query)
	}
	defer rows.Close()
	var found []int64
	for rows.Next() {
		var offset int64
		if err := rows.Scan(&offset); err != nil {
			t.Fatal(err)
		}
		found = append(found, offset)
	}
	if d := gocmp.Diff(matched(set, events), found); d != "" || rows.Err() != nil {
		t.Errorf("%v (-matcher +query):\n%s", rows.Err(), d)
	}
}
