package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// TestVerify lets things happen to the record, and looks whether it is noticed.
func TestVerify(t *testing.T) {
	f := newFleet(t, site{})
	f.migrate()
	f.createTopic(2)
	w := f.start()
	p := f.producer()
	f.generate(2000, 7)
	p.send(&kgo.Record{Key: []byte("a"), Value: []byte("not JSON")}, &kgo.Record{Key: []byte("b"), Value: []byte(`{}`)})
	f.transactions()
	f.until(countRows, 2010)
	f.until("SELECT count() FROM {db}.dead_letters", 2)
	w.stop(t)
	f.archived()
	verify := func(what string, code int, wants ...string) {
		t.Helper()
		args := []string{"verify", "--config", f.config}
		if strings.Contains(what, "ledger") {
			args = append(args, "--no-kafka")
		}
		got, text := f.run(args...)
		if got != code {
			t.Errorf("%s: exit code %d, want %d:\n%s", what, got, code, text)
		}
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s: it does not say %q:\n%s", what, want, text)
			}
		}
	}
	position := func(of string) string { return fmt.Sprintf("%s/0: %s", f.name, of) }
	verify("untouched", 0, "every offset is accounted for, exactly once")
	verify("untouched, by the ledger", 0, "every offset is accounted for, exactly once")

	at := f.one("SELECT toUInt64(kafka_offset) FROM {db}.access_events WHERE kafka_partition = 0 ORDER BY kafka_offset LIMIT 1 OFFSET 70")
	row := fmt.Sprintf("kafka_partition = 0 AND kafka_offset = %d", at)
	f.exec("INSERT INTO {db}.access_events SELECT * REPLACE (now64(3) AS stored_at) FROM {db}.access_events WHERE " + row)
	verify("a row twice", 1, position(fmt.Sprint("doubled ", at)), "1 offsets are missing, doubled or unexpected")
	remove := func(where string) {
		f.exec("ALTER TABLE {db}.access_events DELETE WHERE " + where + " SETTINGS mutations_sync = 2")
	}
	remove(row)
	verify("a row less", 1, position(fmt.Sprint("missing ", at)))
	verify("a row less, by the ledger", 1, position(fmt.Sprint("missing ", at)))
	f.exec("INSERT INTO {db}.erasures (kafka_topic, kafka_partition, kafka_offset, reference) VALUES ('" + f.name + "', 0, " + fmt.Sprint(at) + ", 'case 7')")
	verify("erased", 0)

	// Kafka's retention.
	client, err := kgo.NewClient(kgo.SeedBrokers(f.brokers...))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	var offsets kadm.Offsets
	offsets.AddOffset(f.name, 0, int64(at)+100, -1)
	if _, err := kadm.NewClient(client).DeleteRecords(t.Context(), offsets); err != nil {
		t.Fatal(err)
	}
	verify("Kafka has removed a part", 0)
	remove(fmt.Sprintf("kafka_partition = 0 AND kafka_offset = %d", at+1))
	verify("a row less of that part", 1, position(fmt.Sprint("missing ", at+1)))
}

// transactions writes ten committed events, and others that are aborted.
func (f *fleet) transactions() {
	f.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(f.brokers...), kgo.DefaultProduceTopic(f.name), kgo.TransactionalID(f.name))
	if err != nil {
		f.t.Fatal(err)
	}
	defer client.Close()
	for i := range 10 {
		for _, end := range []kgo.TransactionEndTry{kgo.TryAbort, kgo.TryCommit} {
			if err := client.BeginTransaction(); err != nil {
				f.t.Fatal(err)
			}
			if err := client.ProduceSync(f.t.Context(), &kgo.Record{Key: fmt.Append(nil, i), Value: alarming(i)}).FirstErr(); err != nil {
				f.t.Fatal(err)
			}
			if err := client.EndTransaction(f.t.Context(), end); err != nil {
				f.t.Fatal(err)
			}
		}
	}
}

// archived starts a worker until the archive has read all of Watchglass's own
// topics.
func (f *fleet) archived() {
	f.t.Helper()
	w := f.start("--only", "archive")
	client := kafka.Client{Addr: kafka.TCP(f.brokers...)}
	ends := f.ends(f.name+"-ledger", 3)
	for done := uint64(0); done < ends; {
		response, err := client.OffsetFetch(f.t.Context(), &kafka.OffsetFetchRequest{GroupID: f.name + ".archive", Topics: map[string][]int{f.name + "-ledger": {0, 1, 2}}})
		if err != nil {
			f.t.Fatal(err)
		}
		done = 0
		for _, p := range response.Topics[f.name+"-ledger"] {
			done += uint64(max(0, p.CommittedOffset))
		}
	}
	w.stop(f.t)
}
