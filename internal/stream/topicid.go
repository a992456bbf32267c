package stream

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// TopicID is what Kafka calls one life of a topic: a topic that is deleted and
// made anew has another one. It is zero where brokers are older than 2.8.
type TopicID [16]byte

// String is its hexadecimal form, "" for zero.
func (id TopicID) String() string {
	if id == (TopicID{}) {
		return ""
	}
	return hex.EncodeToString(id[:])
}

// Versions of requests from which on a topic has an id in them.
const (
	metadataWithIDs = 10
	metadataMost    = 12
	fetchWithIDs    = 13
	fetchMost       = 17
)

// Errors that kafka-go has no names for.
const (
	unknownTopicID      = kafka.Error(100)
	inconsistentTopicID = kafka.Error(103)
)

// TopicIDs asks for the ids of topics. A topic that does not exist is an error.
func (k *Kafka) TopicIDs(ctx context.Context, topics ...string) (map[string]TopicID, error) {
	ctx, cancel := context.WithTimeout(ctx, k.cfg.RequestTimeout)
	defer cancel()
	request := kmsg.NewPtrMetadataRequest()
	for _, topic := range topics {
		t := kmsg.NewMetadataRequestTopic()
		t.Topic = &topic
		request.Topics = append(request.Topics, t)
	}
	response, err := k.exchange(ctx, anyBroker, metadataMost, request)
	if err != nil {
		return nil, classify(fmt.Errorf("ask for the ids of topics: %w", err), err)
	}
	ids := map[string]TopicID{}
	for _, t := range response.(*kmsg.MetadataResponse).Topics {
		if t.Topic == nil {
			continue
		}
		if t.ErrorCode != 0 {
			err := kafka.Error(t.ErrorCode)
			return nil, classify(fmt.Errorf("ask for the id of topic %s: %w", *t.Topic, err), err)
		}
		ids[*t.Topic] = t.TopicID
	}
	for _, topic := range topics {
		if _, ok := ids[topic]; !ok {
			return nil, fmt.Errorf("ask for the id of topic %s: no answer", topic)
		}
	}
	return ids, nil
}

// topicIDs are those of the topics of some partitions.
func (k *Kafka) topicIDs(ctx context.Context, assigned []Assigned) (map[string]TopicID, error) {
	var topics []string
	for _, a := range assigned {
		if !slices.Contains(topics, a.Topic) {
			topics = append(topics, a.Topic)
		}
	}
	return k.TopicIDs(ctx, topics...)
}
