package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/schema"
)

// enter writes entries of the ledger, each as the record at its place in topic
// `ledger`.
func enter(t testing.TB, w *store.Writer, from int64, entries ...store.StoredRange) {
	t.Helper()
	b := store.NewLedgerBlock()
	for i := range entries {
		entries[i].Position = at("ledger", 0, from+int64(i))
		b.Append(&entries[i], time.Now())
	}
	insert(t, w, b, fmt.Sprint("ledger/0/", from))
}

// What was entered is read back, once, and by offsets.
func TestLedgerComesBack(t *testing.T) {
	cfg, db := migrated(t)
	w := writer(t, cfg)
	all := store.StoredRange{
		Source: at("in", 1, 10), To: 30, Rows: 12, Dead: []store.Range{{From: 11, To: 11}}, Skipped: []store.Range{{From: 13, To: 14}},
		Copies: []store.Range{{From: 16, To: 16}}, Absent: []store.Range{{From: 20, To: 23}}, Days: map[string]int64{"2026-11-01": 5, "2026-11-02": 7},
	}
	enter(t, w, 0, all, store.StoredRange{Source: at("in", 1, 30), To: 31, Rows: 1}, store.StoredRange{Source: at("in", 2, 0), To: 100, Rows: 100})
	enter(t, w, 3, all) // published twice
	ask := func(from, to int64, want ...int64) []store.StoredRange {
		t.Helper()
		entries, err := db.Ledger(t.Context(), "in", 1, from, to)
		if err != nil {
			t.Fatal(err)
		}
		var got []int64
		for i := range entries {
			got = append(got, entries[i].Source.Offset)
			if since := time.Since(entries[i].Entered); since < 0 || since > time.Minute {
				t.Errorf("entered %s ago", since)
			}
			entries[i].Entered = time.Time{}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("entries of [%d,%d): %s", from, to, diff)
		}
		return entries
	}
	ask(0, 10)
	ask(31, 99)
	ask(29, 30, 10)
	ask(29, 31, 10, 30)
	all.Position = schema.Position{}
	if diff := cmp.Diff(all, ask(10, 11, 10)[0]); diff != "" {
		t.Error(diff)
	}
	for from, want := range map[int64]int64{0: 0, 9: 9, 10: 31, 25: 31, 30: 31, 31: 31} {
		if got, err := db.Accounted(t.Context(), "in", 1, from); err != nil || got != want {
			t.Errorf("from %d the ledger goes to %d, %v; want %d", from, got, err, want)
		}
	}
	if e, err := db.Extent(t.Context(), "in", 1); err != nil || e != (store.Extent{First: 10, End: 31, Ledger: 10}) {
		t.Errorf("extent %+v, %v", e, err)
	}
	if e, err := db.Extent(t.Context(), "in", 7); err != nil || e != (store.Extent{Ledger: -1}) {
		t.Errorf("extent of nothing %+v, %v", e, err)
	}
	if p, err := db.Partitions(t.Context(), "in"); err != nil || !cmp.Equal(p, []int32{1, 2}) {
		t.Errorf("partitions %v, %v", p, err)
	}
}

// What verify asks of rows and dead letters.
func TestQuestionsOfVerify(t *testing.T) {
	cfg, db := migrated(t)
	w := writer(t, cfg)
	day := time.Now().UTC().Truncate(24 * time.Hour).Add(-24 * time.Hour)
	insert(t, w, block("in", 0, 100, 10, day.Add(24*time.Hour-5*time.Second)), "in/0/100") // five of yesterday, five of today
	insert(t, w, block("in", 0, 105, 1, day), "in/0/105")
	dead := store.NewDeadBlock()
	for i, d := range []store.DeadLetter{
		{Reason: schema.ReasonEmpty, Source: at("in", 0, 90)},
		{Reason: schema.ReasonGap, Source: at("in", 0, 50), End: 61},
		{Reason: schema.ReasonGap, Source: at("in", 1, 50), End: 99},
	} {
		dead.Append(&d, at("dead", 0, int64(i)), time.Now())
	}
	insert(t, w, dead, "dead/0/0")
	counted, err := db.CountRows(t.Context(), "in", 0, 104, 107)
	if err != nil {
		t.Fatal(err)
	}
	times := map[int64]uint64{}
	for _, c := range counted {
		times[c.Offset] = c.Times
	}
	if diff := cmp.Diff(map[int64]uint64{104: 1, 105: 2, 106: 1}, times); diff != "" {
		t.Error(diff)
	}
	for span, want := range map[[2]int64]int{{0, 50}: 0, {0, 51}: 1, {60, 61}: 1, {61, 90}: 0, {55, 91}: 2} {
		if got, err := db.DeadSpans(t.Context(), "in", 0, span[0], span[1]); err != nil || len(got) != want {
			t.Errorf("%v: %v, %v; want %d", span, got, err, want)
		}
	}
	yesterday, today := day.Format(time.DateOnly), day.AddDate(0, 0, 1).Format(time.DateOnly)
	for _, c := range []struct {
		from, to    int64
		first, last string
		want        map[string]int64
	}{
		{100, 110, yesterday, today, map[string]int64{yesterday: 6, today: 5}}, // 105 once of each
		{100, 110, yesterday, yesterday, map[string]int64{yesterday: 6}},
		{100, 103, yesterday, today, map[string]int64{yesterday: 3}},
		{200, 300, yesterday, today, map[string]int64{}},
	} {
		if got, err := db.RowsByDay(t.Context(), "in", 0, c.from, c.to, c.first, c.last); err != nil || !cmp.Equal(c.want, got) {
			t.Errorf("rows by day of %+v: %v, %v", c, got, err)
		}
	}
	exec(t, db, "INSERT INTO "+db.Name(store.ErasuresTable)+" (kafka_topic, kafka_partition, kafka_offset, reference) VALUES ('in', 0, 300, 'r'), ('in', 0, 300, 'again'), ('in', 0, 301, 'r')")
	if rows, erased, err := db.Stored(t.Context(), "in", 0, 100, 400); err != nil || rows != 10 || erased != 2 {
		t.Errorf("%d rows, %d erased, %v; want 10 and 2", rows, erased, err)
	}
	from := day.Add(24*time.Hour - 2*time.Second) // the records' timestamps are their events'
	if first, end, err := db.SpanOf(t.Context(), "in", 0, from, from.Add(3*time.Second)); err != nil || first != 103 || end != 106 {
		t.Errorf("span of time from %d to %d, %v; want 103 to 106", first, end, err)
	}
}

// Offsets that no entry accounts for are missing; transactions, compaction,
// retention and overlapping entries are not.
func TestCompleteness(t *testing.T) {
	cfg, db := migrated(t)
	w := writer(t, cfg)
	complete := func() string {
		t.Helper()
		return ask[string](t, db, fmt.Sprintf("SELECT toString((first_offset, last_offset, rows_stored, dead_letters, missing)) FROM %s.completeness", cfg.Database))
	}
	when := time.Now().Add(-time.Hour)
	insert(t, w, block("in", 0, 10, 10, when), "in/0/10-20")
	insert(t, w, block("in", 0, 30, 2, when), "in/0/30-32")
	if got := complete(); got != "(10,31,12,0,10)" {
		t.Errorf("without a ledger: %s", got)
	}
	dead := store.NewDeadBlock()
	dead.Append(&store.DeadLetter{Reason: schema.ReasonGap, Source: at("in", 0, 22), End: 26}, at("dead", 0, 0), time.Now())
	insert(t, w, dead, "dead/0/0")
	if got := complete(); got != "(10,31,12,1,6)" {
		t.Errorf("with a span of dead letters: %s", got)
	}
	enter(t, w, 0, store.StoredRange{Source: at("in", 0, 5), To: 20, Rows: 15}, store.StoredRange{Source: at("in", 0, 26), To: 40, Rows: 2, Absent: []store.Range{{From: 26, To: 29}}})
	if got := complete(); got != "(5,39,12,1,6)" {
		t.Errorf("with a hole in the ledger: %s", got)
	}
	enter(t, w, 2, store.StoredRange{Source: at("in", 0, 18), To: 24}, store.StoredRange{Source: at("in", 0, 22), To: 27}, store.StoredRange{Source: at("in", 0, 22), To: 27})
	if got := complete(); got != "(5,39,12,1,0)" {
		t.Errorf("with overlapping entries: %s", got)
	}
}
