package dead

import (
	"slices"
	"time"

	"github.com/watchglass/watchglass/internal/source"
	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/internal/stream"
	"github.com/watchglass/watchglass/schema"
)

// Refusal is why a letter is not sent; "" when it is.
type Refusal string

// Refusals.
const (
	Stored     Refusal = "stored already"
	OnItsWay   Refusal = "on the way already"
	SameOrigin Refusal = "the same record as another letter"
	StillDead  Refusal = "would be a dead letter again"
	NotAccess  Refusal = "would be passed over: no access record"
	NoBytes    Refusal = "for a span of offsets without bytes"
	OwnTopic   Refusal = "from a topic that only Watchglass writes"
	Unknown    Refusal = "from a topic that kafka.topics.access_events does not name"
	OtherLife  Refusal = "from another incarnation of the topic"
	NoPlace    Refusal = "from a partition that the topic does not have"
	TooOld     Refusal = "older than the topic's message.timestamp.before.max.ms allows"
	Gone       Refusal = "removed meanwhile"
)

// Settled tells whether nothing is left to do about the letter.
func (r Refusal) Settled() bool { return r == "" || r == Stored || r == OnItsWay || r == SameOrigin }

// Remedy says what the operator can do, where that is not plain.
func (r Refusal) Remedy() string {
	switch r {
	case StillDead, NotAccess:
		return "its bytes are judged as the workers would, with this program and this configuration; --anyway sends it all the same"
	case NoBytes:
		return "while Kafka still has the records, `watchglass rewind` reads them"
	case OwnTopic:
		return "the worker that wrote it writes it again when it has to; for a refused notification mend the destination (docs/alerting.md)"
	case OtherLife:
		return "the topic was deleted and made anew: the producer has to send the event again"
	case TooOld:
		return "raise that setting of the topic while replaying"
	}
	return ""
}

// Topic is a topic of access events, as it is now.
type Topic struct {
	stream.TopicName
	Partitions int
	Decoder    source.Decoder
	Settings   Settings
}

// Settings are those of a topic that decide about old records.
type Settings struct {
	Known     bool          // they could be read
	LogAppend bool          // records carry the time of their arrival, not the producer's
	MaxAge    time.Duration // older records are refused; 0: none are
	Retention time.Duration // older records may be removed; 0: none are
}

// Site is what is known of where letters came from, and of what became of them.
type Site struct {
	Topics   []Topic
	Own      []string                   // topics that only Watchglass writes
	Rows     map[string]schema.Position // of replayed records, by origin
	OnItsWay map[string]bool            // origins of replayed records that no consumer has finished
	Now      time.Time
}

// topic finds the present life of a letter's topic.
func (s *Site) topic(name string) *Topic {
	for i := range s.Topics {
		if s.Topics[i].Name == name {
			return &s.Topics[i]
		}
	}
	return nil
}

// Judge decides about one letter by all but its bytes. taken are the origins
// of letters that are sent in the same run.
func Judge(e *store.DeadEntry, s *Site, taken map[string]bool) Refusal {
	origin, topic := Origin(e), s.topic(e.Source.Topic)
	switch {
	case e.Reason == schema.ReasonGap, e.Reason == schema.ReasonPassed, e.End > e.Source.Offset+1:
		return NoBytes
	case slices.Contains(s.Own, e.Source.Topic):
		return OwnTopic
	case topic == nil && s.otherLife(e.Source.Topic):
		return OtherLife
	case topic == nil:
		return Unknown
	case int(e.Source.Partition) >= topic.Partitions:
		return NoPlace
	}
	if _, stored := s.Rows[origin]; stored {
		return Stored
	}
	switch {
	case s.OnItsWay[origin]:
		return OnItsWay
	case taken[origin]:
		return SameOrigin
	case !topic.Settings.LogAppend && topic.Settings.MaxAge > 0 && s.Now.Sub(e.Time) > topic.Settings.MaxAge:
		return TooOld
	}
	return ""
}

// otherLife tells whether a name is that of a configured topic with another
// incarnation.
func (s *Site) otherLife(name string) bool {
	return slices.ContainsFunc(s.Topics, func(t Topic) bool {
		return name == t.Topic || len(name) > len(t.Topic) && name[:len(t.Topic)+1] == t.Topic+"#"
	})
}
