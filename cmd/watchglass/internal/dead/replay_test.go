package dead

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/watchglass/watchglass/docs"
	"github.com/watchglass/watchglass/internal/source"
	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/internal/stream"
	"github.com/watchglass/watchglass/schema"
)

// letters are what ClickHouse has: every position but offset 3's, each with a
// record that can be read, but offset 4's.
type letters struct{}

func (letters) DeadLetters(_ context.Context, positions []schema.Position) (map[schema.Position]store.DeadLetter, error) {
	found := map[schema.Position]store.DeadLetter{}
	for _, p := range positions {
		l := store.DeadLetter{Source: p, Time: now, Key: []byte("k"), Value: []byte(`{"time":"2026-11-24T12:00:00Z","action":"read","accessor":{"id":"e"},"resource":{"store":"s","dataset":"d"}}`)}
		l.Headers = []store.DeadHeader{{Name: "a", Value: []byte("1")}, {Name: stream.HeaderReplayOf, Value: []byte("in/0/0")}, {Name: "a", Value: nil}}
		if p.Offset == 4 {
			l.Value = []byte("{}")
		}
		if p.Offset != 3 {
			found[p] = l
		}
	}
	return found, nil
}

// publisher keeps what it is given, until it fails.
type publisher struct {
	got   []stream.Message
	fails bool
}

func (p *publisher) Publish(_ context.Context, messages ...stream.Message) error {
	if p.fails {
		return errors.New("away")
	}
	p.got = append(p.got, messages...)
	return nil
}

func run(t *testing.T, r Replay, n int) (*Tally, error) {
	t.Helper()
	decoder, err := source.New(source.JSON, source.Config{})
	if err != nil {
		t.Fatal(err)
	}
	r.Letters = letters{}
	r.Site = &Site{Topics: []Topic{{TopicName: stream.Incarnated("in", 1), Partitions: 1, Decoder: decoder}}, Now: now}
	var entries []store.DeadEntry
	for o := range int64(n) {
		p := schema.Position{Topic: "in", Offset: o}
		entries = append(entries, store.DeadEntry{Reason: schema.ReasonTimeTooOld, Source: p, End: o + 1, Time: now, Origin: Text(p), Value: 100})
	}
	return r.Run(t.Context(), entries)
}

func TestRun(t *testing.T) {
	for name, c := range map[string]struct {
		replay     Replay
		sent, left int
		unsettled  map[schema.Position]Refusal
	}{
		"all":               {Replay{}, 8, 0, map[schema.Position]Refusal{{Topic: "in", Offset: 3}: Gone, {Topic: "in", Offset: 4}: StillDead}},
		"anyway":            {Replay{Anyway: true}, 9, 0, map[schema.Position]Refusal{{Topic: "in", Offset: 3}: Gone}},
		"limited":           {Replay{Limit: 2}, 2, 8, map[schema.Position]Refusal{}},
		"at a rate":         {Replay{Rate: 10_000}, 8, 0, map[schema.Position]Refusal{{Topic: "in", Offset: 3}: Gone, {Topic: "in", Offset: 4}: StillDead}},
		"one at a time":     {Replay{Rate: 1000, Limit: 1}, 1, 9, map[schema.Position]Refusal{}},
		"limit of the rest": {Replay{Limit: 8}, 8, 0, map[schema.Position]Refusal{{Topic: "in", Offset: 3}: Gone, {Topic: "in", Offset: 4}: StillDead}},
	} {
		t.Run(name, func(t *testing.T) {
			p := &publisher{}
			c.replay.Publisher = p
			tally, err := run(t, c.replay, 10)
			if err != nil || tally.Sent != c.sent || tally.Left != c.left || len(p.got) != c.sent {
				t.Errorf("%v: %d sent, %d left, %d published, want %d sent and %d left", err, tally.Sent, tally.Left, len(p.got), c.sent, c.left)
			}
			if diff := cmp.Diff(c.unsettled, tally.Unsettled); diff != "" {
				t.Error(diff)
			}
			c.replay.Publisher = nil
			if again, err := run(t, c.replay, 10); err != nil || again.Sent != c.sent || again.Left != c.left {
				t.Errorf("a dry run says otherwise: %v, %d and %d", err, again.Sent, again.Left)
			}
		})
	}
}

func TestRunTellsWhatWasSentWhenItFails(t *testing.T) {
	tally, err := run(t, Replay{Publisher: &publisher{fails: true}}, 3)
	if err == nil || tally.Sent != 0 || tally.Left != 3 {
		t.Errorf("%v: %d sent, %d left", err, tally.Sent, tally.Left)
	}
}

// A message is the record as it was, and names one origin.
func TestMessage(t *testing.T) {
	p := &publisher{}
	if _, err := run(t, Replay{Publisher: p}, 1); err != nil {
		t.Fatal(err)
	}
	m := p.got[0]
	want := []stream.Header{{Key: "a", Value: []byte("1")}, {Key: "a"}, {Key: stream.HeaderReplayOf, Value: []byte("in/0/0")}}
	if diff := cmp.Diff(want, m.Headers); diff != "" {
		t.Error(diff)
	}
	if m.Topic != "in" || m.Partition != 0 || string(m.Key) != "k" || !m.Time.Equal(now) {
		t.Errorf("%+v", m)
	}
}

// The page says what to do about every reason.
func TestRemedies(t *testing.T) {
	remedies := docs.Remedies()
	for _, r := range schema.Reasons() {
		if remedies[string(r)].Wrong == "" || remedies[string(r)].Do == "" {
			t.Errorf("docs/dead-letters.md says nothing about %s", r)
		}
	}
	if len(remedies) != len(schema.Reasons()) {
		t.Errorf("%d remedies of %d reasons", len(remedies), len(schema.Reasons()))
	}
}
