package dead

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/schema"
	"github.com/watchglass/watchglass/test/engines"
)

func migrated(t testing.TB) *store.DB {
	t.Helper()
	cfg := store.Config{Addr: []string{engines.ClickHouse(t)}, Database: engines.Name(t)}
	db, err := store.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Conn().Exec(context.WithoutCancel(t.Context()), "DROP DATABASE IF EXISTS "+cfg.Database+" SYNC"); err != nil {
			t.Error(err)
		}
		_ = db.Close()
	})
	if err := db.Migrate(t.Context(), store.Retention{}); err != nil {
		t.Fatal(err)
	}
	return db
}

// fill stores n rows of each of so many partitions, from an offset on; replay
// is the expression of replay_of, of the offset o and the partition p.
func fill(t testing.TB, db *store.DB, partitions, from, n int, replay string) {
	t.Helper()
	// One insert makes many parts of a real table; here they come from what
	// the blocks are cut into.
	statement := fmt.Sprintf(`INSERT INTO %s (time, accessor_id, resource_dataset, kafka_topic, kafka_partition, kafka_offset, kafka_time, stored_at, replay_of)
SELECT now64(3) - toIntervalSecond(n %% 2592000), concat('e-', toString(n %% 5000)), 'users.sessions', 'in', p, o, now64(3), now64(3), %s
FROM (SELECT number AS n, toInt32(number %% %d) AS p, toInt64(%d + intDiv(number, %d)) AS o FROM numbers(%d))`,
		db.Name(store.EventsTable), replay, partitions, from, partitions, partitions*n)
	if err := db.Conn().Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func TestReplayedFindsTheLowestOffsetOfEachOrigin(t *testing.T) {
	db := migrated(t)
	// Offsets 0 to 99 of two partitions; each tenth replays an origin, and
	// from 50 on the same ones again.
	fill(t, db, 2, 0, 100, "if(o % 10 = 0, concat('in/', toString(p), '/', toString(1000 + o % 50)), '')")
	hostile := []string{`in/0/1'; DROP TABLE x`, "in/0/\x00\xff\\", strings.Repeat("x", 1<<20), ""}
	many := append([]string{"in/0/1000", "in/0/1010"}, hostile...)
	for i := range 20_000 {
		many = append(many, fmt.Sprintf("in/0/%d-%s", i, strings.Repeat("y", i%100)))
	}
	many = append(many, "in/0/1020")
	for name, c := range map[string]struct {
		topic     string
		partition int32
		before    int64
		origins   []string
		want      map[string]int64
	}{
		"found":                 {"in", 0, 100, []string{"in/0/1000", "in/0/1040", "in/0/1001"}, map[string]int64{"in/0/1000": 0, "in/0/1040": 40}},
		"the first of two":      {"in", 1, 60, []string{"in/1/1000"}, map[string]int64{"in/1/1000": 0}},
		"only below the offset": {"in", 0, 10, []string{"in/0/1000", "in/0/1010"}, map[string]int64{"in/0/1000": 0}},
		"another partition":     {"in", 1, 100, []string{"in/0/1000"}, map[string]int64{}},
		"another incarnation":   {"in#2", 0, 100, []string{"in/0/1000"}, map[string]int64{}},
		"no origin":             {"in", 0, 100, nil, map[string]int64{}},
		"many, and hostile":     {"in", 0, 100, many, map[string]int64{"in/0/1000": 0, "in/0/1010": 10, "in/0/1020": 20}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := db.Replayed(t.Context(), store.EventsTable, c.topic, c.partition, c.before, c.origins)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	got, err := db.ReplayRows(t.Context(), many)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]schema.Position{}
	for i := range int64(3) {
		want[fmt.Sprintf("in/0/%d", 1000+10*i)] = schema.Position{Topic: "in", Partition: 0, Offset: 10 * i}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

var rows = flag.Int("rows", 500_000, "rows of the table that BenchmarkReplayed asks")

// BenchmarkReplayed asks a table of which one row in 100,000 is a replay.
func BenchmarkReplayed(b *testing.B) {
	db := migrated(b)
	const partitions, chunk = 12, 100_000
	for from := 0; from < *rows/partitions; from += chunk {
		fill(b, db, partitions, from, min(chunk, *rows/partitions-from), "if(n % 100000 = 7, concat('in/', toString(p), '/', toString(o)), '')")
	}
	var origins []string
	for i := range 100 {
		origins = append(origins, fmt.Sprintf("in/3/%d", i))
	}
	ask := func(b *testing.B) {
		for b.Loop() {
			if _, err := db.Replayed(context.Background(), store.EventsTable, "in", 3, int64(*rows), origins); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("scan", ask)
	index := "ALTER TABLE " + db.Name(store.EventsTable) + " ADD INDEX IF NOT EXISTS replay_of_bloom replay_of TYPE bloom_filter(0.01) GRANULARITY 4, MATERIALIZE INDEX replay_of_bloom SETTINGS mutations_sync = 2"
	if err := db.Conn().Exec(b.Context(), index); err != nil {
		b.Fatal(err)
	}
	b.Run("skip index", ask)
}
