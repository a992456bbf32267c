package rules

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/watchglass/watchglass/internal/sigma"
	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/schema"
)

// What the matcher says of an event, the SQL says of its row.
func TestSQLAgreesWithTheMatcher(t *testing.T) {
	const rules, count = 350, 350
	m := newMaker(*seed)
	var events []*schema.AccessEvent
	for range count {
		events = append(events, m.event())
	}
	_, db := stored(t, events)
	var all []generated
	for i := range rules {
		set, text := m.rule(i)
		all = append(all, generated{set: set, text: text, want: matched(set, events)})
	}
	hits, both := 0, 0
	for _, part := range parts(t, all) {
		compare(t, db, part, events)
	}
	for _, g := range all {
		hits += len(g.want)
		if len(g.want) > 0 && len(g.want) < count {
			both++
		}
	}
	if hits < rules*count/10 || hits > rules*count*9/10 || both < rules/3 {
		t.Errorf("%d of %d matched, %d of %d rules match some and not all: the generator misses the point", hits, rules*count, both, rules)
	}
	t.Logf("%d of %d matched, %d of %d rules match some and not all", hits, rules*count, both, rules)
}

// generated is a rule and the events that it matches.
type generated struct {
	set  *sigma.Set
	text string
	sql  string
	want []int64
}

func matched(set *sigma.Set, events []*schema.AccessEvent) (offsets []int64) {
	m := set.NewMatcher()
	for i, ev := range events {
		if len(m.Match(ev)) > 0 {
			offsets = append(offsets, int64(i))
		}
	}
	return offsets
}

// parts are as many rules as one query may hold.
func parts(t *testing.T, all []generated) (queries [][]generated) {
	t.Helper()
	size := 0
	for i := range all {
		g := &all[i]
		var err error
		if g.sql, err = g.set.SQL(g.set.Rules()[0]); err != nil {
			t.Fatalf("%v\n%s", err, g.text)
		}
		if size += len(g.sql) + 100; len(queries) == 0 || size > 100_000 || len(queries[len(queries)-1]) == 20 {
			queries, size = append(queries, nil), len(g.sql)
		}
		queries[len(queries)-1] = append(queries[len(queries)-1], *g)
	}
	return queries
}

func compare(t *testing.T, db *store.DB, part []generated, events []*schema.AccessEvent) {
	t.Helper()
	var selects []string
	for i, g := range part {
		selects = append(selects, fmt.Sprintf("SELECT toInt64(%d) AS rule, arraySort(groupArray(kafka_offset)) AS found FROM %s WHERE %s", i, db.Name(store.EventsTable), g.sql))
	}
	rows, err := db.Conn().Query(t.Context(), strings.Join(selects, " UNION ALL ")+" SETTINGS max_query_size = 1000000")
	if err != nil {
		if len(part) > 1 {
			for i := range part {
				compare(t, db, part[i:i+1], events)
			}
			return
		}
		t.Errorf("%v\n%s\n%s", err, part[0].text, part[0].sql)
		return
	}
	defer rows.Close()
	for rows.Next() {
		var rule int64
		var found []int64
		if err := rows.Scan(&rule, &found); err != nil {
			t.Fatal(err)
		}
		if g := part[rule]; !slices.Equal(found, g.want) {
			t.Errorf("the matcher and ClickHouse differ\n%s\n%.1000s\n%s", g.text, g.sql, differences(g, found, events))
		}
	}
	if err := rows.Err(); err != nil {
		t.Errorf("%v\n%s", err, part[0].text)
	}
}

// differences are events that only one of both has, by the fields of the rule.
func differences(g generated, found []int64, events []*schema.AccessEvent) string {
	var b strings.Builder
	shown := 0
	for i, ev := range events {
		w, f := slices.Contains(g.want, int64(i)), slices.Contains(found, int64(i))
		if w == f || shown == 3 {
			continue
		}
		shown++
		fmt.Fprintf(&b, "event %d: matcher %t, SQL %t", i, w, f)
		for _, path := range g.set.Rules()[0].Fields {
			def, _ := schema.Lookup(path)
			switch {
			case def.Str != nil:
				fmt.Fprintf(&b, ", %s %+q", path, def.Str(ev))
			case def.Strs != nil:
				fmt.Fprintf(&b, ", %s %+q", path, def.Strs(ev))
			case def.Num != nil:
				fmt.Fprintf(&b, ", %s %d", path, def.Num(ev))
			case def.Flag != nil:
				fmt.Fprintf(&b, ", %s %t", path, def.Flag(ev))
			case def.Addr != nil:
				fmt.Fprintf(&b, ", %s %s", path, def.Addr(ev))
			case def.Time != nil:
				fmt.Fprintf(&b, ", %s %s", path, def.Time(ev))
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}
