package dead

import (
	"errors"

	"github.com/watchglass/watchglass/internal/source"
	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/internal/stream"
	"github.com/watchglass/watchglass/schema"
)

// readable decides about a letter by its bytes: what the workers would make of
// the record, with this program and this configuration.
func (s *Site) readable(t *Topic, l *store.DeadLetter, ev *schema.AccessEvent) Refusal {
	at := l.Time
	if t.Settings.LogAppend {
		at = s.Now
	}
	switch err := t.Decoder.Decode(l.Value, at, ev); {
	case err == nil:
		return ""
	case errors.Is(err, source.ErrSkipped):
		return NotAccess
	default:
		return StillDead
	}
}

// message is the record as it was, with its origin.
func message(t *Topic, l *store.DeadLetter, origin string) stream.Message {
	m := stream.Message{Topic: t.Topic, Partition: l.Source.Partition, Value: l.Value, Time: l.Time}
	if len(l.Key) > 0 { // the table does not tell an empty key from none
		m.Key = l.Key
	}
	for _, h := range l.Headers {
		if h.Name != stream.HeaderReplayOf {
			m.Headers = append(m.Headers, stream.Header{Key: h.Name, Value: h.Value})
		}
	}
	m.Headers = append(m.Headers, stream.Header{Key: stream.HeaderReplayOf, Value: []byte(origin)})
	return m
}
