package stream

import "strconv"

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
