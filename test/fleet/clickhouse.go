package fleet

import (
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// Questions whose answers most tests are about.
const (
	CountRows      = "SELECT count() FROM {db}.access_events"
	CountPositions = "SELECT uniqExact(kafka_topic, kafka_partition, kafka_offset) FROM {db}.access_events"
	CountAlerts    = "SELECT count() FROM {db}.alerts"
	CountLetters   = "SELECT count() FROM {db}.dead_letters"
)

// One asks for one number. In queries and statements {db} is the installation's
// database and {topic} the name of its topic, quoted.
func (f *Fleet) One(query string) uint64 {
	f.T.Helper()
	return Ask[uint64](f, query)
}

// Ask asks for one value.
func Ask[V any](f *Fleet, query string) (v V) {
	f.T.Helper()
	ctx := clickhouse.Context(f.T.Context(), clickhouse.WithSettings(clickhouse.Settings{"max_execution_time": 60}))
	if err := f.DB.QueryRow(ctx, f.named(query)).Scan(&v); err != nil {
		f.T.Fatalf("%s: %v", query, err)
	}
	return v
}

// Exec runs a statement, and waits for what it changes.
func (f *Fleet) Exec(statement string) {
	f.T.Helper()
	ctx := clickhouse.Context(f.T.Context(), clickhouse.WithSettings(clickhouse.Settings{"mutations_sync": 2}))
	if err := f.DB.Exec(ctx, f.named(statement)); err != nil {
		f.T.Fatalf("%s: %v", statement, err)
	}
}

func (f *Fleet) named(text string) string {
	return strings.NewReplacer("{db}", f.Name, "{topic}", "'"+f.Name+"'").Replace(text)
}

// Until asks again and again until a query's number has reached n, as long as a
// worker lives.
func (f *Fleet) Until(query string, n uint64) {
	f.T.Helper()
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	enough := time.After(Patience)
	for got := f.One(query); got < n; got = f.One(query) {
		if !slices.ContainsFunc(f.workers, (*Worker).Alive) {
			f.T.Fatalf("all workers have ended at %d of %d: %s", got, n, query)
		}
		select {
		case <-poll.C:
		case <-enough:
			f.T.Fatalf("%d of %d after %s: %s", got, n, Patience, query)
		}
	}
}

// Exact asserts that there is one row for each of n records.
func (f *Fleet) Exact(n uint64) {
	f.T.Helper()
	if rows, positions := f.One(CountRows), f.One(CountPositions); rows != n || positions != n {
		f.T.Errorf("%d rows at %d positions, want %d and %d", rows, positions, n, n)
	}
}
