package stream

import (
	"flag"
	"strings"
	"testing"
	"time"
)

var modelStates = flag.Int("model.states", 0, "states that the search of the protocol looks at, each case (default: few)")

// Each rule of the protocol is needed: without it, the search finds a way to
// lose or double something.
func TestTheSearchFindsWhatIsWrong(t *testing.T) {
	two := []content{alertA, rowB}
	for name, c := range map[string]struct {
		model  model
		faults int8
		want   string
	}{
		"the offset is committed before the insert":         {model{log: two, commitFirst: true}, 1, "is not stored"},
		"nothing is announced":                              {model{log: two, noAnnouncement: true}, 2, "stored 2 times"},
		"the token is a time":                               {model{log: two, tokenByTime: true}, 2, "stored 2 times"},
		"names have no incarnation":                         {model{log: two, noIncarnation: true, expiry: true, begun: true}, 1, "at the end"},
		"a range is cut anew at recovery":                   {model{log: []content{rowA, rowA}, cutAnew: true}, 2, "stored 2 times"},
		"a range is inserted in several blocks":             {model{log: []content{rowA, rowB}, severalBlocks: true}, 2, "at the end"},
		"a commit of unknown outcome is taken for granted":  {model{log: two, unknownGoesOn: true}, 2, ""},
		"the server has no fence":                           {model{log: []content{rowA}, noFence: true}, 1, "stored 2 times"},
		"an attempt takes its time without an announcement": {model{log: []content{rowA}, freshTime: true}, 1, "stored 2 times"},
		"an old answer about what is stored is relied on":   {model{log: []content{rowA}, neverAskAgain: true}, 1, "stored 2 times"},
		"a first attempt relies on an old answer":           {model{log: []content{rowA}, firstAnswer: true}, 1, "stored 2 times"},
		"nobody asks what is stored":                        {model{log: []content{rowA}, noHeld: true, rewinds: true}, 1, "stored 2 times"},
		"dead or row is decided by the clock":               {model{log: []content{rowA}, byClock: true}, 2, "a row and a dead letter"},
		"alerts are noted before they are acknowledged":     {model{log: []content{rowA, alertA}, alertedTooEarly: true}, 2, "has no alert"},
		"a range is finished before its alerts are":         {model{log: []content{alertA}, finishTooEarly: true}, 1, "has no alert"},
	} {
		t.Run(name, func(t *testing.T) {
			m := c.model
			m.maxClock, m.maxMembers = 5, 2
			began := time.Now()
			got := m.search(m.start(c.faults), 40, 400_000)
			if got.fault == "" {
				t.Fatalf("nothing was found in %d states, all within %d steps", got.states, got.depth)
			}
			if !strings.Contains(got.fault, c.want) {
				t.Errorf("it found that %s, want %q", got.fault, c.want)
			}
			t.Logf("%s: found after %d states in %s:\n  %s", got.fault, got.states, time.Since(began).Round(time.Millisecond), strings.Join(got.trace, "\n  "))
		})
	}
}
