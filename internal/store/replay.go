package store

import (
	"context"
	"fmt"

	"github.com/watchglass/watchglass/schema"
)

// Origins are text that producers write. A query holds so many of them, however
// many there are and however long: well below the server's max_query_size of
// 256 KiB, also when all of it has to be escaped.
const (
	originsBytes   = 64 << 10
	maxOriginBytes = 512 // a topic's name has 249 at most; what is longer is no origin
)

// Replayed returns, for those origins of replayed dead letters that one
// partition stores under an offset below before, the lowest such offset.
func (d *DB) Replayed(ctx context.Context, table, topic string, partition int32, before int64, origins []string) (map[string]int64, error) {
	doing := fmt.Sprintf("ask which replays of %s/%d are stored", topic, partition)
	found := map[string]int64{}
	err := inParts(origins, func(part []string) error {
		rows, err := d.conn.Query(exactly(ctx), "SELECT replay_of, min(kafka_offset) FROM "+d.Name(table)+
			" WHERE replay_of IN (?) AND kafka_topic = ? AND kafka_partition = ? AND kafka_offset < ? GROUP BY replay_of", part, topic, partition, before)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var origin string
			var offset int64
			if err := rows.Scan(&origin, &offset); err != nil {
				return err
			}
			found[origin] = offset
		}
		return rows.Err()
	})
	return found, classify(doing, err)
}

// ReplayRows returns the first row of each origin that was replayed and
// stored, of any topic.
func (d *DB) ReplayRows(ctx context.Context, origins []string) (map[string]schema.Position, error) {
	found := map[string]schema.Position{}
	err := inParts(origins, func(part []string) error {
		rows, err := d.conn.Query(exactly(ctx), "SELECT replay_of, argMin(kafka_topic, kafka_offset), argMin(kafka_partition, kafka_offset), min(kafka_offset) FROM "+
			d.Name(eventsView)+" WHERE replay_of IN (?) GROUP BY replay_of", part)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var origin string
			var p schema.Position
			if err := rows.Scan(&origin, &p.Topic, &p.Partition, &p.Offset); err != nil {
				return err
			}
			found[origin] = p
		}
		return rows.Err()
	})
	return found, classify("ask which dead letters were replayed and stored", err)
}

// AccessDenied tells whether ClickHouse refused a query for want of a right.
func AccessDenied(err error) bool {
	code, _, ok := exception(err)
	return ok && code == codeAccessDenied
}

// inParts calls ask with all that can be an origin, so many at a time.
func inParts(origins []string, ask func([]string) error) error {
	var part []string
	size := 0
	for i, origin := range origins {
		if origin != "" && len(origin) <= maxOriginBytes {
			part, size = append(part, origin), size+len(origin)+4
		}
		if size >= originsBytes || i == len(origins)-1 && len(part) > 0 {
			if err := ask(part); err != nil {
				return err
			}
			part, size = part[:0], 0
		}
	}
	return nil
}
