package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/watchglass/watchglass/schema"
)

// Backtest asks what a condition would have found among the stored events. It
// changes nothing, and the server holds it to its bounds.
type Backtest struct {
	Where    string // over the columns of access_events
	From, To time.Time
	Group    []schema.Field // what makes one incident of several events
	Fields   []schema.Field // whose values are counted
	Top      int            // values of each
	Bounds   Bounds
}

// Bounds are what one query may use. Zero leaves it to the server.
type Bounds struct {
	Time    time.Duration
	Memory  uint64 // bytes
	Threads int
}

// BacktestResult is what was found.
type BacktestResult struct {
	Days      []Tally // by day (UTC, such as 2026-11-24) that has events, the most frequent first
	Accessors Tallies
	Groups    Tallies // values are JSON arrays in the order of Group
	Fields    []Tallies
	Cost      Cost
}

// Tally is how many events have a value.
type Tally struct {
	Value  string
	Events uint64
}

// Tallies are the most frequent values, and how many different ones there are.
type Tallies struct {
	Top       []Tally
	Different uint64
}

// Cost is what a query took of the server.
type Cost struct {
	Rows, Bytes uint64 // read
	Took        time.Duration
}

// maxValueChars is how much of a value is told apart: a statement may be long.
const maxValueChars = 100

// Facets of a backtest; those of the fields follow.
const (
	facetDay = iota
	facetAccessor
	facetGroup
	facetFields
)

// Backtest runs one.
func (d *DB) Backtest(ctx context.Context, b Backtest) (*BacktestResult, error) {
	const doing = "backtest"
	r := &BacktestResult{Fields: make([]Tallies, len(b.Fields))}
	began := time.Now()
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(b.Bounds.settings()), clickhouse.WithProgress(func(p *clickhouse.Progress) {
		r.Cost.Rows += p.Rows
		r.Cost.Bytes += p.Bytes
	}))
	rows, err := d.conn.Query(ctx, b.query(d.Name(EventsTable)))
	if err != nil {
		return nil, bounded(classify(doing, err))
	}
	defer rows.Close()
	for rows.Next() {
		if err := r.take(rows); err != nil {
			return nil, classify(doing, err)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, bounded(classify(doing, err))
	}
	r.Cost.Took = time.Since(began)
	return r, nil
}

func (r *BacktestResult) take(rows driver.Rows) error {
	var facet uint32
	var t Tally
	var different uint64
	if err := rows.Scan(&facet, &t.Value, &t.Events, &different); err != nil {
		return err
	}
	var to *Tallies
	switch facet {
	case facetDay:
		r.Days = append(r.Days, t)
		return nil
	case facetAccessor:
		to = &r.Accessors
	case facetGroup:
		to = &r.Groups
	default:
		to = &r.Fields[facet-facetFields]
	}
	to.Top, to.Different = append(to.Top, t), different
	return nil
}

// query reads the events once: each that is found counts for its day, its
// accessor, its group, and every value that it has in a field.
func (b Backtest) query(table string) string {
	one := func(facet int, value string) string { return fmt.Sprintf("(toUInt32(%d), toString(%s))", facet, value) }
	group := make([]string, len(b.Group))
	for i, f := range b.Group {
		group[i] = f.Column
	}
	single := []string{
		one(facetDay, "formatDateTime(time, '%F', 'UTC')"), one(facetAccessor, "accessor_id"),
		one(facetGroup, "toJSONString(tuple("+strings.Join(group, ", ")+"))"),
	}
	var lists []string
	for i, f := range b.Fields {
		if f.Kind == schema.Strings {
			lists = append(lists, ", arrayMap(x -> "+one(facetFields+i, brief("x"))+", arrayDistinct("+f.Column+"))")
		} else {
			single = append(single, one(facetFields+i, brief(f.Column)))
		}
	}
	all := "[" + strings.Join(single, ", ") + "]"
	if lists != nil {
		all = "arrayConcat(" + all + strings.Join(lists, "") + ")"
	}
	found := "SELECT arrayJoin(" + all + ") AS pair FROM " + table +
		fmt.Sprintf(" WHERE time >= fromUnixTimestamp64Milli(%d, 'UTC') AND time < fromUnixTimestamp64Milli(%d, 'UTC') AND (%s)", b.From.UnixMilli(), b.To.UnixMilli(), b.Where)
	counted := "SELECT pair.1 AS facet, pair.2 AS value, count() AS events FROM (" + found + ") GROUP BY facet, value"
	ranked := "SELECT facet, value, events, count() OVER (PARTITION BY facet) AS different, row_number() OVER (PARTITION BY facet ORDER BY events DESC, value) AS place FROM (" + counted + ")"
	return fmt.Sprintf("SELECT facet, value, events, different FROM (%s) WHERE facet = %d OR place <= %d ORDER BY facet, place", ranked, facetDay, b.Top)
}

// brief is as much of a value as is told apart.
func brief(value string) string {
	return fmt.Sprintf("leftUTF8(toString(%s), %d)", value, maxValueChars)
}

// settings make the server end a query that goes beyond its bounds; what does
// not fit into half of the memory goes to its disk.
func (b Bounds) settings() clickhouse.Settings {
	s := clickhouse.Settings{
		"read_overflow_mode": "throw", "result_overflow_mode": "throw", "timeout_overflow_mode": "throw", "group_by_overflow_mode": "throw",
		"max_query_size": 16 << 20, // a rule may list thousands of values
	}
	if b.Time > 0 {
		s["max_execution_time"] = int(math.Ceil(b.Time.Seconds()))
	}
	if b.Memory > 0 {
		s["max_memory_usage"] = b.Memory
		s["max_bytes_before_external_group_by"] = b.Memory / 2
		s["max_bytes_before_external_sort"] = b.Memory / 2
	}
	if b.Threads > 0 {
		s["max_threads"] = b.Threads
	}
	return s
}

// ErrBounds says that a query would have gone beyond its bounds.
var ErrBounds = errors.New("the query went beyond its bounds of time or memory")

// bounded tells the server's refusals to go on from other errors.
func bounded(err error) error {
	const timeout, tooSlow, memory = 159, 160, 241
	if code, _, ok := exception(err); ok && (code == timeout || code == tooSlow || code == memory) {
		return fmt.Errorf("%w: %w", ErrBounds, err)
	}
	return err
}
