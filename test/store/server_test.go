package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/schema"
	"github.com/watchglass/watchglass/test/engines"
)

func TestMain(m *testing.M) { engines.Main(m) }

// clickhouse is the configuration of a real server, with the name of a
// database that no other test has.
func clickhouse(t testing.TB) store.Config {
	t.Helper()
	return store.Config{Addr: []string{engines.ClickHouse(t)}, Database: engines.Name(t)}
}

// migrated opens a database with the schema of this program.
func migrated(t testing.TB) (store.Config, *store.DB) {
	t.Helper()
	cfg := clickhouse(t)
	db := open(t, cfg)
	t.Cleanup(func() { exec(t, db, "DROP DATABASE IF EXISTS "+cfg.Database+" SYNC") })
	if err := db.Migrate(t.Context(), store.Retention{}); err != nil {
		t.Fatal(err)
	}
	return cfg, db
}

func open(t testing.TB, cfg store.Config) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func writer(t testing.TB, cfg store.Config) *store.Writer {
	t.Helper()
	w, err := store.NewWriter(store.WriterConfig{Config: cfg, Connections: 2, InsertTimeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

func exec(t testing.TB, db *store.DB, statement string, args ...any) {
	t.Helper()
	if err := db.Conn().Exec(context.WithoutCancel(t.Context()), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// ask returns the single value that a query gives.
func ask[T any](t testing.TB, db *store.DB, query string, args ...any) T {
	t.Helper()
	var v T
	if err := db.Conn().QueryRow(t.Context(), query, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v
}

func at(topic string, partition int32, offset int64) schema.Position {
	return schema.Position{Topic: topic, Partition: partition, Offset: offset}
}

// event is an ordinary event at a time.
func event(when time.Time) *schema.AccessEvent {
	return &schema.AccessEvent{
		Time: when, Action: "query", Outcome: "allowed",
		Accessor: schema.Accessor{ID: "e-1", Kind: "person"},
		Resource: schema.Resource{Store: "profiles", Dataset: "users.sessions", Fields: []string{"ip"}},
		Subject:  schema.Subject{IDs: []string{"u-1"}, Count: 1},
		Enrichment: schema.Enrichment{
			Known: true, NetworkCountry: "US", LocationState: "known", Categories: []string{"location.ip"}, Residents: "US",
		},
	}
}

// block is n ordinary events of one partition, from an offset on, one a second.
func block(topic string, partition int32, from int64, n int, when time.Time) *store.Block {
	b := store.NewBlock()
	for i := range n {
		w := when.Add(time.Duration(i) * time.Second)
		b.Append(event(w), at(topic, partition, from+int64(i)), w, "json", "")
	}
	return b
}

func insert(t testing.TB, w *store.Writer, rows store.Rows, token string) {
	t.Helper()
	if err := w.Insert(t.Context(), rows, token, time.Now()); err != nil {
		t.Fatal(err)
	}
}

func count(t testing.TB, db *store.DB, table string) uint64 {
	t.Helper()
	return ask[uint64](t, db, "SELECT count() FROM "+db.Name(table))
}
