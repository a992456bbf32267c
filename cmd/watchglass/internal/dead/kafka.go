package dead

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/watchglass/watchglass/internal/stream"
)

// Groups are the consumers that take replayed records further.
type Groups struct {
	Access, Archive string
	Dead            string // topic of the dead letters
}

// Underway returns the origins of replayed records that are in Kafka and that
// no consumer has finished: in their topic, in front of the access consumer,
// or dead again, in front of the archive. partitions are those to look at, by
// topic.
//
// Whoever asks ClickHouse afterwards misses no record that is finished while
// this looks.
func Underway(ctx context.Context, k *stream.Kafka, g Groups, topics []Topic, partitions map[string]map[int32]bool) (map[string]bool, error) {
	found := map[string]bool{}
	look := func(group string, topic stream.TopicName, wanted func(int32) bool, origin func(*stream.Record) string) error {
		standings, err := k.Standings(ctx, group, topic)
		if err != nil {
			return err
		}
		for _, s := range standings {
			from := max(s.Offset, s.Log.First)
			if !wanted(s.Partition) || from >= s.Log.End {
				continue
			}
			err := k.ReadSpan(ctx, s.Assigned, stream.Range{From: from, To: s.Log.End}, func(r stream.Record) error {
				if o := origin(&r); o != "" {
					found[o] = true
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	}
	for _, t := range topics {
		of := partitions[t.Name]
		if len(of) == 0 {
			continue
		}
		if err := look(g.Access, t.TopicName, func(p int32) bool { return of[p] }, (*stream.Record).Replays); err != nil {
			return nil, fmt.Errorf("look for replayed records on their way: %w", err)
		}
	}
	if len(partitions) == 0 {
		return found, nil
	}
	if err := look(g.Archive, stream.Incarnated(g.Dead, 1), func(int32) bool { return true }, deadOrigin); err != nil {
		return nil, fmt.Errorf("look for replayed records that died again: %w", err)
	}
	return found, nil
}

// deadOrigin is the origin of a record in the topic of the dead letters that
// is a replay. Its key is the position of the record that died.
func deadOrigin(r *stream.Record) string {
	at, err := ParsePosition(string(r.Key))
	if err != nil {
		return ""
	}
	for _, h := range r.Headers {
		if h.Key == stream.HeaderOriginal+stream.HeaderReplayOf {
			return stream.OriginOf(string(h.Value), at.Topic, at.Partition, at.Offset)
		}
	}
	return ""
}

// ReadSettings asks Kafka for a topic's settings. What may not be read is not
// known.
func ReadSettings(ctx context.Context, client *kafka.Client, topic string) (Settings, error) {
	response, err := client.DescribeConfigs(ctx, &kafka.DescribeConfigsRequest{Resources: []kafka.DescribeConfigRequestResource{{
		ResourceType: kafka.ResourceTypeTopic, ResourceName: topic,
	}}})
	if err != nil {
		return Settings{}, fmt.Errorf("read the settings of topic %s: %w", topic, err)
	}
	values := map[string]string{}
	for _, r := range response.Resources {
		if r.Error != nil {
			return Settings{}, nil
		}
		for _, e := range r.ConfigEntries {
			values[e.ConfigName] = e.ConfigValue
		}
	}
	return settings(values), nil
}

// settings reads a topic's settings; what is missing or means "without end" is
// zero.
func settings(values map[string]string) Settings {
	const century = 100 * 365 * 24 * time.Hour // what is longer is no limit, and would not fit
	limit := func(name string) time.Duration {
		ms, err := strconv.ParseInt(values[name], 10, 64)
		if err != nil || ms < 0 || ms > century.Milliseconds() {
			return 0
		}
		return time.Duration(ms) * time.Millisecond
	}
	s := Settings{Known: len(values) > 0, LogAppend: values["message.timestamp.type"] == "LogAppendTime", Retention: limit("retention.ms")}
	if s.MaxAge = limit("message.timestamp.before.max.ms"); s.MaxAge == 0 { // Kafka before 3.6 has one for both directions
		s.MaxAge = limit("message.timestamp.difference.max.ms")
	}
	return s
}
