package store

import (
	"context"
	"fmt"
)

// Life returns the id of the topic that a partition of an incarnated name was
// first read from, "" if it never was.
func (d *DB) Life(ctx context.Context, topic string, partition int32) (id string, err error) {
	err = d.conn.QueryRow(exactly(ctx), "SELECT argMin(topic_id, (first_seen, topic_id)) FROM "+d.Name(TopicsTable)+
		" WHERE kafka_topic = ? AND kafka_partition = ?", topic, partition).Scan(&id)
	return id, classify(fmt.Sprintf("ask which topic %s/%d was", topic, partition), err)
}

// EnterLife keeps the id of the topic that a partition of an incarnated name is
// read from. Of several ids the first counts.
func (d *DB) EnterLife(ctx context.Context, topic string, partition int32, id string) error {
	err := d.conn.Exec(ctx, "INSERT INTO "+d.Name(TopicsTable)+" (kafka_topic, kafka_partition, topic_id) VALUES (?, ?, ?)", topic, partition, id)
	return classify(fmt.Sprintf("keep which topic %s/%d is", topic, partition), err)
}
