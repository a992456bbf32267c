package dead

import (
	"context"
	"fmt"
	"io"

	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/internal/stream"
)

// Find asks Kafka and then ClickHouse what became of replays of these letters.
func (s *Site) Find(ctx context.Context, k *stream.Kafka, db *store.DB, g Groups, entries []store.DeadEntry) (err error) {
	partitions := map[string]map[int32]bool{}
	origins := make([]string, 0, len(entries))
	for i := range entries {
		e := &entries[i]
		origins = append(origins, Origin(e))
		if topic := s.topic(e.Source.Topic); topic != nil && int(e.Source.Partition) < topic.Partitions {
			if partitions[e.Source.Topic] == nil {
				partitions[e.Source.Topic] = map[int32]bool{}
			}
			partitions[e.Source.Topic][e.Source.Partition] = true
		}
	}
	if s.OnItsWay, err = Underway(ctx, k, g, s.Topics, partitions); err != nil {
		return err
	}
	if s.Rows, err = db.ReplayRows(ctx, origins); store.AccessDenied(err) {
		return fmt.Errorf("without the role analyst it cannot be told which letters were replayed and stored: %w", err)
	}
	return err
}

// Explain says what an operator has to know of the topics of these letters.
func (s *Site) Explain(out io.Writer, entries []store.DeadEntry) error {
	for _, t := range s.Topics {
		concerned, old := 0, 0
		for i := range entries {
			if entries[i].Source.Topic != t.Name {
				continue
			}
			concerned++
			if t.Settings.Retention > 0 && s.Now.Sub(entries[i].Time) > t.Settings.Retention {
				old++
			}
		}
		if concerned == 0 {
			continue
		}
		var text string
		switch {
		case !t.Settings.Known:
			text = fmt.Sprintf("topic %s: its settings may not be read (right DescribeConfigs); if message.timestamp.type is LogAppendTime, the original timestamps are lost\n", t.Topic)
		case t.Settings.LogAppend:
			text = fmt.Sprintf("topic %s: message.timestamp.type is LogAppendTime, so records that are sent again get the present time: an event that was in time when it was sent first may be too old now\n", t.Topic)
		case old > 0:
			text = fmt.Sprintf("topic %s: %d of the letters are older than its retention.ms: Kafka may remove what is sent again within minutes, so workers have to be running\n", t.Topic, old)
		}
		if _, err := io.WriteString(out, text); err != nil {
			return err
		}
	}
	return nil
}
