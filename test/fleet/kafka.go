package fleet

import (
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// CreateTopic makes the topic of access events ahead of the workers.
func (f *Fleet) CreateTopic(partitions int32) {
	f.T.Helper()
	f.Create(f.Name, partitions, nil)
}

// Create makes a topic, with settings; its records are replicated as the
// brokers say.
func (f *Fleet) Create(topic string, partitions int32, settings map[string]string) {
	f.T.Helper()
	values := map[string]*string{}
	for name, value := range settings {
		values[name] = &value
	}
	response, err := f.Admin.CreateTopic(f.T.Context(), partitions, -1, values, topic)
	if err == nil {
		err = response.Err
	}
	if err != nil {
		f.T.Fatal(err)
	}
}

// Send writes records, to the topic of access events unless they name another,
// and returns when all are acknowledged.
func (f *Fleet) Send(records ...*kgo.Record) {
	f.T.Helper()
	if err := f.Client.ProduceSync(f.T.Context(), records...).FirstErr(); err != nil {
		f.T.Fatal(err)
	}
}

// Ends adds up the ends of a topic's partitions.
func (f *Fleet) Ends(topic string) (n uint64) {
	f.T.Helper()
	offsets, err := f.Admin.ListEndOffsets(f.T.Context(), topic)
	if err == nil {
		err = offsets.Error()
	}
	if err != nil {
		f.T.Fatal(err)
	}
	offsets.Each(func(o kadm.ListedOffset) { n += uint64(o.Offset) })
	return n
}

// Caught tells whether a group has come to the end of topics, as far as open
// transactions let it.
func (f *Fleet) Caught(group string, topics ...string) func() bool {
	return func() bool {
		offsets, err := f.Admin.FetchOffsetsForTopics(f.T.Context(), f.Name+"."+group, topics...)
		if err != nil {
			return false
		}
		ends, err := f.Admin.ListCommittedOffsets(f.T.Context(), topics...)
		if err != nil || ends.Error() != nil {
			return false
		}
		done := true
		ends.Each(func(o kadm.ListedOffset) {
			at, _ := offsets.Lookup(o.Topic, o.Partition)
			done = done && max(at.At, 0) >= o.Offset
		})
		return done
	}
}

// DeleteRecords does to the topic of access events what Kafka's retention does.
func (f *Fleet) DeleteRecords(partition int32, below int64) {
	f.T.Helper()
	var offsets kadm.Offsets
	offsets.AddOffset(f.Name, partition, below, -1)
	response, err := f.Admin.DeleteRecords(f.T.Context(), offsets)
	if err == nil {
		err = response.Error()
	}
	if err != nil {
		f.T.Fatal(err)
	}
}
