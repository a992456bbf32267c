package stream

import (
	"context"
	"fmt"

	"github.com/segmentio/kafka-go"
)

// membership is what a commit has to show to be accepted: a member that has
// lost its partitions is refused by the coordinator.
type membership struct {
	group      string
	member     string
	generation int32
}

// committed is an offset as the group keeps it, with its metadata.
type committed struct {
	offset   int64 // -1: none
	metadata string
}

// errOutcomeUnknown ends a generation: the commit may still take effect, and
// only a newer generation makes the coordinator refuse a delayed copy of it.
type errOutcomeUnknown struct{ err error }

func (e errOutcomeUnknown) Error() string { return "commit offsets: " + e.err.Error() }
func (e errOutcomeUnknown) Unwrap() error { return e.err }

// commit stores an offset with its metadata. Any error ends the generation.
func (k *Kafka) commit(ctx context.Context, m membership, topic string, partition int32, c committed) error {
	ctx, cancel := context.WithTimeout(ctx, k.cfg.RequestTimeout)
	defer cancel()
	response, err := k.client.OffsetCommit(ctx, &kafka.OffsetCommitRequest{
		GroupID: m.group, MemberID: m.member, GenerationID: int(m.generation),
		Topics: map[string][]kafka.OffsetCommit{topic: {{Partition: int(partition), Offset: c.offset, Metadata: c.metadata}}},
	})
	if err != nil {
		return errOutcomeUnknown{err}
	}
	for _, p := range response.Topics[topic] {
		if p.Partition == int(partition) {
			if p.Error != nil {
				return errOutcomeUnknown{p.Error}
			}
			return nil
		}
	}
	return errOutcomeUnknown{fmt.Errorf("no answer for %s/%d", topic, partition)}
}

// fetchCommitted reads what the group has committed for some partitions.
func (k *Kafka) fetchCommitted(ctx context.Context, group string, assigned []Assigned) (map[Assigned]committed, error) {
	ctx, cancel := context.WithTimeout(ctx, k.cfg.RequestTimeout)
	defer cancel()
	request := kafka.OffsetFetchRequest{GroupID: group, Topics: map[string][]int{}}
	for _, a := range assigned {
		request.Topics[a.Topic] = append(request.Topics[a.Topic], int(a.Partition))
	}
	response, err := k.client.OffsetFetch(ctx, &request)
	if err == nil {
		err = response.Error
	}
	if err != nil {
		return nil, classify(fmt.Errorf("fetch offsets of group %s: %w", group, err), err)
	}
	result := make(map[Assigned]committed, len(assigned))
	for _, a := range assigned {
		found := false
		for _, p := range response.Topics[a.Topic] {
			if p.Partition != int(a.Partition) {
				continue
			}
			if p.Error != nil {
				return nil, classify(fmt.Errorf("fetch offset of %s/%d: %w", a.Topic, a.Partition, p.Error), p.Error)
			}
			result[a], found = committed{offset: p.CommittedOffset, metadata: p.Metadata}, true
		}
		if !found {
			return nil, fmt.Errorf("fetch offset of %s/%d: no answer", a.Topic, a.Partition)
		}
	}
	return result, nil
}
