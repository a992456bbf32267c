package dead

import (
	"testing"
	"time"

	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/internal/stream"
	"github.com/watchglass/watchglass/schema"
)

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// letter is an ordinary one, of offset 7.
func letter() store.DeadEntry {
	return store.DeadEntry{
		Reason: schema.ReasonTimeTooOld, Source: schema.Position{Topic: "in#2", Partition: 3, Offset: 7}, End: 8,
		Time: now.Add(-48 * time.Hour), Origin: "in#2/3/7",
	}
}

func TestJudge(t *testing.T) {
	day := 24 * time.Hour
	for name, c := range map[string]struct {
		change func(*store.DeadEntry, *Site, map[string]bool)
		want   Refusal
	}{
		"ordinary": {func(*store.DeadEntry, *Site, map[string]bool) {}, ""},
		"stored": {func(_ *store.DeadEntry, s *Site, _ map[string]bool) {
			s.Rows = map[string]schema.Position{"in#2/3/7": {}}
		}, Stored},
		"another is stored": {func(_ *store.DeadEntry, s *Site, _ map[string]bool) {
			s.Rows = map[string]schema.Position{"in/3/7": {}}
		}, ""},
		"on its way": {func(_ *store.DeadEntry, s *Site, _ map[string]bool) { s.OnItsWay = map[string]bool{"in#2/3/7": true} }, OnItsWay},
		"died again, its origin is sent": {func(e *store.DeadEntry, _ *Site, taken map[string]bool) {
			e.Origin = "in#2/3/5"
			taken["in#2/3/5"] = true
		}, SameOrigin},
		"an origin that cannot be": {func(e *store.DeadEntry, s *Site, _ map[string]bool) {
			e.Origin = "in#2/4/5"
			s.OnItsWay = map[string]bool{"in#2/4/5": true}
		}, ""},
		"a gap":                  {func(e *store.DeadEntry, _ *Site, _ map[string]bool) { e.Reason = schema.ReasonGap }, NoBytes},
		"skipped by an operator": {func(e *store.DeadEntry, _ *Site, _ map[string]bool) { e.Reason = schema.ReasonPassed }, NoBytes},
		"a span":                 {func(e *store.DeadEntry, _ *Site, _ map[string]bool) { e.End = 9 }, NoBytes},
		"own topic":              {func(e *store.DeadEntry, _ *Site, _ map[string]bool) { e.Source.Topic = "alerts" }, OwnTopic},
		"no such topic":          {func(e *store.DeadEntry, _ *Site, _ map[string]bool) { e.Source.Topic = "inbox" }, Unknown},
		"first life":             {func(e *store.DeadEntry, _ *Site, _ map[string]bool) { e.Source.Topic = "in" }, OtherLife},
		"third life":             {func(e *store.DeadEntry, _ *Site, _ map[string]bool) { e.Source.Topic = "in#3" }, OtherLife},
		"last partition":         {func(e *store.DeadEntry, s *Site, _ map[string]bool) { s.Topics[0].Partitions = 4 }, ""},
		"no such partition":      {func(e *store.DeadEntry, s *Site, _ map[string]bool) { s.Topics[0].Partitions = 3 }, NoPlace},
		"as old as it may be":    {func(_ *store.DeadEntry, s *Site, _ map[string]bool) { s.Topics[0].Settings.MaxAge = 2 * day }, ""},
		"too old":                {func(_ *store.DeadEntry, s *Site, _ map[string]bool) { s.Topics[0].Settings.MaxAge = 2*day - 1 }, TooOld},
		"gets a new time": {func(_ *store.DeadEntry, s *Site, _ map[string]bool) {
			s.Topics[0].Settings = Settings{MaxAge: day, LogAppend: true}
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			e, taken := letter(), map[string]bool{}
			s := &Site{Topics: []Topic{{TopicName: stream.Incarnated("in", 2), Partitions: 12}}, Own: []string{"alerts"}, Now: now}
			c.change(&e, s, taken)
			if got := Judge(&e, s, taken); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestPositions(t *testing.T) {
	for text, valid := range map[string]bool{
		"in/0/0": true, "in#2/11/9007199254740993": true,
		"": false, "in": false, "in/0": false, "/0/0": false, "in/-1/0": false, "in/0/-1": false, "in/0/1/2": false, "in/x/1": false, "in/4294967296/1": false,
	} {
		p, err := ParsePosition(text)
		if (err == nil) != valid || valid && Text(p) != text {
			t.Errorf("%q: %v, %v", text, p, err)
		}
	}
}

func TestSettings(t *testing.T) {
	for name, c := range map[string]struct {
		values map[string]string
		want   Settings
	}{
		"may not be read": {nil, Settings{}},
		"defaults": {
			map[string]string{"message.timestamp.type": "CreateTime", "retention.ms": "604800000", "message.timestamp.before.max.ms": "9223372036854775807"},
			Settings{Known: true, Retention: 7 * 24 * time.Hour},
		},
		"for ever":          {map[string]string{"retention.ms": "-1"}, Settings{Known: true}},
		"the broker's time": {map[string]string{"message.timestamp.type": "LogAppendTime"}, Settings{Known: true, LogAppend: true}},
		"limit":             {map[string]string{"message.timestamp.before.max.ms": "1000"}, Settings{Known: true, MaxAge: time.Second}},
		"limit before 3.6":  {map[string]string{"message.timestamp.difference.max.ms": "2000"}, Settings{Known: true, MaxAge: 2 * time.Second}},
	} {
		if got := settings(c.values); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// At no moment has more been sent than the rate allows by then.
func TestPace(t *testing.T) {
	p := pace{rate: 50, began: now}
	if p.most() != 5 || (pace{rate: 1}).most() != 1 || (pace{}).most() != batchLetters {
		t.Errorf("batches of %d, %d and %d", p.most(), pace{rate: 1}.most(), pace{}.most())
	}
	if got := p.due(100).Sub(now); got != 2*time.Second {
		t.Errorf("100 records at 50 a second are due after %s", got)
	}
}

// What anybody may have written does not reach a terminal as it is.
func TestClean(t *testing.T) {
	for text, want := range map[string]string{"at byte 0": "at byte 0", "\x1b[2J": `"\x1b[2J"`, "a\tb": `"a\tb"`, "é": "é"} {
		if got := clean(text); got != want {
			t.Errorf("%q is shown as %s, want %s", text, got, want)
		}
	}
}
