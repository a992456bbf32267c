package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/watchglass/watchglass/internal/store"
)

func TestMigrateAgainChangesNothing(t *testing.T) {
	cfg, db := migrated(t)
	definitions := func() string {
		return ask[string](t, db, "SELECT arrayStringConcat(groupArray(create_table_query), '\n') FROM "+
			"(SELECT create_table_query FROM system.tables WHERE database = ? ORDER BY name)", cfg.Database)
	}
	before := definitions()
	changed := ask[int64](t, db, "SELECT sum(metadata_version) FROM system.tables WHERE database = ?", cfg.Database)
	if err := db.Migrate(t.Context(), store.Retention{}); err != nil {
		t.Fatal(err)
	}
	if definitions() != before {
		t.Error("definitions changed")
	}
	if again := ask[int64](t, db, "SELECT sum(metadata_version) FROM system.tables WHERE database = ?", cfg.Database); again != changed {
		t.Error("a table was altered without need")
	}
	if err := db.CheckSchema(t.Context()); err != nil {
		t.Error(err)
	}
	if err := db.CheckWindows(t.Context()); err != nil {
		t.Error(err)
	}
	if err := db.CheckVersion(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestMigrateGoesOnAfterACrash(t *testing.T) {
	_, db := migrated(t)
	// Everything was made, the ledger knows of nothing.
	exec(t, db, "TRUNCATE TABLE "+db.Name("schema_migrations"))
	if err := db.Migrate(t.Context(), store.Retention{}); err != nil {
		t.Fatal(err)
	}
	if err := db.CheckSchema(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestSchemaRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change string // %s is the ledger
		check  func(*store.DB) error
		want   string // in the error; "" for none
	}{
		"older": {
			"DELETE FROM %s WHERE number = 3",
			func(db *store.DB) error { return db.CheckSchema(t.Context()) }, "run `watchglass migrate`",
		},
		"newer is tolerated": {
			"INSERT INTO %s (number, name, checksum) VALUES (9999, 'later', 'x')",
			func(db *store.DB) error { return db.CheckSchema(t.Context()) }, "",
		},
		"applied with another text": {
			"INSERT INTO %s (number, name, checksum) SELECT 1, name, 'other' FROM %s WHERE number = 1",
			func(db *store.DB) error { return db.Migrate(t.Context(), store.Retention{}) }, "migration 0001_access_events was applied with another text",
		},
		"empty database": {
			"DROP TABLE %s",
			func(db *store.DB) error { return db.CheckSchema(t.Context()) }, "migration 0001_access_events is not applied",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, db := migrated(t)
			exec(t, db, strings.ReplaceAll(c.change, "%s", db.Name("schema_migrations")))
			if name == "applied with another text" {
				exec(t, db, "OPTIMIZE TABLE "+db.Name("schema_migrations")+" FINAL")
			}
			refused(t, c.check(db), c.want)
		})
	}
}

// refused checks that an error is fatal and says what is wanted; "" wants none.
func refused(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Error(err)
	case want == "":
	case err == nil:
		t.Errorf("no error, want %q", want)
	case store.Retryable(err):
		t.Errorf("not fatal: %v", err)
	case !strings.Contains(err.Error(), want):
		t.Errorf("got %q, want %q in it", err, want)
	}
}

func TestWindowsRefused(t *testing.T) {
	for name, c := range map[string]struct{ change, want string }{
		"window too small": {
			"ALTER TABLE %s MODIFY SETTING non_replicated_deduplication_window = 100",
			"access_events: non_replicated_deduplication_window is 100",
		},
		"window gone":  {"ALTER TABLE %s RESET SETTING non_replicated_deduplication_window", "non_replicated_deduplication_window is 0"},
		"fence gone":   {"ALTER TABLE %s DROP CONSTRAINT fence", "has no constraint `fence`"},
		"table gone":   {"DROP TABLE %s", "run `watchglass migrate`"},
		"larger is ok": {"ALTER TABLE %s MODIFY SETTING non_replicated_deduplication_window = 200000", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, db := migrated(t)
			exec(t, db, strings.ReplaceAll(c.change, "%s", db.Name(store.EventsTable)))
			refused(t, db.CheckWindows(t.Context()), c.want)
		})
	}
}

func TestConfigRefused(t *testing.T) {
	for name, c := range map[string]struct {
		cfg  store.Config
		want string
	}{
		"no address":        {store.Config{}, "clickhouse.addresses: missing"},
		"no port":           {store.Config{Addr: []string{"localhost"}}, "is not host:port"},
		"two plain servers": {store.Config{Addr: []string{"a:1", "b:1"}}, "clickhouse.engine: replicated"},
		"unknown engine":    {store.Config{Addr: []string{"a:1"}, Engine: "shared"}, "clickhouse.engine"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := store.Open(t.Context(), c.cfg)
			refused(t, err, c.want)
			_, err = store.NewWriter(store.WriterConfig{Config: c.cfg})
			refused(t, err, c.want)
		})
	}
}

func TestInsertWithoutSchema(t *testing.T) {
	cfg, db := migrated(t)
	w := writer(t, cfg)
	exec(t, db, "DROP TABLE "+db.Name(store.EventsTable))
	refused(t, w.Insert(t.Context(), block("access-events", 0, 0, 1, time.Now()), "access-events/0/0-1", time.Now()), "run `watchglass migrate`")

	cfg.Database = "store_test_not_there"
	w = writer(t, cfg)
	refused(t, w.Insert(t.Context(), block("access-events", 0, 0, 1, time.Now()), "access-events/0/0-1", time.Now()), "clickhouse.database")
}
