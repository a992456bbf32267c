// Package stream carries records between Kafka and whoever works on them, and
// moves offsets only past what is safe. It knows nothing of access events.
//
// There are two ways to consume. [Consume] is at-least-once: a [Worker] handles
// records, and what it did is durable before their offsets are committed; its
// products carry deterministic ids, so that their readers drop copies.
// [Store] is exact: offsets are cut into sealed ranges, each is announced in
// the group's own offset metadata before one deduplicated insert writes it,
// and whoever gets the partition next can tell what became of it.
//
// Kafka is the only coordinator. No goroutine or object outlives the
// generation of the group that it was made for.
package stream

import "time"

// Record is one Kafka record. Key, Value and Headers are valid until the call
// that was handed the record returns, unless stated otherwise.
type Record struct {
	Topic     string // incarnated name, as in rows, tokens and ids
	Partition int32
	Offset    int64
	Time      time.Time // Kafka timestamp, millisecond precision
	Key       []byte
	Value     []byte // nil for a tombstone
	Headers   []Header
}

// Header is one header of a record.
type Header struct {
	Key   string
	Value []byte
}

// Message is a record to be published.
type Message struct {
	Topic     string // the topic's real name, without incarnation
	Partition int32  // AnyPartition: chosen by the hash of Key
	Key       []byte
	Value     []byte // nil deletes the key from a compacted topic
	Headers   []Header
	Time      time.Time // Kafka timestamp, where the topic takes the producer's; zero: now
}

// AnyPartition lets the key choose: murmur2 as Kafka's own clients do, so that
// topics with as many partitions and the same key are partitioned alike.
const AnyPartition int32 = -1

// Assigned names one partition that the group has given to this process, for
// one generation.
type Assigned struct {
	Topic      string // real name
	Name       string // incarnated name
	Partition  int32
	Generation int32
}
