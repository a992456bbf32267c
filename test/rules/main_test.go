// Package rules proves rules as SQL on a real ClickHouse: for generated rules and
// events, the condition finds the rows whose events the matcher matches.
package rules

import (
	"flag"
	"testing"
	"time"

	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/schema"
	"github.com/watchglass/watchglass/test/engines"
)

// seed makes another run of the same tests.
var seed = flag.Uint64("seed", 20261125, "seed of the generated rules and events")

func TestMain(m *testing.M) {
	flag.Parse()
	engines.Main(m, removeProgram)
}

// topic of the rows that the tests write; offset i is event i.
const topic = "access-events"

// stored writes events as a worker does and returns the database.
func stored(t *testing.T, events []*schema.AccessEvent) (store.Config, *store.DB) {
	t.Helper()
	cfg := store.Config{Addr: []string{engines.ClickHouse(t)}, Database: engines.Name(t)}
	db, err := store.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := db.Migrate(t.Context(), store.Retention{EventsDays: 10_000}); err != nil {
		t.Fatal(err)
	}
	w, err := store.NewWriter(store.WriterConfig{Config: cfg, Connections: 1, InsertTimeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	block := store.NewBlock()
	for i, ev := range events {
		block.Append(ev, schema.Position{Topic: topic, Offset: int64(i)}, ev.Time, "json", "")
	}
	if err := w.Insert(t.Context(), block, topic+"/0/0", time.Now()); err != nil {
		t.Fatal(err)
	}
	return cfg, db
}
