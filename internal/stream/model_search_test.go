package stream

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// found is a way to a state in which something is wrong.
type found struct {
	fault  string
	trace  []string
	states int
	depth  int  // all states that so many steps lead to were looked at
	all    bool // there are no others
}

// search looks at every state that at most depth steps lead to, nearest first,
// and stops at the first in which something is wrong, or would be after a
// healthy member has run to the end. most bounds the states.
func (m *model) search(start *world, depth, most int) found {
	type visited struct {
		from *visited
		name string
		at   *world
	}
	trace := func(v *visited) (names []string) {
		for ; v.from != nil; v = v.from {
			names = append(names, v.name)
		}
		slices.Reverse(names)
		return names
	}
	seen := map[string]bool{start.key(): true}
	frontier := []*visited{{at: start}}
	for d := 0; ; d++ {
		var next []*visited
		for _, v := range frontier {
			fault := m.check(v.at)
			if fault == "" {
				fault = m.complete(v.at)
			}
			if fault != "" {
				return found{fault: fault, trace: trace(v), states: len(seen), depth: d}
			}
			if d == depth {
				continue
			}
			for _, s := range m.steps(v.at) {
				if key := s.to.key(); !seen[key] && len(seen) < most {
					seen[key] = true
					next = append(next, &visited{v, s.name, s.to})
				}
			}
			v.at = nil // only the way is kept
		}
		if len(next) == 0 {
			return found{states: len(seen), depth: d, all: len(seen) < most}
		}
		if len(seen) >= most {
			return found{states: len(seen), depth: d}
		}
		frontier = next
	}
}

// start is the first state.
func (m *model) start(faults int8) *world {
	w := newModelWorld(faults)
	if m.begun {
		m.join(w, &w.members[0], 0)
		m.ask(w, &w.members[0])
		m.runToEnd(w, &w.members[0])
		w.members[0], w.owner = member{}, -1
	}
	return w
}

// complete lets everything fail that is running, one healthy member run to the
// end, and what is still on its way arrive after that. It returns what is wrong
// then.
func (m *model) complete(from *world) string {
	w := from.clone()
	w.members = [modelMembers]member{}
	w.net = nil
	flights := w.flights
	w.flights = nil
	me := &w.members[0]
	for turns := 0; ; turns++ {
		if turns > 20 || w.broken != "" {
			return "a healthy member does not come to the end: " + w.broken
		}
		m.join(w, me, 0)
		m.ask(w, me)
		if m.runToEnd(w, me) {
			break
		}
	}
	w.flights = flights
	for len(w.flights) > 0 {
		if w.flights[0].parts == 0 {
			w.flights = slices.Delete(w.flights, 0, 1)
			continue
		}
		for part := range 2 {
			if len(w.flights) > 0 && w.flights[0].parts&(1<<part) != 0 {
				n := len(w.flights)
				m.land(w, 0, part)
				if len(w.flights) < n {
					break
				}
			}
		}
	}
	if fault := m.check(w); fault != "" {
		return "at the end, " + fault
	}
	for o := range m.log {
		if fault := m.owed(w, o); fault != "" {
			return "at the end, " + fault
		}
	}
	return ""
}

// runToEnd has a member do its work, while nothing fails; false when it ended
// its generation on purpose.
func (m *model) runToEnd(w *world, me *member) bool {
	end := int64(len(m.log))
	grant := func() {
		w.group = w.net[0].what
		w.net = nil
	}
	for me.at.next < end || me.at.cut > 0 {
		to := end
		if me.at.cut > 0 {
			to = me.at.cut
		}
		var seal func(*world, *member)
		m.sealSteps(w, me, func(name string, change func(*world, *member)) {
			if strings.HasSuffix(name, fmt.Sprint("-", to)) {
				seal = change
			}
		}, 0)
		seal(w, me)
		if len(w.net) > 0 {
			grant()
		}
		m.send(w, me, 0)
		for part := range 2 {
			if len(w.flights) > 0 && w.flights[0].parts&(1<<part) != 0 {
				m.land(w, 0, part)
			}
		}
		w.flights = nil
		w.alerts |= me.alerts
		w.letters |= me.letters
		me.at.finish()
		if me.at.rewind != nil {
			w.group = me.at.rewound()
			return false
		}
		w.group = me.at.standing()
	}
	w.alerts |= me.alerts
	return true
}

// whole is the protocol as it is, with everything that may happen to it.
func whole() *model {
	return &model{log: []content{alertA, rowB, poisonC}, expiry: true, rewinds: true, maxClock: 4, maxMembers: 3}
}

func TestTheProtocolHoldsInEveryState(t *testing.T) {
	depth, most := 100, 30_000
	if *modelStates > 0 {
		most = *modelStates
	}
	for name, m := range map[string]struct {
		model  *model
		faults int8
	}{
		"one record, one fault":       {&model{log: []content{alertA}, maxClock: 4, maxMembers: 2}, 1},
		"one record, three members":   {&model{log: []content{alertA}, maxClock: 5, maxMembers: 3}, 0},
		"two records, one fault":      {&model{log: []content{alertA, rowB}, maxClock: 2, maxMembers: 2}, 1},
		"poison, rewinds, expiry":     {&model{log: []content{alertA, poisonC}, maxClock: 2, maxMembers: 2, rewinds: true, expiry: true}, 1},
		"one record, two faults":      {&model{log: []content{alertA}, maxClock: 3, maxMembers: 2}, 2},
		"three records, two faults":   {whole(), 2},
		"two records, three faults":   {&model{log: []content{alertA, rowB}, maxClock: 4, maxMembers: 3}, 3},
		"one partition, four members": {&model{log: []content{rowA, alertA}, maxClock: 5, maxMembers: 4}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			got := m.model.search(m.model.start(m.faults), depth, most)
			how := "all within"
			if got.all {
				how = "all there are, within"
			}
			t.Logf("%d states, %s %d steps, in %s", got.states, how, got.depth, time.Since(began).Round(time.Millisecond))
			if got.fault != "" {
				t.Errorf("%s, after:\n  %s", got.fault, strings.Join(got.trace, "\n  "))
			}
		})
	}
}

// Beyond what can be searched: long random ways through a larger model.
func TestTheProtocolHoldsOnLongWays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := whole()
		m.maxClock, m.maxMembers = 10, 8
		m.log = nil
		for range rapid.IntRange(2, maxRecords).Draw(t, "records") {
			m.log = append(m.log, rapid.SampledFrom([]content{rowA, rowB, alertA, poisonC}).Draw(t, "record"))
		}
		w := m.start(8)
		for range rapid.IntRange(5, 80).Draw(t, "steps") {
			steps := m.steps(w)
			if len(steps) == 0 {
				break
			}
			s := steps[rapid.IntRange(0, len(steps)-1).Draw(t, "step")]
			t.Log(s.name)
			w = s.to
			if fault := m.check(w); fault != "" {
				t.Fatal(fault)
			}
		}
		if fault := m.complete(w); fault != "" {
			t.Fatal(fault)
		}
	})
}
