package alert

import (
	"slices"
	"strings"

	"github.com/watchglass/watchglass/schema"
)

// Limits of what one incident remembers of its alerts.
const (
	DefaultRecent = 64 // offsets per source partition, and ids without a source
	maxSources    = 64 // source partitions
)

// Seen knows which alerts an incident has counted, in bounded memory.
//
// An alert of one event is known by its source position: within one incident
// (so within one rule) that says the same as its id. Per source partition the
// latest offsets are kept, and a floor below which everything counts as seen:
// a replay of any length is recognised as a whole. The price: an alert that
// arrives after more than that many later ones of the same incident and source
// partition is taken for a copy; the alert itself is stored all the same.
// Alerts without a source (rules over time) are known by id, the latest only.
//
// The zero value has seen nothing. Add returns a new value and leaves the old
// one as it was.
type Seen struct {
	Sources []Source `json:"sources,omitempty"` // least recently used first
	IDs     []string `json:"ids,omitempty"`     // oldest first
}

// Source is what was seen of one partition of access events.
type Source struct {
	Topic     string  `json:"topic"`
	Partition int32   `json:"partition"`
	Below     int64   `json:"below"` // every offset below this one counts as seen
	Offsets   []int64 `json:"offsets,omitempty"`
}

// Has tells whether an alert was seen.
func (s Seen) Has(id string, pos schema.Position) bool {
	if pos.Topic == "" {
		return slices.Contains(s.IDs, id)
	}
	i := s.source(pos)
	if i < 0 {
		return false
	}
	_, found := slices.BinarySearch(s.Sources[i].Offsets, pos.Offset)
	return found || pos.Offset < s.Sources[i].Below
}

// Add remembers an alert that was not seen yet; recent is the most offsets to
// keep for a source, and the most ids.
func (s Seen) Add(id string, pos schema.Position, recent int) Seen {
	if pos.Topic == "" {
		first := max(len(s.IDs)+1-recent, 0)
		s.IDs = append(slices.Clone(s.IDs[first:]), strings.Clone(id))
		return s
	}
	source := Source{Topic: strings.Clone(pos.Topic), Partition: pos.Partition}
	sources := make([]Source, 0, len(s.Sources)+1)
	at := s.source(pos)
	for i := range s.Sources {
		if i != at {
			sources = append(sources, s.Sources[i])
		} else {
			source = s.Sources[i]
		}
	}
	place, _ := slices.BinarySearch(source.Offsets, pos.Offset)
	source.Offsets = slices.Insert(slices.Clone(source.Offsets), place, pos.Offset)
	if drop := len(source.Offsets) - recent; drop > 0 {
		source.Below = source.Offsets[drop-1] + 1
		source.Offsets = slices.Clone(source.Offsets[drop:])
	}
	if len(sources) >= maxSources {
		sources = slices.Clone(sources[len(sources)-maxSources+1:])
	}
	s.Sources = append(sources, source)
	return s
}

func (s Seen) source(pos schema.Position) int {
	return slices.IndexFunc(s.Sources, func(x Source) bool { return x.Topic == pos.Topic && x.Partition == pos.Partition })
}
