package rules

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/watchglass/watchglass/internal/sigma"
	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/schema"
)

// What the evaluator in memory finds over time, the SQL finds in the table: the same
// events complete the same rules for the same groups.
func TestSQLOverTimeAgreesWithTheEvaluator(t *testing.T) {
	const rules = 150
	m := newMaker(*seed)
	events := m.timed(300)
	all := m.overTime(t, rules)
	set, err := sigma.Parse("rules.yml", []byte(baseRules+strings.Join(all, "")), sigma.Options{})
	if err != nil {
		t.Fatal(err)
	}
	timeline, matcher := set.NewTimeline(), set.NewMatcher()
	for i, ev := range events {
		found := matcher.Match(ev)
		for _, r := range found {
			ev.Rules = append(ev.Rules, r.ID)
		}
		timeline.Add(i, ev, found)
	}
	_, db := stored(t, events)
	want := map[string][]string{}
	for _, f := range timeline.Findings() {
		want[f.Rule.ID] = append(want[f.Rule.ID], finding(int64(f.Event), f.At.UnixMilli(), values(f.Group)))
	}
	found, types := 0, map[string]int{}
	last := slices.MaxFunc(events, func(a, b *schema.AccessEvent) int { return a.Time.Compare(b.Time) }).Time
	for _, r := range set.OverTime() {
		query := sigma.Query{Table: db.Name(store.EventsTable), From: time.UnixMilli(0), To: last}
		sql, err := set.SQLOverTime(r, query)
		if err != nil {
			t.Fatal(err)
		}
		got := ask(t, db, sql)
		query.ByCondition = true
		if sql, err = set.SQLOverTime(r, query); err != nil {
			t.Fatal(err)
		}
		slices.Sort(got)
		if again := ask(t, db, sql); !slices.Equal(got, sorted(again)) {
			t.Errorf("by the conditions of the rules other findings than by the column rules\n%s\n%s", ruleText(all, r.ID), sql)
		}
		slices.Sort(want[r.ID])
		if slices.Sort(got); !slices.Equal(got, want[r.ID]) {
			t.Errorf("the evaluator and ClickHouse differ\n%s\nevaluator: %d %.300v\nClickHouse: %d %.300v\n%s", ruleText(all, r.ID), len(want[r.ID]), want[r.ID], len(got), got, sql)
			return
		}
		if len(got) > 0 {
			found++
			types[r.Correlation.Type]++
		}
		if r.Correlation.Final() {
			touched(t, db, set, r, last, got)
		}
	}
	if found < rules/3 || len(types) < 8 {
		t.Errorf("%d of %d rules find something, by type %v: the generator misses the point", found, rules, types)
	}
	t.Logf("%d of %d rules find something, by type %v", found, rules, types)
}

// touched holds what a run asks for, the groups that got new rows, to what it must tell:
// whatever the rule finds in all rows, and not in those before.
func touched(t *testing.T, db *store.DB, set *sigma.Set, r *sigma.Rule, last time.Time, all []string) {
	t.Helper()
	find := func(q sigma.Query) []string {
		q.Table, q.From, q.To = db.Name(store.EventsTable), time.UnixMilli(0), last
		sql, err := set.SQLOverTime(r, q)
		if err != nil {
			t.Fatal(err)
		}
		return ask(t, db, sql)
	}
	for _, offset := range []int{50, 290} {
		known := find(sigma.Query{Where: fmt.Sprintf("kafka_offset < %d", offset)})
		asked := find(sigma.Query{Touched: fmt.Sprintf("kafka_offset >= %d", offset)})
		for _, f := range asked {
			if !slices.Contains(all, f) {
				t.Errorf("rule %s: found in groups that got rows only: %s", r.ID, f)
			}
		}
		for _, f := range all {
			if !slices.Contains(known, f) && !slices.Contains(asked, f) {
				t.Errorf("rule %s: not found in groups that got rows from offset %d on: %s", r.ID, offset, f)
			}
		}
	}
}

// baseRules are those on single events.
const baseRules = `
title: reads
name: a
logsource: {product: watchglass}
detection: {s: {action: read}, condition: s}
---
title: exports
name: b
logsource: {product: watchglass}
detection: {s: {action: export}, condition: s}
---
title: many rows
name: c
logsource: {product: watchglass}
detection: {s: {rows|gte: 5}, condition: s}
`

// timed are events close to each other, of few accessors and subjects, in any order.
func (m maker) timed(n int) (events []*schema.AccessEvent) {
	begin := time.Date(2026, 11, 23, 23, 50, 0, 0, time.UTC)
	for range n {
		at := begin.Add(time.Duration(m.IntN(1200)) * time.Second)
		if m.IntN(3) == 0 {
			at = at.Add(time.Duration(m.IntN(3)) * time.Millisecond)
		}
		ev := &schema.AccessEvent{
			Time: at, Action: pick(m, "read", "export", "copy"), Rows: pick[uint64](m, 0, 1, 4, 5, 6, 100, math.MaxUint64),
			Accessor: schema.Accessor{ID: pick(m, "e-1", "e-2", ""), OnBehalfOf: pick(m, "e-1", "e-2", "")},
		}
		for range m.IntN(4) {
			ev.Subject.IDs = append(ev.Subject.IDs, pick(m, "u-1", "u-2", "u-3"))
		}
		ev.Bytes = pick[uint64](m, 0, 1, 2, 3)
		ev.Enrichment.Unit = pick(m, "x", "y")
		events = append(events, ev)
	}
	return events
}

// overTime are rules over time; some name those before them.
func (m maker) overTime(t *testing.T, n int) (all []string) {
	t.Helper()
	var chainable []string
	for len(all) < n {
		id := fmt.Sprintf("t-%d", len(all))
		rules := slices.Clone(pick(m, []string{"a"}, []string{"a", "b"}, []string{"b", "a", "c"}, []string{"c", "b"}))
		if len(chainable) > 0 && m.IntN(4) == 0 {
			rules[m.IntN(len(rules))] = pick(m, chainable...)
		}
		kind := pick(m, "event_count", "value_count", "temporal", "temporal_ordered", "value_sum", "value_avg", "value_percentile", "value_median")
		op := pick(m, "gt", "gte", "lt", "lte", "eq", "neq")
		span := pick(m, "1s", "10s", "60s", "5m", "20m")
		groups := pick(m, "[]", "[accessor.id]", "[subject.ids]", "[accessor.id, subject.ids]", "[accessor.unit, accessor.id]")
		var condition string
		switch kind {
		case "event_count":
			condition = fmt.Sprintf("{%s: %d}", op, m.IntN(5))
		case "value_count":
			condition = fmt.Sprintf("{%s: %d, field: %s}", op, m.IntN(4), pick(m, "subject.ids", "accessor.unit", "[accessor.id, subject.ids]", "bytes"))
		case "temporal":
			condition = pick(m, "", "{gte: 2}", "{gt: 1, lt: 3}", strings.Join(rules, " and "), strings.Join(rules, " or "))
		case "value_sum":
			condition = fmt.Sprintf("{%s: %s, field: %s}", op, pick(m, "3", "10", "2.5", "18446744073709551616"), pick(m, "rows", "bytes"))
		case "value_avg", "value_median":
			condition = fmt.Sprintf("{%s: %s, field: bytes}", op, pick(m, "1", "1.5", "2"))
		case "value_percentile":
			condition = fmt.Sprintf("{%s: %s, field: bytes, percentile: %s}", op, pick(m, "1", "1.5", "2"), pick(m, "0", "25", "50", "100"))
		}
		text := fmt.Sprintf("---\ntitle: %[1]s\nid: %[1]s\ncorrelation:\n    type: %[2]s\n    rules: [%[3]s]\n    timespan: %[4]s\n", id, kind, strings.Join(rules, ", "), span)
		if m.IntN(5) == 0 && len(rules) > 1 {
			var fields []string
			for _, name := range rules {
				fields = append(fields, name+": "+pick(m, "accessor.id", "accessor.on_behalf_of"))
			}
			groups = "[who]"
			text += "    aliases: {who: {" + strings.Join(fields, ", ") + "}}\n"
		}
		text += "    group-by: " + groups + "\n"
		if condition != "" {
			text += "    condition: " + condition + "\n"
		}
		set, err := sigma.Parse("rules.yml", []byte(baseRules+strings.Join(all, "")+text), sigma.Options{})
		if err != nil {
			continue // such as a chain on an absence
		}
		all = append(all, text)
		for _, r := range set.OverTime() {
			if r.ID == id && !r.Correlation.Absence() && r.Reach() < time.Hour {
				chainable = append(chainable, id)
			}
		}
	}
	return all
}

func ruleText(all []string, id string) string {
	for _, text := range all {
		if strings.Contains(text, "\nid: "+id+"\n") {
			return text
		}
	}
	return ""
}

func finding(event, at int64, groups []string) string {
	return fmt.Sprintf("%d at %d %q", event, at, groups)
}

func sorted(list []string) []string {
	slices.Sort(list)
	return list
}

func values(group []sigma.GroupValue) []string {
	list := []string{}
	for _, g := range group {
		list = append(list, g.Value)
	}
	return list
}

func ask(t *testing.T, db *store.DB, sql string) (found []string) {
	t.Helper()
	rows, err := db.Conn().Query(t.Context(), "SELECT groups, at, place FROM ("+sql+")")
	if err != nil {
		t.Fatalf("%v\n%s", err, sql)
	}
	defer rows.Close()
	for rows.Next() {
		var groups []string
		var at, place int64
		if err := rows.Scan(&groups, &at, &place); err != nil {
			t.Fatalf("%v\n%s", err, sql)
		}
		found = append(found, finding(place, at, groups))
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%v\n%s", err, sql)
	}
	return found
}
