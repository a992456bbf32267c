package stream

import (
	"fmt"
	"slices"
	"strings"
)

// The model of the protocol: what one partition, the group's coordinator,
// ClickHouse and a few members can do, one step at a time, with everything
// that may go wrong in between. What is decided is decided by the code of this
// package (Resume, Judge, progress, PlanMove, Token); the rest of a step is
// what the lane does, and its comment names where. See docs/guarantees.md.

// content is what a record has to become.
type content byte

const (
	rowA    content = iota // a row in ClickHouse's partition A
	rowB                   // a row in partition B
	alertA                 // a row in partition A, and an alert
	poisonC                // a dead letter
)

func (c content) row() bool   { return c != poisonC }
func (c content) part() int   { return map[content]int{rowB: 1}[c] }
func (c content) alert() bool { return c == alertA }

const (
	modelFence    = 1 // ticks after asked that an insert may still land
	modelAskAgain = 1 // ticks that an answer about what is held may be old when a range is tried again
	modelWindow   = 2 // ticks that a token is remembered: the sum of both
	maxRecords    = 6
	modelMembers  = 2
)

// mask is a set of offsets.
type mask uint8

func (m mask) has(o int) bool { return m&(1<<o) != 0 }
func bit(o int) mask          { return 1 << o }

// phase is what a member is about to do; a paused member stays in it.
type phase byte

const (
	down       phase = iota
	asking           // has joined and read the offset; asks ClickHouse
	running          // has nothing on its way
	announcing       // has sent a commit that announces, and waits
	announced        // may send the insert
	inserting        // has sent it, and waits
	failure          // the attempt failed, or its outcome is unknown
	settling         // stored; waits for alerts and dead letters
	finished         // owes the group the news
	resting          // has sent a commit that announces nothing, and waits
	rewinding        // has sent the commit of an operator's wish, and waits
)

// member is one process that works on the partition, or believes that it does.
type member struct {
	phase      phase
	generation int8
	resumption Resumption
	at         progress
	held       mask // as ClickHouse said
	batch      mask // rows of the sealed range
	alerts     mask // put into the outbox in this generation
	letters    mask
	asked      int8 // clock before the last announcing commit was sent
	known      int8 // clock when what is held was last asked, or the range was sealed
	attempt    int8 // numbers this member's inserts
}

// flight is an insert on its way.
type flight struct {
	sender     int8
	attempt    int8
	life       int8
	generation int8
	token      string
	rows       mask
	parts      byte // partitions where it has not landed yet
	asked      int8
}

// remembered is a token that ClickHouse has not forgotten.
type remembered struct {
	token string
	part  int8
	at    int8
}

// letterbox is a commit on its way to the coordinator.
type letterbox struct {
	sender, generation int8
	what               committed
}

// world is one state of everything.
type world struct {
	clock      int8
	life       int8 // incarnation of the topic, from 0
	generation int8
	owner      int8 // -1: nobody
	group      committed
	rows       [2][maxRecords]int8 // by incarnation
	letters    mask
	alerts     mask
	tokens     []remembered
	flights    []flight
	net        []letterbox
	members    [modelMembers]member
	faults     int8 // that may still happen
	broken     string
}

func newModelWorld(faults int8) *world {
	return &world{owner: -1, group: committed{offset: -1}, faults: faults}
}

func (w *world) clone() *world {
	c := *w
	c.tokens, c.flights, c.net = slices.Clone(w.tokens), slices.Clone(w.flights), slices.Clone(w.net)
	return &c
}

// key is the state as text: two equal states have equal keys.
func (w *world) key() string {
	var b strings.Builder
	fmt.Fprint(&b, w.clock, w.life, w.generation, w.owner, w.group, w.rows, w.letters, w.alerts, w.tokens, w.flights, w.net, w.faults)
	for _, m := range w.members {
		if m.phase == down {
			b.WriteString("|-")
			continue
		}
		rewind := ""
		if m.at.rewind != nil {
			rewind = fmt.Sprint(*m.at.rewind)
		}
		m.at.rewind, m.resumption.Rewind = nil, nil
		fmt.Fprint(&b, "|", m, rewind)
	}
	return b.String()
}

// model is the log's contents, and which of the rules that make the protocol
// right are broken on purpose.
type model struct {
	log        []content
	expiry     bool // the group's offsets may be lost, and the topic made anew
	rewinds    bool
	begun      bool // everything in the log has been stored once
	maxClock   int8
	maxMembers int8 // generations

	commitFirst, noAnnouncement, tokenByTime, noIncarnation, cutAnew, severalBlocks, unknownGoesOn, noFence,
	freshTime, neverAskAgain, noHeld, byClock, alertedTooEarly, finishTooEarly, firstAnswer bool
}

// name is the topic's name in rows and tokens.
func (m *model) name(life int8) string {
	if m.noIncarnation {
		life = 0
	}
	return Incarnated("in", int(life)+1).Name
}

// stored is what ClickHouse holds from an offset on.
func (m *model) stored(w *world, from int64) (held []Range) {
	if m.noHeld {
		return nil
	}
	for o := int(from); o < len(m.log); o++ {
		if w.rows[w.life][o] > 0 || m.noIncarnation && w.rows[0][o] > 0 {
			held = extend(held, int64(o), int64(o)+1)
		}
	}
	return held
}

// check says what is wrong with a state, whatever happens next; "" if nothing.
func (m *model) check(w *world) string {
	if w.broken != "" {
		return w.broken
	}
	for o, c := range m.log {
		for life := range w.rows {
			switch n := w.rows[life][o]; {
			case n > 1:
				return fmt.Sprintf("offset %d is stored %d times", o, n)
			case n > 0 && (!c.row() || m.byClock && w.letters.has(o)):
				return fmt.Sprintf("offset %d is a row and a dead letter", o)
			}
		}
	}
	for o := range min(int(w.group.offset), len(m.log)) {
		if fault := m.owed(w, o); fault != "" {
			return "the offset has passed: " + fault
		}
	}
	return ""
}

// owed says what is missing of one offset; "" if nothing.
func (m *model) owed(w *world, o int) string {
	c := m.log[o]
	switch {
	case c.row() && w.rows[w.life][o] == 0 && !(m.byClock && w.letters.has(o)):
		return fmt.Sprintf("offset %d is not stored", o)
	case !c.row() && !w.letters.has(o):
		return fmt.Sprintf("offset %d has no dead letter", o)
	case c.alert() && !w.alerts.has(o):
		return fmt.Sprintf("offset %d has no alert", o)
	}
	return ""
}
