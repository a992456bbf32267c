package store_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/schema"
)

// docs/tables.md lists every table with every column, its type and its
// meaning, exactly as the migrations make them, and every view.
func TestTablesAreDocumented(t *testing.T) {
	cfg, db := migrated(t)
	rows, err := db.Conn().Query(t.Context(), "SELECT table, name, type, comment FROM system.columns WHERE database = ? "+
		"AND table IN (SELECT name FROM system.tables WHERE database = ? AND engine LIKE '%MergeTree') ORDER BY table, position", cfg.Database, cfg.Database)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var want strings.Builder
	last := ""
	for rows.Next() {
		var table, name, kind, comment string
		if err := rows.Scan(&table, &name, &kind, &comment); err != nil {
			t.Fatal(err)
		}
		if table != last {
			want.WriteString("### " + table + "\n")
			last = table
		}
		want.WriteString("| `" + name + "` | `" + kind + "` | " + comment + " |\n")
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../../docs/tables.md")
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(regexp.MustCompile("(?m)^(### \\S+|\\| `[^`]+` \\| `.*)\n").FindAllString(string(text), -1), "")
	if d := cmp.Diff(want.String(), got); d != "" {
		t.Errorf("docs/tables.md (-want +got):\n%s", d)
	}
	for _, view := range strings.Fields(ask[string](t, db, "SELECT arrayStringConcat(groupArray(name), ' ') FROM system.tables WHERE database = ? AND engine = 'View'", cfg.Database)) {
		if !strings.Contains(string(text), "`"+view) {
			t.Errorf("view %s is not in docs/tables.md", view)
		}
	}
}

// Every column of every table is one that a block fills, in both directions,
// and every field of an event has its column under its own name.
func TestBlocksFillEveryColumn(t *testing.T) {
	cfg, db := migrated(t)
	for _, rows := range []store.Rows{store.NewBlock(), store.NewAlertBlock(), store.NewIncidentBlock(), store.NewDeliveryBlock(), store.NewLedgerBlock(), store.NewDeadBlock()} {
		want := ask[[]string](t, db, "SELECT arraySort(groupArray(name)) FROM system.columns WHERE database = ? AND table = ?", cfg.Database, rows.Table())
		have := map[string]bool{}
		for _, c := range rows.Input() {
			have[c.Name] = true
		}
		for _, name := range want {
			if !have[name] {
				t.Errorf("%s: nothing fills column %s", rows.Table(), name)
			}
			delete(have, name)
		}
		for name := range have {
			t.Errorf("%s: no column %s", rows.Table(), name)
		}
	}
}

// What an event holds is what its row holds.
func TestEventRoundTrip(t *testing.T) {
	cfg, db := migrated(t)
	when := time.Now().UTC().Truncate(time.Millisecond).Add(-time.Hour)
	e := event(when)
	e.Attributes = schema.AttributeMap{{Key: "a.b", Value: "1"}, {Key: "c", Value: "ü"}}
	e.Rules = []string{"r-1", "r-2"}
	e.Subject.IDs = []string{"u-1", "", "ü"}
	e.Resource.Fields = nil
	e.Enrichment.NetworkASN = 4_200_000_000
	b := store.NewBlock()
	b.Append(e, at("access-events", 1, 1<<40), when, "json", "dead/0/7")
	insert(t, writer(t, cfg), b, "access-events/1/x")
	var got struct {
		time, kafka, stored      time.Time
		accessor, source, replay string
		subjects, fields, rules  []string
		attributes               map[string]string
		asn                      uint64
		offset                   int64
		known                    bool
	}
	if err := db.Conn().QueryRow(t.Context(), "SELECT time, kafka_time, stored_at, accessor_id, source, replay_of, subject_ids, resource_fields, rules, attributes, "+
		"accessor_network_asn, kafka_offset, accessor_known FROM "+db.Name(store.EventsTable)).Scan(&got.time, &got.kafka, &got.stored, &got.accessor, &got.source, &got.replay,
		&got.subjects, &got.fields, &got.rules, &got.attributes, &got.asn, &got.offset, &got.known); err != nil {
		t.Fatal(err)
	}
	if !got.time.Equal(when) || !got.kafka.Equal(when) || time.Since(got.stored) > time.Minute {
		t.Errorf("times: %v", got)
	}
	for _, d := range []string{
		cmp.Diff(e.Subject.IDs, got.subjects), cmp.Diff([]string{}, got.fields), cmp.Diff(e.Rules, got.rules),
		cmp.Diff(map[string]string{"a.b": "1", "c": "ü"}, got.attributes),
		cmp.Diff([]any{"e-1", "json", "dead/0/7", uint64(4_200_000_000), int64(1 << 40), true}, []any{got.accessor, got.source, got.replay, got.asn, got.offset, got.known}),
	} {
		if d != "" {
			t.Error(d)
		}
	}
}
