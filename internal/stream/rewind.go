package stream

import (
	"context"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
)

// Standing is what a group has committed for a partition, and what the log has.
type Standing struct {
	Assigned
	Offset   int64 // -1: none
	Metadata string
	Log      Bounds
}

// Move is the change of one partition's offset that an operator wants.
type Move struct {
	Assigned
	From    int64 // where reading would have gone on
	To      int64 // where it goes on
	Settles Range // announced; finished before anything else
	Alerted int64 // alerts of records below are not published again
	Skipped Range // never read, unless the offset is moved back
	commit  committed
}

// PlanMove decides how a partition's offset is moved so that no row is stored
// twice: a range that is announced keeps its announcement, and is settled by
// the next owner before it goes where the operator wants. again publishes the
// alerts of records that are read again once more, with the same ids.
func PlanMove(s Standing, to int64, again bool) (Move, error) {
	if to < s.Log.First || to > s.Log.End {
		return Move{}, fmt.Errorf("offset %d of %s/%d is not in its log, which goes from %d to %d", to, s.Topic, s.Partition, s.Log.First, s.Log.End)
	}
	r, err := Resume(s.Assigned, s.Offset, s.Metadata, s.Log)
	if err != nil {
		return Move{}, err
	}
	m := Move{Assigned: s.Assigned, From: r.From, To: to, Alerted: r.Alerted}
	if again {
		m.Alerted = min(m.Alerted, to)
	}
	if r.Sealed > 0 {
		m.From, m.Settles = r.Sealed, Range{r.From, r.Sealed}
		if !again {
			m.Alerted = max(m.Alerted, r.Sealed)
		}
		m.commit = standing(r.From, Announcement{Range: m.Settles, Alerted: r.Alerted, Rewind: &Rewind{To: to, Again: again}})
	} else {
		m.commit = standing(to, Announcement{Alerted: m.Alerted})
	}
	if to > m.From {
		m.Skipped = Range{m.From, to}
	}
	return m, nil
}

// Standings asks for what a group has committed for all partitions of a topic.
func (k *Kafka) Standings(ctx context.Context, group string, topic TopicName) ([]Standing, error) {
	counts, err := k.Partitions(ctx)
	if err != nil {
		return nil, err
	}
	if counts[topic.Topic] == 0 {
		return nil, fmt.Errorf("kafka topic %q does not exist", topic.Topic)
	}
	var all []Assigned
	for p := range int32(counts[topic.Topic]) {
		all = append(all, Assigned{Topic: topic.Topic, Name: topic.Name, Partition: p})
	}
	offsets, err := k.fetchCommitted(ctx, group, all)
	if err != nil {
		return nil, err
	}
	bounds, err := k.allBounds(ctx, all)
	if err != nil {
		return nil, err
	}
	standings := make([]Standing, len(all))
	for i, a := range all {
		standings[i] = Standing{Assigned: a, Offset: offsets[a].offset, Metadata: offsets[a].metadata, Log: bounds[a]}
	}
	return standings, nil
}

// Deserted returns an error that says who is there, unless a group has no
// members.
func (k *Kafka) Deserted(ctx context.Context, group string) error {
	ctx, cancel := context.WithTimeout(ctx, k.cfg.RequestTimeout)
	defer cancel()
	response, err := k.client.DescribeGroups(ctx, &kafka.DescribeGroupsRequest{GroupIDs: []string{group}})
	if err != nil {
		return classify(fmt.Errorf("describe group %s: %w", group, err), err)
	}
	for _, g := range response.Groups {
		if len(g.Members) > 0 {
			return fmt.Errorf("group %s has %d members: stop all workers first; one that was killed counts until its kafka.session_timeout is over", group, len(g.Members))
		}
	}
	return nil
}

// OffsetsAt returns each partition's first offset whose record has a Kafka
// timestamp of at or later; the end of the log where there is none.
func (k *Kafka) OffsetsAt(ctx context.Context, standings []Standing, at time.Time) ([]int64, error) {
	ctx, cancel := context.WithTimeout(ctx, k.cfg.RequestTimeout)
	defer cancel()
	request := kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{}}
	for _, s := range standings {
		request.Topics[s.Topic] = append(request.Topics[s.Topic], kafka.TimeOffsetOf(int(s.Partition), at))
	}
	response, err := k.client.ListOffsets(ctx, &request)
	if err != nil {
		return nil, classify(fmt.Errorf("list offsets at %s: %w", at.Format(time.RFC3339), err), err)
	}
	offsets := make([]int64, len(standings))
	for i, s := range standings {
		offsets[i] = s.Log.End
		for _, p := range response.Topics[s.Topic] {
			if p.Partition != int(s.Partition) {
				continue
			}
			if p.Error != nil {
				return nil, classify(fmt.Errorf("list offsets of %s/%d: %w", s.Topic, s.Partition, p.Error), p.Error)
			}
			for offset := range p.Offsets {
				if offset >= 0 {
					offsets[i] = min(offsets[i], offset)
				}
			}
		}
	}
	return offsets, nil
}

// Account makes the records that account for a move's skipped offsets: a dead
// letter for each span that is not stored, and the ledger's entry. They MUST be
// acknowledged before [Kafka.Move] is called.
func (m Move) Account(held []Range, deadTopic, ledgerTopic string) (lost []Range, messages []Message, err error) {
	if m.Skipped.empty() {
		return nil, nil, nil
	}
	p := newPage(m.Name, m.Partition, m.Skipped.From)
	stored := m.Skipped.From
	for _, span := range m.Skipped.without(held) {
		p.note(fateRow, stored, span.From, time.Time{})
		p.note(fateDead, span.From, span.To, time.Time{})
		stored = span.To
		lost = append(lost, span)
		messages = append(messages, SpanLetter(deadTopic, m.Name, m.Partition, span, ReasonPassed, "an operator moved the offset over these"))
	}
	p.note(fateRow, stored, m.Skipped.To, time.Time{})
	entry := p.close(m.Skipped.To)
	message, err := entry.Message(ledgerTopic)
	return lost, append(messages, message), err
}

// Move commits what was planned. It is refused while the group has members.
func (k *Kafka) Move(ctx context.Context, group string, m Move) error {
	err := k.commit(ctx, membership{group: group, generation: -1}, m.Topic, m.Partition, m.commit)
	if err != nil {
		return fmt.Errorf("move the offset of %s/%d: %w", m.Topic, m.Partition, err)
	}
	return nil
}
