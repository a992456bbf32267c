package correlate

import (
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/watchglass/watchglass/internal/sigma"
	"github.com/watchglass/watchglass/schema"
)

// standing is where a rule stands: what its latest run says.
type standing struct {
	last schema.CorrelationRun
	done offsets // rows below have been taken in
	next offsets // of a run that is announced, and not done; nil: none
	// seen is how far there was nothing new since then, which is written down with the
	// next run; nil: nothing was looked at.
	seen offsets
	// current is when everything that was stored had been taken in.
	current time.Time
}

// offsets are those below which rows count, by place: topic/partition.
type offsets map[string]int64

func place(topic string, partition int32) string { return fmt.Sprintf("%s/%d", topic, partition) }

// split is the inverse of place.
func split(place string) (topic, partition string) {
	cut := strings.LastIndexByte(place, '/')
	return place[:cut], place[cut+1:]
}

// standingOf reads a run.
func standingOf(r schema.CorrelationRun) standing {
	s := standing{last: r, done: r.From, current: r.Started}
	switch r.Status {
	case schema.RunOK, schema.RunFilled:
		s.done = r.To
	case schema.RunAnnounced:
		s.next = r.To
	case schema.RunFailed:
		if len(r.To) > 0 {
			s.next = r.To // it was announced
		}
	}
	if s.done == nil {
		s.done = offsets{}
	}
	return s
}

// later reports that a run stands for more than another of the same rule.
func later(a, b schema.CorrelationRun) bool {
	rank := func(r schema.CorrelationRun) int {
		return slices.Index([]string{schema.RunAnnounced, schema.RunFailed, schema.RunFilled, schema.RunOK}, r.Status)
	}
	if a.Sequence != b.Sequence {
		return a.Sequence > b.Sequence
	}
	return rank(a) > rank(b)
}

// upTo gives where a run ends: offsets that are committed, never below where the rule
// stands (an operator may have set them back: those rows are counted).
func (s *standing) upTo(committed offsets) offsets {
	if s.next != nil {
		return s.next
	}
	to := maps.Clone(s.done)
	for place, offset := range committed {
		to[place] = max(to[place], offset)
	}
	return to
}

// partitionOf gives the partition whose owner runs a rule.
func partitionOf(rule string, partitions int) int32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(rule))
	return int32(h.Sum32() % uint32(partitions)) //nolint:gosec // far fewer
}

// below is the condition of rows that count: below these offsets, or of topics that
// are not read any more.
func below(o offsets) string {
	byTopic := o.byTopic()
	var cases []string
	for _, topic := range slices.Sorted(maps.Keys(byTopic)) {
		cases = append(cases, fmt.Sprintf("kafka_topic = %s, kafka_offset < %s", sigma.Quote(topic), byTopic[topic].lookup()))
	}
	if len(cases) == 0 {
		return "true"
	}
	return "multiIf(" + strings.Join(cases, ", ") + ", true)"
}

// between is the condition of rows that are new: from one up to the other.
func between(from, to offsets) string {
	least, most := int64(-1), int64(-1)
	fromTopics, toTopics := from.byTopic(), to.byTopic()
	var terms []string
	for _, topic := range slices.Sorted(maps.Keys(toTopics)) {
		for partition, end := range toTopics[topic] {
			begin := fromTopics[topic][partition]
			if end <= begin {
				continue
			}
			if least < 0 || begin < least {
				least = begin
			}
			most = max(most, end)
		}
		terms = append(terms, fmt.Sprintf("(kafka_topic = %s AND kafka_offset >= %s AND kafka_offset < %s)",
			sigma.Quote(topic), fromTopics[topic].lookup(), toTopics[topic].lookup()))
	}
	if most < 0 {
		return ""
	}
	// The plain bounds are for the index on kafka_offset.
	return fmt.Sprintf("kafka_offset >= %d AND kafka_offset < %d AND (%s)", least, most, strings.Join(terms, " OR "))
}

// partitions are the offsets of one topic, by partition.
type partitions map[string]int64

func (o offsets) byTopic() map[string]partitions {
	all := map[string]partitions{}
	for p, offset := range o {
		topic, partition := split(p)
		if all[topic] == nil {
			all[topic] = partitions{}
		}
		all[topic][partition] = offset
	}
	return all
}

// lookup is the offset of a row's partition: 0 of those that are not known.
func (p partitions) lookup() string {
	if len(p) == 0 {
		return "0"
	}
	var keys, values []string
	for _, partition := range slices.Sorted(maps.Keys(p)) {
		keys, values = append(keys, partition), append(values, fmt.Sprint(p[partition]))
	}
	return fmt.Sprintf("transform(kafka_partition, [%s], [%s], 0)", strings.Join(keys, ", "), strings.Join(values, ", "))
}

// horizon is the time that every partition has passed, less a lateness; false while
// one of them has no time yet.
func horizon(passed []time.Time, lateness time.Duration) (time.Time, bool) {
	if len(passed) == 0 {
		return time.Time{}, false
	}
	least := slices.MinFunc(passed, time.Time.Compare)
	if least.IsZero() {
		return time.Time{}, false
	}
	return least.Add(-lateness).Truncate(time.Millisecond), true
}
