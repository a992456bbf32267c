package store_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/watchglass/watchglass/internal/store"
)

// BenchmarkInsert fills and inserts blocks of 65,536 rows: wall time a block,
// and this process's CPU a row (the server is another process).
func BenchmarkInsert(b *testing.B) {
	cfg, _ := migrated(b)
	w := writer(b, cfg)
	const rows = 65_536
	e := event(time.Now())
	accessors, subjects := make([]string, 4000), make([]string, 100_000)
	for i := range accessors {
		accessors[i] = fmt.Sprint("e-", i)
	}
	for i := range subjects {
		subjects[i] = fmt.Sprint("u-", i)
	}
	datasets := []string{"users.sessions", "users.profile", "videos.views", "messages.inbox"}
	countries := []string{"US", "IE", "SG", "CN"}
	now := time.Now().UTC()
	block := store.NewBlock()
	var filling, before time.Duration
	before = cpu(b)
	for n := 0; b.Loop(); n++ {
		started := cpu(b)
		block.Reset()
		for i := range rows {
			e.Time = now.Add(-time.Duration(i) * time.Millisecond)
			e.Accessor.ID, e.Resource.Dataset, e.Enrichment.NetworkCountry = accessors[i%4000], datasets[i%4], countries[i%3]
			e.Subject.IDs[0] = subjects[i%100_000]
			block.Append(e, at("access-events", 0, int64(n*rows+i)), e.Time, "json", "")
		}
		filling += cpu(b) - started
		insert(b, w, block, fmt.Sprint("access-events/0/", n*rows))
	}
	total := float64(b.N * rows)
	b.ReportMetric(float64((cpu(b)-before).Nanoseconds())/total, "cpu-ns/row")
	b.ReportMetric(float64(filling.Nanoseconds())/total, "append-cpu-ns/row")
	b.ReportMetric(float64(block.Bytes())/rows, "memory-B/row")
}

func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
