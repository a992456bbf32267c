package e2e

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/watchglass/watchglass/internal/generate"
)

// mixed sends good events with a bad record after every tenth, and returns the
// bad ones by the text of their position "topic/partition/offset".
func (f *fleet) mixed(good, bad int) map[string]generate.Bad {
	f.t.Helper()
	now := time.Now().UTC()
	g, err := generate.New(generate.Options{Seed: 7, Count: good, Start: now.Add(-24 * time.Hour)})
	if err != nil {
		f.t.Fatal(err)
	}
	poison := generate.NewPoison(7, now)
	producer := f.producer()
	made := map[string]generate.Bad{} // by value of the header
	for i := range good {
		e, _ := g.Next()
		producer.send(&kgo.Record{Key: bytes.Clone(e.Key), Value: bytes.Clone(e.Value)})
		if i%(good/bad) == 0 {
			b := poison.Next()
			n := fmt.Sprint(len(made))
			made[n] = b
			producer.send(&kgo.Record{Key: b.Key, Value: b.Value, Headers: []kgo.RecordHeader{{Key: "n", Value: []byte(n)}}})
		}
	}
	producer.flush()
	return made
}

func TestBadRecordsBecomeDeadLettersByteForByte(t *testing.T) {
	const good, bad = 100_000, 10_000
	f := newFleet(t, site{})
	f.migrate()
	f.createLargeTopic(12)
	made := f.mixed(good, bad)
	if len(made) != bad {
		t.Fatalf("made %d bad records, want %d", len(made), bad)
	}
	w := f.start()
	f.until(countRows, good)
	f.until("SELECT count() FROM {db}.dead_letters", bad)
	f.exact(good)
	rows, err := f.db.Query(t.Context(), "SELECT reason, key, value, header_names, header_values FROM "+f.name+".dead_letters")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	kinds := map[string]int{}
	for rows.Next() {
		var reason, key, value string
		var names, values []string
		if err := rows.Scan(&reason, &key, &value, &names, &values); err != nil {
			t.Fatal(err)
		}
		if len(names) != 1 || names[0] != "n" {
			t.Fatalf("a dead letter has the headers %q, want one, n", names)
		}
		want, ok := made[values[0]]
		if !ok {
			t.Fatalf("there is more than one dead letter of bad record %s", values[0])
		}
		delete(made, values[0])
		if reason != string(want.Reason) || key != string(want.Key) || value != string(want.Value) {
			t.Errorf("%s: reason %s, want %s; same key: %v; same value: %v", want.Kind, reason, want.Reason, key == string(want.Key), value == string(want.Value))
		}
		kinds[want.Kind]++
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for _, b := range made {
		t.Errorf("no dead letter of a record that is bad by %s", b.Kind)
	}
	t.Logf("%d kinds of bad records: %v", len(kinds), kinds)
	w.stop(t)
}

// createLargeTopic makes a topic that takes records of more than the limit.
func (f *fleet) createLargeTopic(partitions int) {
	f.t.Helper()
	client := kafka.Client{Addr: kafka.TCP(f.brokers...)}
	response, err := client.CreateTopics(f.t.Context(), &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{{
		Topic: f.name, NumPartitions: partitions, ReplicationFactor: 1,
		ConfigEntries: []kafka.ConfigEntry{{ConfigName: "max.message.bytes", ConfigValue: "8388608"}},
	}}})
	if err != nil {
		f.t.Fatal(err)
	}
	if err := response.Errors[f.name]; err != nil {
		f.t.Fatal(err)
	}
}
