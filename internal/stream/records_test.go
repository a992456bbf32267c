package stream

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// written makes a batch of records with values, from an offset on, of a
// transaction.
func written(producer, from int64, values ...string) []byte {
	return batchOf(kmsg.RecordBatch{FirstOffset: from, ProducerID: producer, Attributes: 1 << 4}, len(values), values...)
}

// compacted is what is left of such a batch when only its last records are.
func compacted(from int64, were int, values ...string) []byte {
	return batchOf(kmsg.RecordBatch{FirstOffset: from, ProducerID: -1}, were, values...)
}

// ended makes the marker that ends a transaction.
func ended(producer, at int64) []byte {
	return batchOf(kmsg.RecordBatch{FirstOffset: at, ProducerID: producer, Attributes: 1<<4 | 1<<5}, 1, "")
}

// batchOf writes a batch that spans some offsets, with records at the last ones.
// A control batch's record has the key of an abort.
func batchOf(b kmsg.RecordBatch, span int, values ...string) []byte {
	for i, v := range values {
		r := kmsg.Record{OffsetDelta: int32(span - len(values) + i), Value: []byte(v)}
		if b.Attributes&(1<<5) != 0 {
			r.Key = []byte{0, 0, 0, 0}
		}
		r.Length = int32(len(r.AppendTo(nil)) - 1) // the length itself, a byte for such small ones, does not count
		b.Records = r.AppendTo(b.Records)
	}
	b.Magic, b.NumRecords, b.LastOffsetDelta, b.MaxTimestamp = 2, int32(len(values)), int32(max(span, 1)-1), 77
	b.Length = int32(len(b.AppendTo(nil)) - 12)
	raw := b.AppendTo(nil)
	binary.BigEndian.PutUint32(raw[17:], crc32.Checksum(raw[21:], crc32.MakeTable(crc32.Castagnoli)))
	return raw
}

// read is what a cursor makes of an answer.
func read(t *testing.T, next int64, aborted []kmsg.FetchResponseTopicPartitionAbortedTransaction, batches ...[]byte) (values []string, end int64) {
	t.Helper()
	r := readPartition(&cursor{next: next}, &kmsg.FetchResponseTopicPartition{AbortedTransactions: aborted, RecordBatches: bytes.Join(batches, nil)})
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
		aborted []kmsg.FetchResponseTopicPartitionAbortedTransaction
		batches [][]byte
		want    []string
		end     int64
	}{
		"committed": {
			0, nil,
			[][]byte{written(1, 0, "a", "b"), ended(1, 2)},
			[]string{"0 a", "1 b"},
			3,
		},
		"aborted, and the same producer goes on": {
			0,
			[]kmsg.FetchResponseTopicPartitionAbortedTransaction{{ProducerID: 1, FirstOffset: 0}},
			[][]byte{written(1, 0, "a"), ended(1, 1), written(1, 2, "b"), ended(1, 3)},
			[]string{"2 b"},
			4,
		},
		"aborted, and another producer is not": {
			0,
			[]kmsg.FetchResponseTopicPartitionAbortedTransaction{{ProducerID: 1, FirstOffset: 0}},
			[][]byte{written(1, 0, "a"), written(2, 1, "b"), ended(1, 2), ended(2, 3)},
			[]string{"1 b"},
			4,
		},
		"entwined: the broker lists first what ended first": {
			0,
			[]kmsg.FetchResponseTopicPartitionAbortedTransaction{{ProducerID: 2, FirstOffset: 1}, {ProducerID: 1, FirstOffset: 0}},
			[][]byte{written(1, 0, "a"), written(2, 1, "b"), ended(2, 2), ended(1, 3), written(3, 4, "c")},
			[]string{"4 c"},
			5,
		},
		"the answer begins with the marker": {
			2,
			[]kmsg.FetchResponseTopicPartitionAbortedTransaction{{ProducerID: 1, FirstOffset: 0}},
			[][]byte{ended(1, 2), written(1, 3, "b"), ended(1, 4)},
			[]string{"3 b"},
			5,
		},
		"only a marker": {
			2, nil, [][]byte{ended(1, 2)}, nil, 3,
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
		batches [][]byte
		want    []string
		end     int64
	}{
		"with records behind it":                    {[][]byte{written(-1, 3, "a", "b", "c")}, []string{"5 c"}, 6},
		"compacted up to it":                        {[][]byte{compacted(3, 4, "a")}, []string{"6 a"}, 7},
		"compacted to nothing":                      {[][]byte{compacted(3, 6)}, nil, 9},
		"compacted to nothing, and one that is not": {[][]byte{compacted(3, 3), compacted(9, 1, "d")}, []string{"9 d"}, 10},
		"cut off where the answer is full":          {[][]byte{compacted(5, 1, "e"), compacted(6, 1, "f")[:50]}, []string{"5 e"}, 6},
		"cut off from the first":                    {[][]byte{compacted(5, 1, "e")[:40]}, nil, 5},
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

// A damaged batch stops its own partition, at its first offset, and nothing
// before it.
func TestDamagedBatch(t *testing.T) {
	good := compacted(5, 1, "e")
	flipped := slices.Clone(compacted(6, 2, "f", "g"))
	flipped[len(flipped)-3] ^= 1
	short := batchOf(kmsg.RecordBatch{FirstOffset: 6, ProducerID: -1}, 2, "f", "g")
	binary.BigEndian.PutUint32(short[57:], 9) // so many records it does not hold
	binary.BigEndian.PutUint32(short[17:], crc32.Checksum(short[21:], crc32.MakeTable(crc32.Castagnoli)))
	for name, damaged := range map[string][]byte{"a bit has flipped": flipped, "fewer records than it says": short} {
		t.Run(name, func(t *testing.T) {
			values, end := read(t, 5, nil, good, damaged)
			if end < 6 || end > 8 || values[0] != "5 e" {
				t.Fatalf("%v up to %d", values, end)
			}
			r := readPartition(&cursor{next: end}, &kmsg.FetchResponseTopicPartition{RecordBatches: damaged})
			if r.err == nil || !strings.Contains(r.err.Error(), fmt.Sprint("batch at offset ", end, " is damaged")) {
				t.Fatalf("%+v, want an error that names the offset", r)
			}
		})
	}
}

// Where the topic says so, the broker's time counts, which stands in the batch.
func TestLogAppendTime(t *testing.T) {
	r := readPartition(new(cursor), &kmsg.FetchResponseTopicPartition{RecordBatches: batchOf(kmsg.RecordBatch{ProducerID: -1, FirstTimestamp: 5, Attributes: 1 << 3}, 1, "a")})
	if got := r.chunk.records[0].Time; !got.Equal(time.UnixMilli(77)) {
		t.Errorf("time %s", got)
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
	until(t, "the offset behind the last marker is committed", func() bool { return offsetOf(t, k, "g", "in", 0) == committed{40, "wg1 -"} })
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
