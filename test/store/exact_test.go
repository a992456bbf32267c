package store_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/watchglass/watchglass/internal/store"
)

func TestSameTokenStoresOnce(t *testing.T) {
	cfg, db := migrated(t)
	w := writer(t, cfg)
	now := time.Now().Add(-time.Hour)
	for range 3 {
		insert(t, w, block("access-events", 0, 0, 1000, now), "access-events/0/0-1000")
	}
	// Two hours in one month: one part, one token.
	if n := count(t, db, store.EventsTable); n != 1000 {
		t.Errorf("%d rows, want 1000", n)
	}
	insert(t, w, block("access-events", 0, 1000, 1000, now), "access-events/0/1000-2000")
	if n := count(t, db, store.EventsTable); n != 2000 {
		t.Errorf("%d rows, want 2000: another token is another insert", n)
	}
}

// A block of two months, of which one was stored: the retry adds the other.
func TestRetryCompletesAPartialInsert(t *testing.T) {
	cfg, db := migrated(t)
	w := writer(t, cfg)
	november := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	insert(t, w, block("access-events", 0, 100, 100, november), "access-events/0/0-200")

	both := block("access-events", 0, 0, 100, november.AddDate(0, -1, 0))
	for i := range 100 {
		when := november.Add(time.Duration(i) * time.Second)
		both.Append(event(when), at("access-events", 0, int64(100+i)), when, "json", "")
	}
	for range 2 {
		insert(t, w, both, "access-events/0/0-200")
	}
	if n := count(t, db, store.EventsTable); n != 200 {
		t.Errorf("%d rows, want 200", n)
	}
	// The roll-ups stay exact through it.
	if n := ask[uint64](t, db, "SELECT sum(reads) FROM "+db.Name("reads_hourly")); n != 200 {
		t.Errorf("reads_hourly has %d reads, want 200", n)
	}
	if n := ask[uint64](t, db, "SELECT sum(reads) FROM "+db.Name("accessor_daily")); n != 200 {
		t.Errorf("accessor_daily has %d reads, want 200", n)
	}
}

func TestHeld(t *testing.T) {
	cfg, db := migrated(t)
	w := writer(t, cfg)
	now := time.Now().Add(-time.Hour)
	insert(t, w, block("access-events", 3, 0, 100, now), "access-events/3/0-100")
	insert(t, w, block("access-events", 3, 110, 10, now), "access-events/3/110-120")
	insert(t, w, block("access-events", 3, 100, 5, now), "access-events/3/100-105")
	insert(t, w, block("access-events", 4, 0, 500, now), "access-events/4/0-500")
	insert(t, w, block("access-events#2", 3, 0, 500, now), "access-events#2/3/0-500")

	for name, c := range map[string]struct {
		topic     string
		partition int32
		from      int64
		want      []store.Range
	}{
		"from the start":           {"access-events", 3, 0, []store.Range{{From: 0, To: 104}, {From: 110, To: 119}}},
		"in the middle of a range": {"access-events", 3, 50, []store.Range{{From: 50, To: 104}, {From: 110, To: 119}}},
		"in a gap":                 {"access-events", 3, 105, []store.Range{{From: 110, To: 119}}},
		"behind the end":           {"access-events", 3, 120, nil},
		"another partition":        {"access-events", 5, 0, nil},
		"another incarnation":      {"access-events#3", 3, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := db.Held(t.Context(), store.EventsTable, c.topic, c.partition, c.from)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
	for name, c := range map[string]struct {
		topic     string
		partition int32
		want      int64
		found     bool
	}{
		"stored":     {"access-events", 3, 119, true},
		"not stored": {"access-events", 5, 0, false},
	} {
		t.Run("last offset "+name, func(t *testing.T) {
			got, found, err := db.MaxOffset(t.Context(), store.EventsTable, c.topic, c.partition)
			if err != nil || got != c.want || found != c.found {
				t.Errorf("got %d, %v, %v", got, found, err)
			}
		})
	}
}

func TestFenceRefusesLateInserts(t *testing.T) {
	cfg, db := migrated(t)
	w := writer(t, cfg)
	for name, c := range map[string]struct {
		by   time.Duration
		want uint64
	}{
		"after the bound":          {store.LateBound + 5*time.Second, 0},
		"within the bound":         {store.LateBound - 30*time.Second, 10},
		"clock ahead by the bound": {-store.LateBound - 5*time.Second, 0},
	} {
		t.Run(name, func(t *testing.T) {
			for _, rows := range []*store.Block{block("access-events", 0, 0, 10, time.Now().Add(-time.Hour))} {
				exec(t, db, "TRUNCATE TABLE "+db.Name(rows.Table()))
				err := w.Insert(t.Context(), rows, name, time.Now().Add(-c.by))
				if refused := err != nil; refused != (c.want == 0) {
					t.Errorf("got %v", err)
				}
				if err != nil && (!store.Retryable(err) || !strings.Contains(err.Error(), "fence")) {
					t.Errorf("not a retryable refusal at the fence: %v", err)
				}
				if n := count(t, db, rows.Table()); n != c.want {
					t.Errorf("%d rows, want %d", n, c.want)
				}
			}
		})
	}
}

func TestInsertStopsWithItsContext(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts by the backlog, never answers
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	cfg := clickhouse(t)
	cfg.Addr = []string{silent.Addr().String()}
	w := writer(t, cfg)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		conn, err := silent.Accept()
		if err == nil {
			defer conn.Close()
			cancel() // while the writer waits for the answer
			<-t.Context().Done()
		}
	}()
	started := time.Now()
	err = w.Insert(ctx, block("access-events", 0, 0, 1, time.Now()), "access-events/0/0-1", time.Now())
	if !errors.Is(err, context.Canceled) || !store.Retryable(err) {
		t.Errorf("got %v", err)
	}
	if took := time.Since(started); took > 3*time.Second {
		t.Errorf("took %s", took)
	}
}
