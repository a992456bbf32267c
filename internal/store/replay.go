package store

import (
	"context"
	"fmt"
)

// Replayed returns, for those origins of replayed dead letters that one
// partition stores under an offset below before, the lowest such offset.
func (d *DB) Replayed(ctx context.Context, table, topic string, partition int32, before int64, origins []string) (map[string]int64, error) {
	doing := fmt.Sprintf("ask which replays of %s/%d are stored", topic, partition)
	rows, err := d.conn.Query(exactly(ctx), "SELECT replay_of, min(kafka_offset) FROM "+d.Name(table)+
		" WHERE replay_of IN ? AND kafka_topic = ? AND kafka_partition = ? AND kafka_offset < ? GROUP BY replay_of", origins, topic, partition, before)
	if err != nil {
		return nil, classify(doing, err)
	}
	defer rows.Close()
	found := map[string]int64{}
	for rows.Next() {
		var origin string
		var offset int64
		if err := rows.Scan(&origin, &offset); err != nil {
			return nil, classify(doing, err)
		}
		found[origin] = offset
	}
	return found, classify(doing, rows.Err())
}
