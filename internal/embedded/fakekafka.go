package embedded

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"
)

// FakeTopic is a topic that the fake has from the start.
type FakeTopic struct {
	Name       string
	Partitions int // at least 1
	// Configs are the topic's own, such as cleanup.policy: compact.
	Configs map[string]string
}

// FakeKafka imitates one broker within this process. What it shows is that our
// requests make sense to somebody, not what Kafka would do with them.
type FakeKafka struct {
	cluster *kfake.Cluster
}

// StartFakeKafka listens on a free loopback port. ctx bounds the making of topics.
func StartFakeKafka(ctx context.Context, topics ...FakeTopic) (*FakeKafka, error) {
	cluster, err := kfake.NewCluster(
		kfake.NumBrokers(1),
		kfake.GroupMinSessionTimeout(time.Second),
	)
	if err != nil {
		return nil, fmt.Errorf("start the fake kafka: %w", err)
	}
	f := &FakeKafka{cluster: cluster}
	if err := createTopics(ctx, f.Addrs(), topics); err != nil {
		f.Close()
		return nil, fmt.Errorf("start the fake kafka: %w", err)
	}
	return f, nil
}

// createTopics asks as any client would: the fake can be seeded with topics, but not
// with their configuration.
func createTopics(ctx context.Context, addrs []string, topics []FakeTopic) error {
	if len(topics) == 0 {
		return nil
	}
	var configs []kafka.TopicConfig
	for _, t := range topics {
		c := kafka.TopicConfig{Topic: t.Name, NumPartitions: t.Partitions, ReplicationFactor: 1}
		for name, value := range t.Configs {
			c.ConfigEntries = append(c.ConfigEntries, kafka.ConfigEntry{ConfigName: name, ConfigValue: value})
		}
		configs = append(configs, c)
	}
	transport := &kafka.Transport{Dial: (&net.Dialer{}).DialContext}
	defer transport.CloseIdleConnections()
	client := &kafka.Client{Addr: kafka.TCP(addrs...), Transport: transport}
	resp, err := client.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: configs})
	if err != nil {
		return fmt.Errorf("create topics: %w", err)
	}
	for topic, err := range resp.Errors {
		if err != nil {
			return fmt.Errorf("create topic %s: %w", topic, err)
		}
	}
	return nil
}

// Addrs is where it listens, as host:port.
func (f *FakeKafka) Addrs() []string { return f.cluster.ListenAddrs() }

// Cluster is the fake itself, for fault injection (Control, ControlKey, SleepControl).
func (f *FakeKafka) Cluster() *kfake.Cluster { return f.cluster }

// Close ends it, and with it everything it held.
func (f *FakeKafka) Close() { f.cluster.Close() }
