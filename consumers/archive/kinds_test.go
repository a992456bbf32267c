package archive

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/internal/stream"
	"github.com/watchglass/watchglass/schema"
)

var topics = Topics{Alerts: "alerts", Incidents: "incidents", Deliveries: "deliveries", Ledger: "ledger", Correlations: "correlations", Dead: "dead"}

func TestEachTopicHasItsTable(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for topic, c := range map[string]struct {
		value any
		table string
	}{
		"alerts":     {schema.Alert{ID: "a", Time: at, Created: at}, store.AlertsTable},
		"incidents":  {schema.IncidentChange{ID: "c", Time: at}, store.IncidentsTable},
		"deliveries": {schema.Delivery{ID: "d", Time: at}, store.DeliveriesTable},
		"ledger":     {stream.LedgerEntry{Topic: "in", From: 3, To: 7, Rows: 4, Days: map[string]int64{"2026-11-23": 4}}, store.LedgerTable},
	} {
		b := &builder{kind: kinds(topics)[topic]}
		b.rows = b.kind.new()
		value, err := json.Marshal(c.value)
		if err != nil {
			t.Fatal(err)
		}
		record := stream.Record{Topic: topic, Time: at, Value: value}
		if _, err := b.Add(record, stream.Want{Row: true}); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Add(record, stream.Want{}); err != nil {
			t.Fatal(err)
		}
		if rows, _ := b.Size(); rows != 1 || b.rows.Table() != c.table {
			t.Errorf("%s: %d rows for %s, want 1 for %s: what is held is not added", topic, rows, b.rows.Table(), c.table)
		}
		for _, bad := range []string{"not json", "null", "{}"} {
			record.Value = []byte(bad)
			_, err = b.Add(record, stream.Want{Row: true})
			var poison *stream.PoisonError
			if !errors.As(err, &poison) || poison.Reason != string(schema.ReasonInvalidMessage) {
				t.Errorf("%s: %s gives %v, want poison with reason %s", topic, bad, err, schema.ReasonInvalidMessage)
			}
		}
		sealed := b.Seal().(batch)
		if rows, _ := b.Size(); rows != 0 || sealed.rows.Rows() != 1 {
			t.Errorf("%s: %d rows after sealing, %d sealed, want 0 and 1", topic, rows, sealed.rows.Rows())
		}
	}
}

// What stream.DeadLetter writes is read back as it was.
func TestDeadLetterComesBackByteForByte(t *testing.T) {
	at := time.UnixMilli(1_700_000_000_123).UTC()
	original := stream.Record{
		Topic: "in#2", Partition: 3, Offset: 41, Time: at, Key: []byte("k\x00"), Value: []byte{0xff, 0},
		Headers: []stream.Header{{Key: "a", Value: []byte{1}}, {Key: "a", Value: []byte{2}}},
	}
	m := stream.DeadLetter("dead", original, &stream.PoisonError{Reason: "malformed", Detail: "at byte 0"})
	got := DeadLetter(stream.Record{Topic: "dead", Key: m.Key, Value: m.Value, Headers: m.Headers})
	want := &store.DeadLetter{
		Reason: "malformed", Detail: "at byte 0", Source: schema.Position{Topic: "in#2", Partition: 3, Offset: 41}, Time: at,
		Key: []byte("k\x00"), Value: []byte{0xff, 0},
		Headers: []store.DeadHeader{{Name: "a", Value: []byte{1}}, {Name: "a", Value: []byte{2}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
}

// What stream.SpanLetter writes keeps where its span ends.
func TestSpanLetterKeepsItsEnd(t *testing.T) {
	m := stream.SpanLetter("dead", "in", 1, stream.Range{From: 10, To: 25}, stream.ReasonGap, "gone")
	got := DeadLetter(stream.Record{Topic: "dead", Key: m.Key, Value: m.Value, Headers: m.Headers})
	if got.Source.Offset != 10 || got.End != 25 || got.Reason != schema.ReasonGap {
		t.Errorf("%d to %d for %s, want 10 to 25 for %s", got.Source.Offset, got.End, got.Reason, schema.ReasonGap)
	}
}

// What stream.LedgerEntry writes is read back; its ranges include their ends then.
func TestLedgerEntryComesBack(t *testing.T) {
	entered := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	e := stream.LedgerEntry{
		Topic: "in#2", Partition: 3, From: 10, To: 30, Rows: 12, Dead: []stream.Range{{From: 11, To: 12}}, Skipped: []stream.Range{{From: 14, To: 16}},
		Copies: []stream.Range{{From: 17, To: 18}}, Absent: []stream.Range{{From: 20, To: 24}}, Days: map[string]int64{"2026-11-22": 5, "2026-11-23": 7},
	}
	m, err := e.Message("ledger")
	if err != nil {
		t.Fatal(err)
	}
	got, err := StoredRange(stream.Record{Topic: "ledger", Key: m.Key, Value: m.Value, Time: entered})
	if err != nil {
		t.Fatal(err)
	}
	want := &store.StoredRange{
		Source: schema.Position{Topic: "in#2", Partition: 3, Offset: 10}, To: 30, Rows: 12, Dead: []store.Range{{From: 11, To: 11}}, Skipped: []store.Range{{From: 14, To: 15}},
		Copies: []store.Range{{From: 17, To: 17}}, Absent: []store.Range{{From: 20, To: 23}}, Days: e.Days, Entered: entered,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
}

// A dead letter is kept whatever it looks like.
func TestForeignDeadLetterIsKept(t *testing.T) {
	b := &builder{kind: kinds(topics)["dead"]}
	b.rows = b.kind.new()
	headers := []stream.Header{{Key: stream.HeaderOffset, Value: []byte("soon")}}
	if _, err := b.Add(stream.Record{Topic: "dead", Value: []byte("?"), Headers: headers}, stream.Want{Row: true}); err != nil {
		t.Fatal(err)
	}
	if rows, _ := b.Size(); rows != 1 {
		t.Fatalf("%d rows, want 1", rows)
	}
}
