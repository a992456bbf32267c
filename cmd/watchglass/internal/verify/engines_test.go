package verify

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/watchglass/watchglass/internal/source"
	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/internal/stream"
	"github.com/watchglass/watchglass/test/engines"
)

func TestMain(m *testing.M) { engines.Main(m) }

// What Kafka's retention removes while the check is under way is held against
// the ledger; a log that ends before the committed offset is not read at all.
func TestLogChangesMeanwhile(t *testing.T) {
	brokers, name := engines.Kafka(t), engines.Name(t)
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.DefaultProduceTopic(name))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	admin := kadm.NewClient(client)
	if r, err := admin.CreateTopic(t.Context(), 1, 1, nil, name); err != nil || r.Err != nil {
		t.Fatal(err, r.Err)
	}
	for range 10 {
		value := fmt.Appendf(nil, `{"time":%q,"action":"read","accessor":{"id":"e-1"},"resource":{"store":"s","dataset":"d"}}`, time.Now().UTC().Format(time.RFC3339))
		if err := client.ProduceSync(t.Context(), &kgo.Record{Value: value}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	db, err := store.Open(t.Context(), store.Config{Addr: []string{engines.ClickHouse(t)}, Database: name})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if err := db.Migrate(t.Context(), store.Retention{}); err != nil {
		t.Fatal(err)
	}
	exec := func(ctx context.Context, statement string, args ...any) {
		t.Helper()
		if err := db.Conn().Exec(ctx, statement, args...); err != nil {
			t.Fatal(err)
		}
	}
	defer exec(context.WithoutCancel(t.Context()), "DROP DATABASE "+name+" SYNC")
	exec(t.Context(), "INSERT INTO "+db.Name(store.EventsTable)+" (time, kafka_topic, kafka_offset, kafka_time, stored_at) SELECT now64(3), ?, number, now64(3), now64(3) FROM numbers(10)", name)
	exec(t.Context(), "INSERT INTO "+db.Name(store.LedgerTable)+" (source_topic, range_to, rows, days, kafka_time, stored_at) SELECT ?, 8, 8, map(toString(today()), '8'), now64(3), now64(3)", name)

	kafka := stream.Open(stream.KafkaConfig{Brokers: brokers, Log: zerolog.Nop(), Metrics: stream.NewMetrics(prometheus.NewRegistry())})
	defer kafka.Close()
	topic := Topic{TopicName: stream.Incarnated(name, 1)}
	if topic.Decoder, err = source.New(source.JSON, source.Config{}); err != nil {
		t.Fatal(err)
	}
	standings, err := kafka.Standings(t.Context(), name, topic.TopicName)
	if err != nil {
		t.Fatal(err)
	}
	committed := standings[0]
	committed.Offset = 10
	var offsets kadm.Offsets
	offsets.AddOffset(name, 0, 5, -1)
	if _, err := admin.DeleteRecords(t.Context(), offsets); err != nil {
		t.Fatal(err)
	}
	cfg := Config{DB: db, Kafka: kafka, Retention: Retention{Events: 24 * time.Hour, Letters: 24 * time.Hour}, Now: time.Now}
	r, err := Partition(t.Context(), cfg, topic, committed, Span{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Counts[Row] != 10 || r.Faulty != 0 || r.Read != 5 || r.KafkaFrom != 5 || r.InLedger != 8 || r.Unchecked.Offsets != 0 || r.Holes.String() != "2 offsets (8-9)" {
		t.Errorf("%+v", r)
	}

	committed.Offset = 12 // as after the topic was deleted and made anew
	if r, err = Partition(t.Context(), cfg, topic, committed, Span{}); err != nil {
		t.Fatal(err)
	}
	if r.Counts[Row] != 10 || r.Counts[Missing] != 2 || r.Read != 0 || r.Unchecked.Offsets != 4 || len(r.Notes) != 1 {
		t.Errorf("%+v", r)
	}
}
