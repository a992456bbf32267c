package stream

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/fetch"
	"github.com/twmb/franz-go/pkg/kgo"
)

// written makes a batch of records with values, from an offset on.
func written(producer, from int64, values ...string) *protocol.RecordBatch {
	var records []protocol.Record
	for i, v := range values {
		records = append(records, protocol.Record{Offset: from + int64(i), Value: protocol.NewBytes([]byte(v))})
	}
	return &protocol.RecordBatch{
		Attributes: protocol.Transactional, BaseOffset: from, ProducerID: producer, Records: protocol.NewRecordReader(records...),
	}
}

// ended makes the marker that ends a transaction.
func ended(producer, at int64) *protocol.ControlBatch {
	c := protocol.NewControlBatch(protocol.ControlRecord{Offset: at})
	c.BaseOffset, c.ProducerID = at, producer
	return c
}

// read is what a cursor makes of an answer.
func read(t *testing.T, next int64, aborted []fetch.ResponseTransaction, batches ...protocol.RecordReader) (values []string, end int64) {
	t.Helper()
	r := readPartition(&cursor{next: next}, &fetch.ResponsePartition{
		AbortedTransactions: aborted, RecordSet: protocol.RecordSet{Records: &protocol.RecordStream{Records: batches}},
	})
	if r.err != nil {
		t.Fatal(r.err)
	}
	for _, record := range r.chunk.records {
		values = append(values, fmt.Sprintf("%d %s", record.Offset, record.Value))
	}
	return values, r.chunk.end
}

func TestRecordsOfAbortedTransactionsAreLeftOut(t *testing.T) {
	for name, c := range map[string]struct {
		next    int64
		aborted []fetch.ResponseTransaction
		batches []protocol.RecordReader
		want    []string
		end     int64
	}{
		"committed": {
			0, nil,
			[]protocol.RecordReader{written(1, 0, "a", "b"), ended(1, 2)},
			[]string{"0 a", "1 b"},
			3,
		},
		"aborted, and the same producer goes on": {
			0,
			[]fetch.ResponseTransaction{{ProducerID: 1, FirstOffset: 0}},
			[]protocol.RecordReader{written(1, 0, "a"), ended(1, 1), written(1, 2, "b"), ended(1, 3)},
			[]string{"2 b"},
			4,
		},
		"aborted, and another producer is not": {
			0,
			[]fetch.ResponseTransaction{{ProducerID: 1, FirstOffset: 0}},
			[]protocol.RecordReader{written(1, 0, "a"), written(2, 1, "b"), ended(1, 2), ended(2, 3)},
			[]string{"1 b"},
			4,
		},
		"entwined: the broker lists first what ended first": {
			0,
			[]fetch.ResponseTransaction{{ProducerID: 2, FirstOffset: 1}, {ProducerID: 1, FirstOffset: 0}},
			[]protocol.RecordReader{written(1, 0, "a"), written(2, 1, "b"), ended(2, 2), ended(1, 3), written(3, 4, "c")},
			[]string{"4 c"},
			5,
		},
		"the answer begins with the marker": {
			2,
			[]fetch.ResponseTransaction{{ProducerID: 1, FirstOffset: 0}},
			[]protocol.RecordReader{ended(1, 2), written(1, 3, "b"), ended(1, 4)},
			[]string{"3 b"},
			5,
		},
		"only a marker": {
			2, nil, []protocol.RecordReader{ended(1, 2)}, nil, 3,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, end := read(t, c.next, c.aborted, c.batches...)
			if diff := cmp.Diff(c.want, got); diff != "" || end != c.end {
				t.Fatalf("end %d, want %d %s", end, c.end, diff)
			}
		})
	}
}

func TestBatchesThatBeginBeforeTheCursor(t *testing.T) {
	for name, c := range map[string]struct {
		batches []protocol.RecordReader
		want    []string
		end     int64
	}{
		"with records behind it":                    {[]protocol.RecordReader{written(-1, 3, "a", "b", "c")}, []string{"5 c"}, 6},
		"compacted up to it":                        {[]protocol.RecordReader{written(-1, 3, "a", "b")}, nil, 6},
		"compacted to nothing":                      {[]protocol.RecordReader{written(-1, 3)}, nil, 6},
		"compacted to nothing, and one that is not": {[]protocol.RecordReader{written(-1, 3), written(-1, 9, "d")}, []string{"9 d"}, 10},
		"no batch at all: there is nothing new (5)": {nil, nil, 5},
	} {
		t.Run(name, func(t *testing.T) {
			got, end := read(t, 5, nil, c.batches...)
			if diff := cmp.Diff(c.want, got); diff != "" || end != c.end {
				t.Fatalf("end %d, want %d %s", end, c.end, diff)
			}
		})
	}
}

func TestNullIsNotEmpty(t *testing.T) {
	for range 100 { // arenas are used again: it must not depend on which
		r := readPartition(new(cursor), &fetch.ResponsePartition{RecordSet: protocol.RecordSet{Records: &protocol.RecordStream{Records: []protocol.RecordReader{
			protocol.NewRecordReader(
				protocol.Record{Offset: 0, Key: protocol.NewBytes([]byte{}), Value: protocol.NewBytes([]byte{})},
				protocol.Record{Offset: 1},
			),
		}}}})
		if r.err != nil || len(r.chunk.records) != 2 {
			t.Fatalf("%d records, error %v", len(r.chunk.records), r.err)
		}
		if empty := r.chunk.records[0]; empty.Key == nil || empty.Value == nil {
			t.Fatal("an empty key or value became null")
		}
		if null := r.chunk.records[1]; null.Key != nil || null.Value != nil {
			t.Fatal("a null key or value became empty")
		}
		putArena(nil) // a gap has none
	}
}

func TestRecordsSurviveEveryCompression(t *testing.T) {
	for name, codec := range map[string]kafka.Compression{"none": 0, "gzip": kafka.Gzip, "snappy": kafka.Snappy, "lz4": kafka.Lz4, "zstd": kafka.Zstd} {
		t.Run(name, func(t *testing.T) {
			k := cluster(t, 1, "in")
			at := time.UnixMilli(1_700_000_000_123).UTC()
			large := bytes.Repeat([]byte("0123456789"), 30_000)
			want := []Record{
				{Topic: "in", Offset: 0, Time: at, Key: []byte("k"), Value: []byte("v"), Headers: []Header{{"a", []byte{1, 0}}, {"a", []byte{2}}}},
				{Topic: "in", Offset: 1, Time: at, Value: []byte{0xff, 0}},
				{Topic: "in", Offset: 2, Time: at, Key: []byte("k")},
				{Topic: "in", Offset: 3, Time: at, Key: []byte{}, Value: []byte{}},
				{Topic: "in", Offset: 4, Time: at, Value: large},
			}
			w := &kafka.Writer{Addr: k.client.Addr, Transport: k.transport, Topic: "in", Compression: codec, BatchTimeout: time.Millisecond, RequiredAcks: kafka.RequireAll}
			defer w.Close()
			var messages []kafka.Message
			for _, r := range want {
				m := kafka.Message{Key: r.Key, Value: r.Value, Time: r.Time}
				for _, h := range r.Headers {
					m.Headers = append(m.Headers, kafka.Header{Key: h.Key, Value: h.Value})
				}
				messages = append(messages, m)
			}
			if err := w.WriteMessages(t.Context(), messages...); err != nil {
				t.Fatal(err)
			}
			var got []Record
			err := k.ReadAll(t.Context(), "in", 0, func(r Record) error {
				r.Key, r.Value = bytes.Clone(r.Key), bytes.Clone(r.Value)
				got = append(got, r)
				return nil
			})
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Fatal(diff, err)
			}
		})
	}
}

func TestStoreTakesWhatTransactionsCommitted(t *testing.T) {
	k := cluster(t, 1, "in", "dead", "alerts")
	producer, err := kgo.NewClient(kgo.SeedBrokers(k.cfg.Brokers...), kgo.TransactionalID("p"), kgo.DefaultProduceTopic("in"))
	if err != nil {
		t.Fatal(err)
	}
	defer producer.Close()
	for i := range 20 {
		err := errors.Join(
			producer.BeginTransaction(),
			producer.ProduceSync(t.Context(), kgo.StringRecord(fmt.Sprint("v", i))).FirstErr(),
			producer.EndTransaction(t.Context(), kgo.TransactionEndTry(i%2 == 0)),
		)
		if err != nil {
			t.Fatal(err)
		}
	}
	tb := newTable()
	stop := run(t, k, tb)
	for offsetOf(t, k, "g", "in", 0) != (committed{40, "wg1 -"}) {
		if t.Context().Err() != nil {
			t.Fatal("the offset did not move past the last marker")
		}
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	want := map[string]int{}
	for i := 0; i < 20; i += 2 {
		want[fmt.Sprintf("in/0/%d v%d", 2*i, i)] = 1
	}
	if diff := cmp.Diff(want, tb.rows); diff != "" {
		t.Fatal(diff)
	}
}
