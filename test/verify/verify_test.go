package verify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/watchglass/watchglass/internal/stream"
)

// Partitions, and what is going to happen to them.
const (
	untouched int32 = iota
	removed
	doubled
	kafkasRetention
	clickHousesRetention
	erased
	transactional
	replayed
	unentered
	letters
	passedOver
	partitions
)

const (
	good   = 60 // events of each partition, at the offsets 0 to 59
	poison = 60 // offset of a record that cannot be read
)

// fill writes what the tests need.
func (s *site) fill() {
	s.t.Helper()
	now := time.Now()
	for p := range partitions {
		for i := range good {
			when := now.Add(-time.Hour)
			if p == clickHousesRetention && i < 30 {
				when = now.AddDate(0, 0, -399) // one day before it is over
			}
			s.client.Produce(s.t.Context(), on(s.name, event(p, fmt.Sprintf("u-%d-%d", p, i), when)), nil)
		}
		s.client.Produce(s.t.Context(), on(s.name, &kgo.Record{Partition: p, Value: []byte("not JSON")}), nil)
	}
	for range 2 {
		for _, origin := range []string{"0", "60"} {
			r := on(s.name, event(replayed, "u-1", now))
			r.Headers = []kgo.RecordHeader{{Key: stream.HeaderReplayOf, Value: fmt.Appendf(nil, "%s/%d/%s", s.name, replayed, origin)}}
			s.client.Produce(s.t.Context(), r, nil)
		}
	}
	if err := s.client.Flush(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	s.transactions()
	s.compact()
}

func on(topic string, r *kgo.Record) *kgo.Record {
	r.Topic = topic
	return r
}

// transactions writes three committed events and three that are aborted.
func (s *site) transactions() {
	s.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(s.brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.TransactionalID(s.name))
	if err != nil {
		s.t.Fatal(err)
	}
	defer client.Close()
	for range 3 {
		for _, end := range []kgo.TransactionEndTry{kgo.TryAbort, kgo.TryCommit} {
			if err := client.BeginTransaction(); err != nil {
				s.t.Fatal(err)
			}
			if err := client.ProduceSync(s.t.Context(), on(s.name, event(transactional, "u-1", time.Now()))).FirstErr(); err != nil {
				s.t.Fatal(err)
			}
			if err := client.EndTransaction(s.t.Context(), end); err != nil {
				s.t.Fatal(err)
			}
		}
	}
}

// compact writes 100 records with three keys, and returns when Kafka has
// removed some of them.
func (s *site) compact() {
	s.t.Helper()
	topic := s.name + "-compacted"
	for i := range 100 {
		r := on(topic, event(0, "u-1", time.Now()))
		r.Key = fmt.Append(nil, i%3)
		s.send(r)
	}
	reader, err := kgo.NewClient(kgo.SeedBrokers(s.brokers...))
	if err != nil {
		s.t.Fatal(err)
	}
	defer reader.Close()
	for there := 100; there > 90; {
		r := on(topic, event(0, "u-1", time.Now())) // rolls a segment
		r.Key = []byte("last")
		s.send(r)
		reader.AddConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().AtStart()}})
		there = 0
		for last := int64(-1); last < r.Offset; {
			fetches := reader.PollFetches(s.t.Context())
			if err := fetches.Err(); err != nil {
				s.t.Fatal(err)
			}
			fetches.EachRecord(func(got *kgo.Record) {
				last = got.Offset
				if string(got.Key) != "last" {
					there++
				}
			})
		}
		reader.RemoveConsumePartitions(map[string][]int32{topic: {0}})
	}
}

// TestVerify lets things happen to the record, by rights and not, and looks
// what verify says. Each partition has its own story.
func TestVerify(t *testing.T) {
	s := newSite(t, partitions)
	s.fill()
	verify := func(t *testing.T, code int, args []string, wants ...string) string {
		t.Helper()
		got, text := s.run(append([]string{"verify", "--config", s.config, "--topic", s.name}, args...)...)
		if got != code {
			t.Errorf("verify %s: exit code %d, want %d:\n%s", args, got, code, text)
		}
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("verify %s does not say %q:\n%s", args, want, text)
			}
		}
		return text
	}
	of := func(p int32, more ...string) []string { return append([]string{"--partition", fmt.Sprint(p)}, more...) }
	at := func(p int32, what string) string { return fmt.Sprintf("%s/%d: %s", s.name, p, what) }
	const (
		allWell = "every offset is accounted for, exactly once"
		where   = " WHERE kafka_topic = {topic} AND kafka_partition = %d AND kafka_offset %s"
	)
	remove := func(p int32, offsets string) {
		s.exec("ALTER TABLE {db}.access_events DELETE" + fmt.Sprintf(where, p, offsets))
	}

	story := func(name string, tell func(*testing.T)) {
		t.Run(name, func(t *testing.T) {
			s.t = t
			tell(t)
		})
		s.t = t
	}

	verify(t, 0, nil, "nothing was checked", at(untouched, "no offset to check; 61 more are pending"))
	s.work("access", s.committed("access", s.name, s.name+"-compacted"))
	story("the archive has not begun", func(t *testing.T) { verify(t, 0, nil, allWell, at(untouched, "offsets 0 to 60")) })
	s.work("archive", s.committed("archive", s.name+"-dead", s.name+"-ledger", s.name+"-alerts"))
	story("untouched", func(t *testing.T) {
		verify(t, 0, nil, allWell, at(untouched, "offsets 0 to 60"), "61  in all; held against Kafka's own records: 61, against the ledger: 61")
		verify(t, 0, []string{"--kafka", "yes"}, allWell)
		verify(t, 0, []string{"--kafka", "no"}, allWell, "held against Kafka's own records: 0, against the ledger: 61")
		code, text := s.run("verify", "--config", s.config)
		if code != 0 || !strings.Contains(text, s.name+"-compacted/0: offsets 0 to ") {
			t.Errorf("all topics, one of them compacted: %d, %s", code, text)
		}
		if s.one("SELECT toUInt64(sum(missing)) + (count() != 12) FROM {db}.completeness") != 0 {
			t.Error("completeness has offsets that are missing, or not all partitions")
		}
	})
	story("a row is removed", func(t *testing.T) {
		remove(removed, "IN (7, 8, 31)")
		verify(t, 1, of(removed), at(removed, "missing 7-8 (2 offsets): kafka has its record"), at(removed, "missing 31: "), "error: verify: 3 offsets are")
		verify(t, 1, of(removed, "--kafka", "no"), at(removed, "missing 7-8 (2 offsets): the ledger counts a row"))
		verify(t, 0, of(removed, "--from", "9", "--to", "31"), at(removed, "offsets 9 to 30"), allWell)
		verify(t, 1, of(removed, "--from", "8", "--to", "9"), "1 offsets are")
		verify(t, 0, of(untouched), allWell)
		lines := strings.Split(verify(t, 1, of(removed, "--json")), "\n")
		var first struct {
			Kind     string
			From, To int64
			Verdict  string
		}
		if err := json.NewDecoder(bytes.NewBufferString(lines[0])).Decode(&first); err != nil || first.Kind != "fault" || first.From != 7 || first.To != 8 || first.Verdict != "missing" {
			t.Errorf("the first line of JSON is %s", lines[0])
		}
	})
	story("a row is there twice", func(t *testing.T) {
		s.exec("INSERT INTO {db}.access_events SELECT * REPLACE (now64(3) AS stored_at) FROM {db}.access_events" + fmt.Sprintf(where, doubled, "= 5"))
		verify(t, 1, of(doubled), at(doubled, "doubled 5: more than one row"), "1 offsets are")
	})
	story("Kafka's retention", func(t *testing.T) {
		s.deleteRecords(kafkasRetention, 40)
		verify(t, 0, of(kafkasRetention), allWell, "below offset 40 Kafka has no records any more", "held against Kafka's own records: 21, against the ledger: 61")
		remove(kafkasRetention, "IN (6, 50)")
		verify(t, 1, of(kafkasRetention), at(kafkasRetention, "missing 6: the ledger counts"), at(kafkasRetention, "missing 50: kafka has its record"))
	})
	story("ClickHouse's retention", func(t *testing.T) {
		shorter := write(t, strings.Replace(read(t, s.config), "clickhouse:\n", "clickhouse:\n  retention: {events: 390d}\n", 1))
		if code, text := s.run("migrate", "--config", shorter); code != 0 {
			t.Fatal(text)
		}
		s.exec("OPTIMIZE TABLE {db}.access_events FINAL")
		args := of(clickHousesRetention, "--config", shorter)
		verify(t, 1, of(clickHousesRetention), at(clickHousesRetention, "missing 0-29 (30 offsets)"))
		verify(t, 0, args, allWell, "30  expired")
		verify(t, 0, append(args, "--kafka", "no"), allWell, "30  expired")
		remove(clickHousesRetention, "IN (40, 41)")
		verify(t, 1, args, "30  expired", at(clickHousesRetention, "missing 40-41 (2 offsets)"))
		verify(t, 1, append(args, "--kafka", "no"), "30  expired", at(clickHousesRetention, "missing 2 of the offsets 0-41"), "2 offsets are")
	})
	story("erasure", func(t *testing.T) {
		for _, statement := range erasure(t) {
			s.exec(strings.NewReplacer("{subject:String}", fmt.Sprintf("'u-%d-17'", erased), "{reference:String}", "'case 7'").Replace(statement))
		}
		if n := s.one("SELECT count() FROM {db}.access_events WHERE has(subject_ids, 'u-" + fmt.Sprint(erased) + "-17')"); n != 0 {
			t.Fatalf("%d events of the subject are left", n)
		}
		verify(t, 0, of(erased), allWell, "1  erased")
		verify(t, 0, of(erased, "--kafka", "no"), allWell, "1  erased")
		remove(erased, "= 18")
		verify(t, 1, of(erased), at(erased, "missing 18: "))
		verify(t, 1, of(erased, "--kafka", "no"), at(erased, "missing 18: "))
	})
	story("transactions", func(t *testing.T) {
		verify(t, 0, of(transactional), allWell, "9  no record")
		// The first aborted record is at offset 61.
		s.exec("INSERT INTO {db}.access_events SELECT * REPLACE (now64(3) AS stored_at, 61 AS kafka_offset) FROM (SELECT * FROM {db}.access_events" + fmt.Sprintf(where, transactional, "= 5") + ")")
		verify(t, 1, of(transactional), at(transactional, "unexpected 61: a row, yet neither"))
	})
	story("replays", func(t *testing.T) {
		verify(t, 0, of(replayed), allWell, "2  copy")
		s.exec("INSERT INTO {db}.access_events SELECT * REPLACE (now64(3) AS stored_at, 63 AS kafka_offset) FROM (SELECT * FROM {db}.access_events" + fmt.Sprintf(where, replayed, "= 61") + ")")
		verify(t, 1, of(replayed), at(replayed, "doubled 63: a row, and the same dead letter is stored"))
	})
	story("a dead letter is removed", func(t *testing.T) {
		s.exec("ALTER TABLE {db}.dead_letters_stored DELETE WHERE source_topic = {topic} AND source_partition = " + fmt.Sprint(letters))
		verify(t, 1, of(letters), at(letters, fmt.Sprintf("missing %d: kafka has its record, which cannot be read", poison)))
		verify(t, 1, of(letters, "--kafka", "no"), at(letters, fmt.Sprintf("missing %d: the ledger counts a dead letter", poison)))
	})
	story("moved over, and back", func(t *testing.T) { s.passOver(t, verify, of) })
	story("an entry of the ledger is removed", func(t *testing.T) {
		s.send(event(unentered, "u-1", time.Now()))
		s.work("access", s.committed("access", s.name))
		s.work("archive", s.committed("archive", s.name+"-dead", s.name+"-ledger", s.name+"-alerts"))
		s.exec("ALTER TABLE {db}.stored_ranges_stored DELETE WHERE source_topic = {topic} AND source_partition = " + fmt.Sprint(unentered) + " AND range_to = 62")
		verify(t, 0, of(unentered), allWell, "no entry in the ledger, which begins before them: 1 offsets (61)")
		s.deleteRecords(unentered, 62)
		verify(t, 0, of(unentered), "NOT CHECKED: 1 offsets (61): neither Kafka nor the ledger", "not all could be checked")
		remove(unentered, "= 61")
		verify(t, 1, of(unentered), at(unentered, "missing 61: no row, no dead letter"))
	})
	story("spans of time", func(t *testing.T) {
		hours := func(n int) string { return time.Now().Add(time.Duration(n) * time.Hour).UTC().Format(time.RFC3339) }
		verify(t, 0, of(untouched, "--from", hours(-2)), at(untouched, "offsets 0 to 60"))
		verify(t, 0, of(untouched, "--to", hours(-2)), "nothing was checked")
		verify(t, 0, of(untouched, "--from", hours(-2), "--to", hours(1), "--kafka", "no"), at(untouched, "offsets 0 to 60"))
		verify(t, 0, of(kafkasRetention, "--from", hours(-2), "--to", "6"), at(kafkasRetention, "offsets 0 to 5"))
	})
	story("Kafka is away", func(t *testing.T) {
		config := write(t, strings.Replace(read(t, s.config), s.brokers[0], "127.0.0.1:1", 1))
		verify(t, 0, of(untouched, "--config", config), "NOT CHECKED: Kafka's own records were not read: ", "not all could be checked")
		verify(t, 0, of(untouched, "--config", config, "--kafka", "no"), allWell)
		verify(t, 1, of(untouched, "--config", config, "--kafka", "yes"), "reach kafka")
	})
	story("usage", func(t *testing.T) {
		for _, args := range [][]string{
			{"--partition", "99"},
			{"--from", "7", "--to", "7"},
			{"--from", "yesterday"},
			{"--kafka", "perhaps"},
			{"--topic", "another"},
			{"extra"},
			{"--from", "2026-01-02T00:00:00Z", "--to", "2026-01-01T00:00:00Z"},
			{"--config", "no-such-file"},
		} {
			verify(t, 2, args, "error: ")
		}
	})
}

// passOver moves the offset over records, and back: what was moved over is
// unread first, and stored in the end.
func (s *site) passOver(t *testing.T, verify func(*testing.T, int, []string, ...string) string, of func(int32, ...string) []string) {
	now := time.Now()
	s.send(event(passedOver, "u-1", now), event(passedOver, "u-2", now), event(passedOver, "u-3", now))
	rewind := func(args ...string) {
		t.Helper()
		if code, text := s.run(append([]string{"rewind", "--config", s.config, "--topic", s.name, "--partition", fmt.Sprint(passedOver)}, args...)...); code != 0 {
			t.Fatal(text)
		}
	}
	rewind("--to", "end", "--skip")
	verify(t, 0, of(passedOver), "every offset", "3  unread")
	rewind("--to", "62")
	verify(t, 0, of(passedOver), "every offset", "1  unread")
	s.work("access", s.committed("access", s.name))
	s.work("archive", s.committed("archive", s.name+"-dead", s.name+"-ledger", s.name+"-alerts"))
	verify(t, 0, of(passedOver), "every offset", "1  unread", "62  row")
	verify(t, 0, of(passedOver, "--kafka", "no"), "every offset", "1  unread", "62  row")
	s.exec("ALTER TABLE {db}.access_events DELETE WHERE kafka_topic = {topic} AND kafka_partition = " + fmt.Sprint(passedOver) + " AND kafka_offset = 63")
	verify(t, 1, of(passedOver), "missing 63: ")
	verify(t, 1, of(passedOver, "--kafka", "no"), "missing 63: ")
}
