package kafka

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/watchglass/watchglass/test/fleet"
)

// One partition holds batches in every compression, side by side.
func TestCompressions(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.CreateTopic(1)
		var clients []*kgo.Client
		for _, codec := range []kgo.CompressionCodec{
			kgo.NoCompression(), kgo.GzipCompression(), kgo.SnappyCompression(), kgo.Lz4Compression(), kgo.ZstdCompression(),
		} {
			clients = append(clients, s.NewClient(kgo.ProducerBatchCompression(codec)))
		}
		for range 3 {
			for _, client := range clients {
				if err := client.ProduceSync(t.Context(), events(0, 100)...).FirstErr(); err != nil {
					t.Fatal(err)
				}
			}
		}
		s.work(1500)
	})
}

// Messages as large as the broker takes them: an event, and one that is none,
// between small ones.
func TestLargestMessages(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.CreateTopic(2)
		client := s.NewClient(kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.ProducerBatchMaxBytes(2<<20))
		// The broker counts the whole batch: find the largest value that it takes.
		largest := func(value func(n int) []byte) int {
			for n := 1<<20 + 100; ; n-- {
				err := client.ProduceSync(t.Context(), &kgo.Record{Partition: 0, Value: value(n)}).FirstErr()
				if err == nil {
					return n
				}
				if !errors.Is(err, kerr.MessageTooLarge) {
					t.Fatal(err)
				}
			}
		}
		s.Send(events(0, 10)...)
		poison := largest(func(n int) []byte { return bytes.Repeat([]byte{'x'}, n) })
		s.Send(events(0, 10)...)
		padded := func(n int) []byte {
			e := event(1)
			return append(e[:len(e)-1], append(bytes.Repeat([]byte{' '}, n-len(e)), '}')...)
		}
		if n := largest(padded); n != poison {
			t.Errorf("an event may have %d bytes, another message %d", n, poison)
		}
		s.Send(events(0, 10)...)
		s.Send(events(1, 10)...)
		s.Send(slices.Repeat([]*kgo.Record{{Partition: 1, Value: padded(900 << 10)}}, 1)...)

		w := s.Start()
		s.Until(fleet.CountRows, 42)
		s.Until(fleet.CountLetters, 1)
		w.Stop(t)
		s.exact(42)
		if n := fleet.Ask[uint64](s.Fleet, "SELECT length(value) FROM {db}.dead_letters"); n != uint64(poison) {
			t.Errorf("the dead letter has %d bytes, want %d", n, poison)
		}
		t.Logf("the largest value has %d bytes", poison)
	})
}

// The broker's own time counts where the topic says so.
func TestBrokersTime(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.Create(s.Name, 1, map[string]string{"message.timestamp.type": "LogAppendTime"})
		records := events(0, 20)
		for _, r := range records {
			r.Timestamp = time.Now().AddDate(-3, 0, 0) // with this, events would be from the future
		}
		began := time.Now().Add(-time.Minute)
		s.Send(records...)
		s.work(20)
		if least := fleet.Ask[time.Time](s.Fleet, "SELECT min(kafka_time) FROM {db}.access_events"); least.Before(began) {
			t.Errorf("kafka_time begins at %s", least)
		}
	})
}

// What is missing stays different from what is empty.
func TestNulls(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.CreateTopic(1)
		good := event(1)
		s.Send(
			&kgo.Record{Value: nil, Key: []byte("k")}, // a tombstone
			&kgo.Record{Value: []byte{}, Key: []byte{}},
			&kgo.Record{Value: good, Key: nil},
			&kgo.Record{Value: good, Key: []byte{0, 255}, Headers: []kgo.RecordHeader{{Key: "a", Value: nil}, {Key: "a", Value: []byte{0}}, {Key: "", Value: []byte("b")}}},
		)
		w := s.Start()
		s.Until(fleet.CountRows, 2)
		s.Until(fleet.CountLetters, 2)
		w.Stop(t)
		s.exact(2)
		if n := s.One("SELECT count() FROM {db}.dead_letters WHERE reason = 'empty'"); n != 2 {
			t.Errorf("%d letters are for the reason empty, want 2", n)
		}
	})
}
