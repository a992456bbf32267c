package embedded

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/fetch"
)

// TestFakeKafkaAnswersWhatWeAsk goes through every kind of request that
// internal/stream makes, with the client that it makes them with.
func TestFakeKafkaAnswersWhatWeAsk(t *testing.T) {
	f := must(StartFakeKafka(soon(t),
		FakeTopic{Name: "things", Partitions: 2},
		FakeTopic{Name: "states", Partitions: 1, Configs: map[string]string{"cleanup.policy": "compact"}},
	))(t)
	t.Cleanup(f.Close)
	client := newClient(t, f.Addrs())
	askAll(t, f.Addrs(), client, "things")
	configs := must(client.DescribeConfigs(soon(t), &kafka.DescribeConfigsRequest{Resources: []kafka.DescribeConfigRequestResource{
		{ResourceType: kafka.ResourceTypeTopic, ResourceName: "states", ConfigNames: []string{"cleanup.policy"}},
	}}))(t)
	if got := configs.Resources[0].ConfigEntries[0].ConfigValue; got != "compact" {
		t.Errorf("cleanup.policy is %q, want compact", got)
	}
}

// askAll is the same against anything that says it is Kafka; the topic has
// two partitions and is empty.
func askAll(t *testing.T, addrs []string, client *kafka.Client, topic string) {
	t.Helper()
	ctx := soon(t)
	produce(t, addrs, client.Transport, topic, "a", 4) // round robin: 2 in each partition

	group := must(kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{
		ID: "g", Brokers: addrs, Topics: []string{topic}, StartOffset: kafka.FirstOffset,
		HeartbeatInterval: 100 * time.Millisecond, SessionTimeout: 6 * time.Second, RebalanceTimeout: 6 * time.Second,
	}))(t)
	defer group.Close()
	gen := next(ctx, t, group)
	if n := len(gen.Assignments[topic]); n != 2 {
		t.Fatalf("assigned %d partitions, want 2", n)
	}

	commit := func(generation int, member string, offset int64, metadata string) error {
		t.Helper()
		resp := must(client.OffsetCommit(ctx, &kafka.OffsetCommitRequest{
			GroupID: "g", GenerationID: generation, MemberID: member,
			Topics: map[string][]kafka.OffsetCommit{topic: {{Partition: 0, Offset: offset, Metadata: metadata}}},
		}))(t)
		return resp.Topics[topic][0].Error
	}
	if err := commit(int(gen.ID), gen.MemberID, 1, "wg1 1-2 m=2"); err != nil {
		t.Fatalf("commit: %v", err)
	}
	if err := commit(int(gen.ID)-1, gen.MemberID, 2, "x"); !errors.Is(err, kafka.IllegalGeneration) {
		t.Errorf("a commit of an older generation: %v, want IllegalGeneration", err)
	}
	if err := commit(int(gen.ID), "somebody", 2, "x"); !errors.Is(err, kafka.UnknownMemberId) {
		t.Errorf("a commit of another member: %v, want UnknownMemberId", err)
	}
	committed := must(client.OffsetFetch(ctx, &kafka.OffsetFetchRequest{GroupID: "g", Topics: map[string][]int{topic: {0, 1}}}))(t)
	for _, p := range committed.Topics[topic] {
		want := map[int]int64{0: 1, 1: -1}[p.Partition]
		if p.CommittedOffset != want || (p.Partition == 0 && p.Metadata != "wg1 1-2 m=2") {
			t.Errorf("partition %d: committed %d %q, want %d", p.Partition, p.CommittedOffset, p.Metadata, want)
		}
	}

	offsets := must(client.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{
		topic: {kafka.FirstOffsetOf(0), kafka.LastOffsetOf(0)},
	}}))(t)
	if p := offsets.Topics[topic][0]; p.FirstOffset != 0 || p.LastOffset != 2 {
		t.Errorf("offsets %d to %d, want 0 to 2", p.FirstOffset, p.LastOffset)
	}

	answer := must(client.Transport.RoundTrip(ctx, kafka.TCP(addrs...), &fetch.Request{
		ReplicaID: -1, MaxWaitTime: 500, MinBytes: 1, MaxBytes: 1 << 20, SessionEpoch: -1,
		Topics: []fetch.RequestTopic{{Topic: topic, Partitions: []fetch.RequestPartition{
			{Partition: 0, CurrentLeaderEpoch: -1, LogStartOffset: -1, PartitionMaxBytes: 1 << 20},
			{Partition: 1, CurrentLeaderEpoch: -1, LogStartOffset: -1, PartitionMaxBytes: 1 << 20},
		}}},
	}))(t)
	records := 0
	for _, p := range answer.(*fetch.Response).Topics[0].Partitions {
		for {
			r, err := p.RecordSet.Records.ReadRecord()
			if err != nil {
				break
			}
			_ = r
			records++
		}
	}
	if records != 4 {
		t.Errorf("one fetch of two partitions gave %d records, want 4", records)
	}

	// A second member ends the first one's generation, and they share.
	ended := make(chan struct{})
	gen.Start(func(ctx context.Context) { <-ctx.Done(); close(ended) })
	second := must(kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{
		ID: "g", Brokers: addrs, Topics: []string{topic}, HeartbeatInterval: 100 * time.Millisecond,
		SessionTimeout: 6 * time.Second, RebalanceTimeout: 6 * time.Second,
	}))(t)
	defer second.Close()
	both := make(chan int, 2)
	for _, g := range []*kafka.ConsumerGroup{group, second} {
		go func() {
			g, err := g.Next(ctx)
			if err != nil {
				both <- -1
				return
			}
			both <- len(g.Assignments[topic])
		}()
	}
	if a, b := <-both, <-both; a != 1 || b != 1 {
		t.Errorf("two members got %d and %d partitions, want 1 each", a, b)
	}
	<-ended
	if err := commit(int(gen.ID), gen.MemberID, 2, "late"); !errors.Is(err, kafka.IllegalGeneration) {
		t.Errorf("a commit of the generation that has ended: %v, want IllegalGeneration", err)
	}
}

// next joins; right after a start the coordinator may not be there yet.
func next(ctx context.Context, t *testing.T, group *kafka.ConsumerGroup) *kafka.Generation {
	t.Helper()
	for {
		gen, err := group.Next(ctx)
		if err == nil {
			return gen
		}
		if !errors.Is(err, kafka.GroupCoordinatorNotAvailable) {
			t.Fatal(err)
		}
	}
}
