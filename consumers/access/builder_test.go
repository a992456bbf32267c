package access

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/watchglass/watchglass/internal/alert"
	"github.com/watchglass/watchglass/internal/source"
	"github.com/watchglass/watchglass/internal/stream"
	"github.com/watchglass/watchglass/schema"
)

// rules matches every read of dataset "secret" with two rules, the second of
// them on trial.
type rules struct{ alerting *alert.Rule }

func (r rules) Match(ev *schema.AccessEvent) []Match {
	if ev.Resource.Dataset != "secret" {
		return nil
	}
	return []Match{{ID: "r-1", Alert: r.alerting}, {ID: "r-2"}}
}

// marked says in every event that it was enriched.
type marked struct{}

func (marked) Enrich(ev *schema.AccessEvent) {
	ev.Enrichment = schema.Enrichment{Known: true, LocationState: "known", Categories: []string{schema.Unclassified}}
}

func newBuilder(t *testing.T, format string) (*builder, *Consumer) {
	t.Helper()
	alerting, err := alert.NewRule(schema.RuleRef{ID: "r-1", Title: "secrets", Level: "high"}, []string{"resource.dataset"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(nil, Config{
		Topics:      []Topic{{stream.Incarnated("in", 2), format}},
		NewEnricher: func() Enricher { return marked{} }, NewMatcher: func(Topic) Matcher { return rules{alerting} },
		AlertsTopic: "alerts", Metrics: prometheus.NewRegistry(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return c.newBuilder(stream.Assigned{Topic: "in", Name: "in#2", Partition: 3}).(*builder), c
}

func record(dataset string, headers ...stream.Header) stream.Record {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	value := fmt.Sprintf(`{"time":%q,"action":"read","accessor":{"id":"e-1"},"resource":{"store":"s","dataset":%q}}`, at.Format(time.RFC3339), dataset)
	return stream.Record{Topic: "in#2", Partition: 3, Offset: 41, Time: at, Value: []byte(value), Headers: headers}
}

func add(t *testing.T, b *builder, r stream.Record, held bool) []stream.Message {
	t.Helper()
	added, err := b.Add(r, stream.Want{Row: !held, Alert: true})
	if err != nil {
		t.Fatal(err)
	}
	return added.Alerts
}

func TestMatchIsOneRowAndOneAlertKeyedByAccessor(t *testing.T) {
	b, _ := newBuilder(t, source.JSON)
	messages := add(t, b, record("secret"), false)
	if rows, _ := b.Size(); rows != 1 || len(messages) != 1 {
		t.Fatalf("%d rows and %d alerts, want 1 and 1: a rule on trial does not alert", rows, len(messages))
	}
	if m := messages[0]; m.Topic != "alerts" || string(m.Key) != "e-1" || m.Partition != stream.AnyPartition {
		t.Errorf("the alert goes to %s with key %q and partition %d", m.Topic, m.Key, m.Partition)
	}
	if got := fmt.Sprint(b.event.Rules); got != "[r-1 r-2]" {
		t.Errorf("the row notes the rules %s, want both", got)
	}
	if messages := add(t, b, record("public"), false); len(messages) != 0 || len(b.event.Rules) != 0 {
		t.Errorf("an event that nothing matches raised %d alerts and notes %v", len(messages), b.event.Rules)
	}
}

func TestRecordReadAgainMakesTheSameAlertAndNoSecondRow(t *testing.T) {
	b, _ := newBuilder(t, source.JSON)
	id := func(messages []stream.Message) string {
		var a schema.Alert
		if err := json.Unmarshal(messages[0].Value, &a); err != nil {
			t.Fatal(err)
		}
		if a.Source != (schema.Position{Topic: "in#2", Partition: 3, Offset: 41}) {
			t.Errorf("the alert points to %+v", a.Source)
		}
		return a.ID
	}
	first := id(add(t, b, record("secret"), false))
	again := id(add(t, b, record("secret"), true))
	if rows, _ := b.Size(); first != again || rows != 1 {
		t.Errorf("ids %s and %s with %d rows, want the same id and one row", first, again, rows)
	}
}

func TestPoisonKeepsItsReason(t *testing.T) {
	b, _ := newBuilder(t, source.JSON)
	r := record("secret")
	r.Value = []byte(`{"time":"yesterday"`)
	_, err := b.Add(r, stream.Want{Row: true, Alert: true})
	var poison *stream.PoisonError
	if !errors.As(err, &poison) || poison.Reason != string(schema.ReasonMalformed) {
		t.Fatalf("error %v, want poison with reason %s", err, schema.ReasonMalformed)
	}
	if rows, _ := b.Size(); rows != 0 {
		t.Errorf("%d rows of a record that cannot be read", rows)
	}
}

func TestOtherLogLinesAreCountedAndLeaveNothing(t *testing.T) {
	b, c := newBuilder(t, source.PGAudit)
	r := record("secret")
	r.Value = []byte(`{"timestamp":"2026-11-23 12:00:00.000 UTC","error_severity":"LOG","message":"checkpoint complete"}`)
	if _, err := b.Add(r, stream.Want{Row: true, Alert: true}); !errors.Is(err, stream.ErrSkipped) {
		t.Errorf("a line that is no audit line: %v", err)
	}
	if rows, _ := b.Size(); rows != 0 || testutil.ToFloat64(c.metrics.skipped.WithLabelValues("in#2")) != 1 {
		t.Errorf("%d rows, %v skipped, want 0 and 1", rows, testutil.ToFloat64(c.metrics.skipped.WithLabelValues("in#2")))
	}
}

func TestSealBeginsAnew(t *testing.T) {
	b, _ := newBuilder(t, source.JSON)
	add(t, b, record("public", stream.Header{Key: stream.HeaderReplayOf, Value: []byte("in/0/7")}), false)
	sealed := b.Seal().(*batch)
	if rows, _ := b.Size(); rows != 0 || sealed.block.Rows() != 1 {
		t.Fatalf("%d rows after sealing, %d sealed, want 0 and 1", rows, sealed.block.Rows())
	}
	sealed.Release()
	if sealed.block.Rows() != 0 {
		t.Error("a released block still holds rows")
	}
}

func TestUnknownFormatNamesTheSetting(t *testing.T) {
	_, err := New(nil, Config{Topics: []Topic{{stream.Incarnated("in", 1), "xml"}}, Metrics: prometheus.NewRegistry()})
	if !stream.IsFatal(err) {
		t.Fatalf("error %v, want a fatal one that names the topic", err)
	}
}
