package main

import (
	"crypto/tls"
	"fmt"

	"github.com/rs/zerolog"
	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"

	"github.com/watchglass/watchglass/internal/config"
	"github.com/watchglass/watchglass/internal/stream"
)

// openKafka prepares the connection that the configuration describes; nothing
// is dialled yet.
func openKafka(cfg config.Kafka, metrics *stream.Metrics, log zerolog.Logger) (*stream.Kafka, error) {
	encryption, mechanism, err := kafkaSecurity(cfg)
	if err != nil {
		return nil, err
	}
	return stream.Open(stream.KafkaConfig{
		Brokers: cfg.Brokers, TLS: encryption, SASL: mechanism, ClientID: cfg.ClientID, Log: log, Metrics: metrics,
	}), nil
}

// kafkaSecurity is nil, nil for plain connections without login.
func kafkaSecurity(cfg config.Kafka) (*tls.Config, sasl.Mechanism, error) {
	encryption, err := cfg.TLS.Client()
	if err != nil {
		return nil, nil, fmt.Errorf("kafka.%w", err)
	}
	mechanism, err := saslMechanism(cfg.SASL)
	if err != nil {
		return nil, nil, fmt.Errorf("kafka.sasl: %w", err)
	}
	return encryption, mechanism, nil
}

func saslMechanism(cfg config.SASL) (sasl.Mechanism, error) {
	switch cfg.Mechanism {
	case "plain":
		return plain.Mechanism{Username: cfg.Username, Password: cfg.Password.Reveal()}, nil
	case "scram-sha-256":
		return scram.Mechanism(scram.SHA256, cfg.Username, cfg.Password.Reveal())
	case "scram-sha-512":
		return scram.Mechanism(scram.SHA512, cfg.Username, cfg.Password.Reveal())
	}
	return nil, nil // mechanism none: config allows no other
}

// deadMessageBytes leaves room for a record of Kafka's default maximum, 1 MiB,
// and the headers that say why it is dead.
const deadMessageBytes = "2097152"

// fewPartitions are enough for topics that are only archived, and in each of
// which little happens: every partition costs ClickHouse inserts of its own.
const fewPartitions = 3

// compactAfterMS is a week: the runs of rules over time are archived long before
// Kafka keeps the latest of each rule only.
const compactAfterMS = "604800000"

// topicSpecs lists every topic that has to exist.
func topicSpecs(cfg config.Kafka) []stream.TopicSpec {
	t := cfg.Topics
	spec := func(name string, settings map[string]string) stream.TopicSpec {
		return stream.TopicSpec{Name: name, Partitions: cfg.Partitions, Replication: cfg.Replication, Settings: settings}
	}
	few := func(name string, settings map[string]string) stream.TopicSpec {
		s := spec(name, settings)
		s.Partitions = min(s.Partitions, fewPartitions)
		return s
	}
	var specs []stream.TopicSpec
	for _, access := range t.AccessEvents {
		specs = append(specs, spec(access.Name, nil))
	}
	return append(specs,
		spec(t.Alerts, nil),
		few(t.Incidents, nil),
		spec(t.IncidentState, map[string]string{"cleanup.policy": "compact"}),
		spec(t.Notifications, nil),
		few(t.Deliveries, nil),
		few(t.Ledger, nil),
		spec(t.Correlations, map[string]string{"cleanup.policy": "compact", "min.compaction.lag.ms": compactAfterMS}),
		few(t.Dead, map[string]string{"max.message.bytes": deadMessageBytes}),
	)
}
