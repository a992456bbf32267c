package stream

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
)

const defaultRequestTimeout = 10 * time.Second

// KafkaConfig says how to reach the brokers.
type KafkaConfig struct {
	Brokers  []string
	TLS      *tls.Config    // nil: plain text
	SASL     sasl.Mechanism // nil: none
	ClientID string
	Log      zerolog.Logger
	Metrics  *Metrics
	// RequestTimeout bounds every request that does not wait for records;
	// default 10 s.
	RequestTimeout time.Duration
}

// Kafka is a connection to one cluster, shared by all consumers of a process.
type Kafka struct {
	cfg       KafkaConfig
	transport *kafka.Transport
	client    *kafka.Client
	dialer    *kafka.Dialer
	versions  sync.Map // highest version of a kind of request that a broker knows
}

// Open prepares a connection; nothing is dialled yet. Close it.
func Open(cfg KafkaConfig) *Kafka {
	if cfg.RequestTimeout == 0 {
		cfg.RequestTimeout = defaultRequestTimeout
	}
	transport := &kafka.Transport{TLS: cfg.TLS, SASL: cfg.SASL, ClientID: cfg.ClientID, MetadataTTL: 3 * time.Second}
	return &Kafka{
		cfg:       cfg,
		transport: transport,
		client:    &kafka.Client{Addr: kafka.TCP(cfg.Brokers...), Transport: transport},
		dialer: &kafka.Dialer{
			ClientID: cfg.ClientID, Timeout: cfg.RequestTimeout, DualStack: true, TLS: cfg.TLS, SASLMechanism: cfg.SASL,
		},
	}
}

// Close drops idle connections.
func (k *Kafka) Close() { k.transport.CloseIdleConnections() }

// Ping asks for the cluster's metadata. A refused password or a failed TLS
// handshake is fatal; everything else is worth waiting for.
func (k *Kafka) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, k.cfg.RequestTimeout)
	defer cancel()
	_, err := k.client.Metadata(ctx, &kafka.MetadataRequest{})
	return classify(fmt.Errorf("reach kafka at %v: %w", k.cfg.Brokers, err), err)
}

// classify returns nil for a nil cause, marks what waiting cannot mend as
// fatal, and returns everything else as it is.
func classify(err, cause error) error {
	if cause == nil {
		return nil
	}
	var code kafka.Error
	if errors.As(cause, &code) {
		switch code {
		case kafka.SASLAuthenticationFailed, kafka.UnsupportedSASLMechanism, kafka.IllegalSASLState:
			return Fatal("%w: check kafka.sasl", err)
		case kafka.TopicAuthorizationFailed, kafka.GroupAuthorizationFailed, kafka.ClusterAuthorizationFailed:
			return Fatal("%w: the account of kafka.sasl.username lacks this right", err)
		}
	}
	var certificate *tls.CertificateVerificationError
	if errors.As(cause, &certificate) {
		return Fatal("%w: check kafka.tls.ca_file and kafka.tls.server_name", err)
	}
	return err
}

// TopicSpec is a topic that has to exist.
type TopicSpec struct {
	Name        string
	Partitions  int // used when it is created; an existing topic keeps its own
	Replication int
	Settings    map[string]string
}

// EnsureTopics creates the topics that are missing, when create is true. A
// missing topic that may not be created is fatal.
func (k *Kafka) EnsureTopics(ctx context.Context, create bool, topics ...TopicSpec) error {
	ctx, cancel := context.WithTimeout(ctx, k.cfg.RequestTimeout)
	defer cancel()
	missing, err := k.missing(ctx, topics)
	if err != nil || len(missing) == 0 {
		return err
	}
	if !create {
		return Fatal("kafka topic %q does not exist, or kafka.sasl.username has no right to describe it: create it, or set kafka.create_topics: true", missing[0].Name)
	}
	var request kafka.CreateTopicsRequest
	for _, t := range missing {
		config := kafka.TopicConfig{Topic: t.Name, NumPartitions: t.Partitions, ReplicationFactor: t.Replication}
		for name, value := range t.Settings {
			config.ConfigEntries = append(config.ConfigEntries, kafka.ConfigEntry{ConfigName: name, ConfigValue: value})
		}
		request.Topics = append(request.Topics, config)
	}
	response, err := k.client.CreateTopics(ctx, &request)
	if err != nil {
		return classify(fmt.Errorf("create kafka topics: %w", err), err)
	}
	for name, err := range response.Errors {
		if err != nil && !errors.Is(err, kafka.TopicAlreadyExists) {
			return classify(fmt.Errorf("create kafka topic %q: %w", name, err), err)
		}
	}
	for _, t := range missing {
		if err := k.awaitLeaders(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

// awaitLeaders returns when every partition of a new topic has a leader.
func (k *Kafka) awaitLeaders(ctx context.Context, t TopicSpec) error {
	var partitions []int32
	for p := range int32(t.Partitions) {
		partitions = append(partitions, p)
	}
	return Retry(ctx, func(error) {}, func(ctx context.Context) error {
		_, err := k.Bounds(ctx, t.Name, partitions...)
		return err
	})
}

func (k *Kafka) missing(ctx context.Context, topics []TopicSpec) ([]TopicSpec, error) {
	counts, err := k.Partitions(ctx)
	if err != nil {
		return nil, err
	}
	var missing []TopicSpec
	for _, t := range topics {
		if counts[t.Name] == 0 {
			missing = append(missing, t)
		}
	}
	return missing, nil
}

// PartitionsOf tells how many partitions a topic has.
func (k *Kafka) PartitionsOf(ctx context.Context, topic string) (int, error) {
	all, err := k.Partitions(ctx)
	if err == nil && all[topic] == 0 {
		err = fmt.Errorf("topic %s is not there", topic)
	}
	return all[topic], err
}

// Partitions returns the number of partitions of every topic of the cluster.
func (k *Kafka) Partitions(ctx context.Context) (map[string]int, error) {
	ctx, cancel := context.WithTimeout(ctx, k.cfg.RequestTimeout)
	defer cancel()
	// Asked of a broker anew, not of the transport's cache: topics may have
	// been created a moment ago.
	conn, err := k.dial(ctx)
	if err != nil {
		return nil, classify(fmt.Errorf("reach kafka at %v: %w", k.cfg.Brokers, err), err)
	}
	defer conn.Close()
	partitions, err := conn.ReadPartitions()
	if err != nil {
		return nil, classify(fmt.Errorf("list kafka topics: %w", err), err)
	}
	counts := map[string]int{}
	for _, p := range partitions {
		counts[p.Topic]++
	}
	return counts, nil
}

func (k *Kafka) dial(ctx context.Context) (conn *kafka.Conn, err error) {
	for _, broker := range k.cfg.Brokers {
		conn, err = k.dialer.DialContext(ctx, "tcp", broker)
		if err == nil {
			if deadline, ok := ctx.Deadline(); ok {
				_ = conn.SetDeadline(deadline)
			}
			return conn, nil
		}
		var refused *net.OpError
		if !errors.As(err, &refused) {
			return nil, err
		}
	}
	return nil, err
}

// Bounds are the first offset that is still there and the one behind the last.
type Bounds struct{ First, End int64 }

// Bounds asks for the log's bounds of the given partitions of a topic.
func (k *Kafka) Bounds(ctx context.Context, topic string, partitions ...int32) (map[int32]Bounds, error) {
	ctx, cancel := context.WithTimeout(ctx, k.cfg.RequestTimeout)
	defer cancel()
	var requests []kafka.OffsetRequest
	for _, p := range partitions {
		requests = append(requests, kafka.FirstOffsetOf(int(p)), kafka.LastOffsetOf(int(p)))
	}
	response, err := k.client.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{topic: requests}})
	if err != nil {
		return nil, classify(fmt.Errorf("list offsets of %s: %w", topic, err), err)
	}
	bounds := map[int32]Bounds{}
	for _, p := range response.Topics[topic] {
		if p.Error != nil {
			return nil, classify(fmt.Errorf("list offsets of %s/%d: %w", topic, p.Partition, p.Error), p.Error)
		}
		bounds[int32(p.Partition)] = Bounds{First: p.FirstOffset, End: p.LastOffset}
	}
	for _, p := range partitions {
		if b, ok := bounds[p]; !ok || b.First < 0 || b.End < 0 {
			return nil, fmt.Errorf("list offsets of %s/%d: no answer", topic, p)
		}
	}
	return bounds, nil
}

// allBounds asks for the bounds of partitions of any topics.
func (k *Kafka) allBounds(ctx context.Context, assigned []Assigned) (map[Assigned]Bounds, error) {
	partitions := map[string][]int32{}
	for _, a := range assigned {
		partitions[a.Topic] = append(partitions[a.Topic], a.Partition)
	}
	all := make(map[Assigned]Bounds, len(assigned))
	for topic, list := range partitions {
		bounds, err := k.Bounds(ctx, topic, list...)
		if err != nil {
			return nil, err
		}
		for _, a := range assigned {
			if a.Topic == topic {
				all[a] = bounds[a.Partition]
			}
		}
	}
	return all, nil
}
