package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	ck "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/watchglass/watchglass/internal/store"
)

func TestZZ(t *testing.T) {
	cfg, db := migrated(t)
	w := writer(t, cfg)
	run := func(label string) {
		started := time.Now()
		for n := range 20 {
			b := block("access-events", int32(n%12), int64(n/12*65536), 65536, time.Now().Add(-19*time.Hour))
			insert(t, w, b, fmt.Sprint(label, n))
		}
		fmt.Println(label, time.Since(started)/20, "per block")
	}
	run("all")
	exec(t, db, "OPTIMIZE TABLE "+db.Name(store.EventsTable)+" FINAL")
	for _, use := range []int{1, 0} {
		for range 3 {
			s := time.Now()
			rows, err := db.Conn().Query(ck.Context(context.Background(), ck.WithSettings(ck.Settings{"optimize_use_projections": use})), "SELECT kafka_offset FROM "+db.Name("access_events")+" WHERE kafka_topic='access-events' AND kafka_partition=3 AND kafka_offset>=60000 ORDER BY kafka_offset")
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for rows.Next() {
				n++
			}
			fmt.Println("projections", use, n, time.Since(s))
		}
	}
	var name string
	var size, prow uint64
	rows, _ := db.Conn().Query(context.Background(), "SELECT name, sum(bytes_on_disk), sum(rows) FROM system.projection_parts WHERE database = ? AND active GROUP BY name", cfg.Database)
	for rows.Next() {
		rows.Scan(&name, &size, &prow)
		fmt.Println(name, size, prow)
	}
	fmt.Println(ask[uint64](t, db, "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = ?", cfg.Database))
	for _, p := range []string{"positions", "by_partition", "by_hour", "by_accessor"} {
		exec(t, db, "ALTER TABLE "+db.Name(store.EventsTable)+" DROP PROJECTION "+p)
		run("without " + p)
	}
}
