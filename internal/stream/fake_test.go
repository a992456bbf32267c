package stream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// cluster is an in-process Kafka. It shows that the order of work is right;
// the proofs against a real one are in test/.
func cluster(t *testing.T, partitions int32, topics ...string) *Kafka {
	t.Helper()
	_, k := faulty(t, partitions, topics...)
	return k
}

// faulty is a cluster with a hold on its faults.
func faulty(t *testing.T, partitions int32, topics ...string) (*kfake.Cluster, *Kafka) {
	t.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(partitions, topics...),
		kfake.BrokerConfigs(map[string]string{"group.initial.rebalance.delay.ms": "0"}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	k := Open(KafkaConfig{Brokers: c.ListenAddrs(), Log: zerolog.New(zerolog.NewTestWriter(t)), Metrics: NewMetrics(prometheus.NewRegistry())})
	t.Cleanup(k.Close)
	return c, k
}

func produce(t *testing.T, k *Kafka, topic string, partition int32, values ...string) {
	t.Helper()
	var messages []Message
	for _, v := range values {
		messages = append(messages, Message{Topic: topic, Partition: partition, Value: []byte(v)})
	}
	p := k.Publisher()
	defer p.Close()
	if err := p.Publish(t.Context(), messages...); err != nil {
		t.Fatal(err)
	}
}

// table is a target in memory that drops an insert whose token it knows, as
// ClickHouse does.
type table struct {
	mu      sync.Mutex
	rows    map[string]int // "topic/partition/offset value" → times stored
	tokens  map[string]bool
	held    map[int32][]Range
	fail    func(ctx context.Context, token string) (before, after error) // faults of an insert
	changed chan struct{}
	// unreachable makes questions fail; nil: never.
	unreachable *atomic.Bool
	attempt     func(asked time.Time) // hears of each attempt
	replays     map[string]int64      // origin → offset that stores it
}

func newTable() *table {
	return &table{rows: map[string]int{}, tokens: map[string]bool{}, held: map[int32][]Range{}, changed: make(chan struct{}, 1)}
}

func (tb *table) Held(_ context.Context, _ string, partition int32, from int64) ([]Range, error) {
	if tb.unreachable != nil && tb.unreachable.Load() {
		return nil, errFault
	}
	tb.mu.Lock()
	defer tb.mu.Unlock()
	var held []Range
	for _, r := range tb.held[partition] {
		if r.To > from {
			held = append(held, Range{max(r.From, from), r.To})
		}
	}
	slices.SortFunc(held, func(a, b Range) int { return cmp.Compare(a.From, b.From) })
	return held, nil
}

// Replayed implements ReplayTarget.
func (tb *table) Replayed(_ context.Context, _ string, _ int32, before int64, origins []string) (map[string]int64, error) {
	found := map[string]int64{}
	for _, origin := range origins {
		if offset, ok := tb.replays[origin]; ok && offset < before {
			found[origin] = offset
		}
	}
	return found, nil
}

func (tb *table) builder(a Assigned) Builder { return &builder{table: tb, assigned: a} }

// stored waits until there are n rows, and returns them.
func (tb *table) stored(t *testing.T, n int) map[string]int {
	t.Helper()
	enough := time.After(patience)
	for {
		tb.mu.Lock()
		if len(tb.rows) >= n {
			defer tb.mu.Unlock()
			return tb.rows
		}
		tb.mu.Unlock()
		select {
		case <-tb.changed:
		case <-enough:
			t.Fatal("rows did not come")
		}
	}
}

type builder struct {
	table    *table
	assigned Assigned
	rows     []Record
	bytes    int
}

func (b *builder) Add(r Record, want Want) (Added, error) {
	switch string(r.Value) {
	case "poison":
		return Added{}, &PoisonError{Reason: "bad", Detail: "it says so"}
	case "other":
		return Added{}, ErrSkipped
	}
	if want.Row {
		r.Value = append([]byte{}, r.Value...)
		b.rows = append(b.rows, r)
		b.bytes += len(r.Value)
	}
	added := Added{Time: r.Time}
	if want.Alert && strings.HasPrefix(string(r.Value), "alert") {
		added.Alerts = []Message{alertOf(fmt.Sprint(r.Offset))}
	}
	return added, nil
}

func (b *builder) Gap(lost Range) ([]Message, error) {
	return []Message{alertOf(fmt.Sprintf("gap %d-%d", lost.From, lost.To))}, nil
}

func alertOf(value string) Message {
	return Message{Topic: "alerts", Partition: AnyPartition, Key: []byte("k"), Value: []byte(value)}
}

func (b *builder) Size() (int, int) { return len(b.rows), b.bytes }

func (b *builder) Seal() Batch {
	sealed := &batch{table: b.table, partition: b.assigned.Partition, rows: b.rows}
	b.rows, b.bytes = nil, 0
	return sealed
}

type batch struct {
	table     *table
	partition int32
	rows      []Record
}

func (b *batch) Release() {}

func (b *batch) Insert(ctx context.Context, token string, asked time.Time) error {
	tb := b.table
	if tb.attempt != nil {
		tb.attempt(asked)
	}
	tb.mu.Lock()
	defer tb.mu.Unlock()
	var after error
	if tb.fail != nil {
		var before error
		if before, after = tb.fail(ctx, token); before != nil {
			return before
		}
	}
	if !tb.tokens[token] {
		tb.tokens[token] = true
		for _, r := range b.rows {
			tb.rows[fmt.Sprintf("%s/%d/%d %s", r.Topic, r.Partition, r.Offset, r.Value)]++
			tb.held[b.partition] = append(tb.held[b.partition], Range{r.Offset, r.Offset + 1})
		}
	}
	select {
	case tb.changed <- struct{}{}:
	default:
	}
	return after
}

var errFault = errors.New("injected fault")

// patience is how long a test waits for what has to happen: far longer than it
// takes on a busy machine, so that a test that hangs says where.
const patience = time.Minute

// offsetOf is what a group has committed.
func offsetOf(t *testing.T, k *Kafka, group, topic string, partition int32) committed {
	t.Helper()
	a := Assigned{Topic: topic, Partition: partition}
	got, err := k.fetchCommitted(t.Context(), group, []Assigned{a})
	if errors.Is(err, kafka.GroupIdNotFound) {
		return committed{offset: -1}
	}
	if err != nil {
		t.Fatal(err)
	}
	return got[a]
}

// lastOffset reads the end of a partition's log.
func lastOffset(t *testing.T, k *Kafka, topic string, partition int32) int64 {
	t.Helper()
	b, err := k.Bounds(t.Context(), topic, partition)
	if err != nil {
		t.Fatal(err)
	}
	return b[partition].End
}

// commitAs sets an offset as a tool outside of any generation does.
func commitAs(t *testing.T, k *Kafka, group, topic string, partition int32, c committed) {
	t.Helper()
	response, err := k.client.OffsetCommit(t.Context(), &kafka.OffsetCommitRequest{
		GroupID: group, GenerationID: -1,
		Topics: map[string][]kafka.OffsetCommit{topic: {{Partition: int(partition), Offset: c.offset, Metadata: c.metadata}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Topics[topic][0].Error; err != nil {
		t.Fatal(err)
	}
}

// deleteRecords removes the records of partition 0 below an offset, as
// retention does.
func deleteRecords(t *testing.T, c *kfake.Cluster, topic string, before int64) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	partition := kmsg.NewDeleteRecordsRequestTopicPartition()
	partition.Offset = before
	of := kmsg.NewDeleteRecordsRequestTopic()
	of.Topic, of.Partitions = topic, append(of.Partitions, partition)
	request := kmsg.NewPtrDeleteRecordsRequest()
	request.Topics = append(request.Topics, of)
	request.TimeoutMillis = 5000
	response, err := request.RequestWith(t.Context(), client)
	if err != nil {
		t.Fatal(err)
	}
	if code := response.Topics[0].Partitions[0].ErrorCode; code != 0 {
		t.Fatal(kerr.ErrorForCode(code))
	}
}
