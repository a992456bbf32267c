package stream

import (
	"strconv"
	"strings"
	"time"
)

// Headers of a dead letter. Its value is the original bytes; the
// original headers follow, each name prefixed with HeaderOriginal.
const (
	HeaderReason    = "watchglass-reason"
	HeaderDetail    = "watchglass-detail" // which member, which limit; never the value
	HeaderTopic     = "watchglass-topic"  // incarnated name
	HeaderPartition = "watchglass-partition"
	HeaderOffset    = "watchglass-offset"
	HeaderTime      = "watchglass-time" // Kafka timestamp, epoch milliseconds
	HeaderKey       = "watchglass-key"  // the original key: the dead letter has one of its own
	HeaderNull      = "watchglass-null" // "value" when the record's value was null, not empty
	HeaderEnd       = "watchglass-end"  // of a letter for a span: the offset behind its last one
	HeaderOriginal  = "watchglass-original-"
)

// DeadLetter makes the message that keeps a record which can never be handled.
// It is keyed by the source position, so that copies meet in one partition,
// and holds copies of the record's bytes.
func DeadLetter(topic string, record Record, verdict *PoisonError) Message {
	text := func(key, value string) Header { return Header{Key: key, Value: []byte(value)} }
	headers := []Header{
		text(HeaderReason, verdict.Reason),
		text(HeaderDetail, verdict.Detail),
		text(HeaderTopic, record.Topic),
		text(HeaderPartition, strconv.Itoa(int(record.Partition))),
		text(HeaderOffset, strconv.FormatInt(record.Offset, 10)),
		text(HeaderTime, strconv.FormatInt(record.Time.UnixMilli(), 10)),
	}
	if record.Key != nil {
		headers = append(headers, Header{Key: HeaderKey, Value: append([]byte{}, record.Key...)})
	}
	if record.Value == nil {
		headers = append(headers, text(HeaderNull, "value"))
	}
	for _, h := range record.Headers {
		headers = append(headers, Header{Key: HeaderOriginal + h.Key, Value: append([]byte{}, h.Value...)})
	}
	return Message{
		Topic: topic, Partition: AnyPartition,
		Key:     []byte(record.Topic + "/" + strconv.Itoa(int(record.Partition)) + "/" + strconv.FormatInt(record.Offset, 10)),
		Value:   append([]byte{}, record.Value...),
		Headers: headers,
	}
}

// Reasons of letters for spans of offsets, which have no bytes.
const (
	ReasonGap    = "retention_gap"       // Kafka removed them before they were read
	ReasonPassed = "skipped_by_operator" // an operator moved the offset over them
)

// HeaderReplayOf is a header of a record that is a dead letter replayed: the
// topic/partition/offset where its bytes came from first.
const HeaderReplayOf = "watchglass-replay-of"

// Replays returns the origin of a replayed record, "" for any other.
func (r *Record) Replays() string {
	for i := range r.Headers {
		if r.Headers[i].Key == HeaderReplayOf {
			return OriginOf(string(r.Headers[i].Value), r.Topic, r.Partition, r.Offset)
		}
	}
	return ""
}

// OriginOf returns what the header of a replayed record says, if that can be:
// a replay goes to the partition of its origin. Any other place is a producer's
// invention, and does not count: nothing may make a record of its own pass for
// a copy.
func OriginOf(header, topic string, partition int32, offset int64) string {
	text, found := strings.CutPrefix(header, topic+"/"+strconv.Itoa(int(partition))+"/")
	n, err := strconv.ParseInt(text, 10, 64)
	if !found || err != nil || n < 0 || n >= offset || strconv.FormatInt(n, 10) != text {
		return ""
	}
	return header
}

// SpanLetter makes the dead letter that stands for a span of offsets of a topic
// (incarnated name). The same span makes the same letter.
func SpanLetter(topic, name string, partition int32, lost Range, reason, detail string) Message {
	letter := DeadLetter(topic, Record{Topic: name, Partition: partition, Offset: lost.From, Time: time.Unix(0, 0)}, &PoisonError{Reason: reason, Detail: detail})
	letter.Headers = append(letter.Headers, Header{Key: HeaderEnd, Value: []byte(strconv.FormatInt(lost.To, 10))})
	return letter
}
