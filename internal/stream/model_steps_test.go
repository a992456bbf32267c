package stream

import (
	"fmt"
	"slices"
)

// step is something that may happen next.
type step struct {
	name string
	to   *world
}

// steps lists everything that may happen next in a state.
func (m *model) steps(w *world) (next []step) {
	do := func(name string, change func(*world)) {
		c := w.clone()
		change(c)
		next = append(next, step{name, c})
	}
	fault := func(name string, change func(*world)) {
		if w.faults > 0 {
			do(name, func(c *world) { c.faults--; change(c) })
		}
	}
	idle := true
	for i := range w.members {
		idle = idle && w.members[i].phase == down
		m.memberSteps(w, i, do, fault)
	}
	for i := range w.net {
		m.deliver(w, i, do, fault)
	}
	for i, f := range w.flights {
		for part := range 2 {
			if f.parts&(1<<part) != 0 {
				do(fmt.Sprintf("insert of %d lands in partition %d", f.sender, part), func(c *world) { m.land(c, i, part) })
			}
		}
	}
	if w.clock < m.maxClock {
		do("time passes", func(c *world) { m.tick(c) })
	}
	if idle && m.expiry && w.group.offset >= 0 {
		fault("the group's offsets expire", func(c *world) {
			m.longAgo(c)
			c.group = committed{offset: -1}
		})
		if w.life == 0 {
			fault("the topic is deleted and made anew", func(c *world) {
				m.longAgo(c)
				c.group, c.life, c.letters, c.alerts = committed{offset: -1}, 1, 0, 0
			})
		}
	}
	if idle && m.rewinds && w.group.offset > 0 {
		fault("an operator moves the offset back", func(c *world) {
			c.owner = -1 // the group is deserted
			move, err := PlanMove(Standing{Assigned{}, w.group.offset, w.group.metadata, m.bounds()}, 0, false)
			if err != nil {
				c.broken = err.Error()
				return
			}
			c.group = move.commit
		})
	}
	return next
}

func (m *model) bounds() Bounds { return Bounds{0, int64(len(m.log))} }

// tick lets time pass; ClickHouse forgets the oldest tokens.
func (m *model) tick(c *world) {
	c.clock++
	c.tokens = slices.DeleteFunc(c.tokens, func(t remembered) bool { return c.clock-t.at > modelWindow })
}

// longAgo lets so much time pass that nothing is on its way any more: a group's
// offsets expire after days.
func (m *model) longAgo(c *world) { c.flights, c.net, c.tokens, c.owner = nil, nil, nil, -1 }

type doing func(name string, change func(*world))

func (m *model) memberSteps(w *world, i int, do, fault doing) {
	at := func(name string, change func(*world, *member)) {
		do(fmt.Sprintf("%d %s", i, name), func(c *world) { change(c, &c.members[i]) })
	}
	me := &w.members[i]
	switch me.phase {
	case down:
		if w.generation < m.maxMembers {
			at("joins", func(c *world, me *member) { m.join(c, me, i) })
		}
		return
	case asking:
		at("asks what is stored", m.ask)
	case running:
		m.sealSteps(w, me, at, i)
	case announced:
		at("sends the insert", func(c *world, me *member) { m.send(c, me, i) })
	case inserting:
		sent := slices.IndexFunc(w.flights, func(f flight) bool { return m.mine(f, me, i) })
		if sent < 0 { // refused at the fence
			at("hears of the refusal", func(_ *world, me *member) { me.phase = failure })
		} else if w.flights[sent].parts == 0 {
			at("hears that it is stored", func(c *world, me *member) {
				c.flights = slices.Delete(c.flights, sent, sent+1)
				me.phase = settling
			})
		}
		fault(fmt.Sprintf("%d does not hear of its insert", i), func(c *world) { c.members[i].phase = failure })
	case failure:
		m.failedSteps(w, me, at, i)
	case settling: // sealed.go, insert: outbox.settled
		need := Range{me.at.sealed.From, me.at.sealed.To}
		if m.finishTooEarly || m.acknowledged(w, me, need) {
			at("finishes", func(c *world, me *member) { me.at.finish(); me.phase = finished })
		}
	case finished: // sealed.go, settled
		if me.at.rewind != nil {
			at("goes where the operator wants", func(c *world, me *member) { m.commit(c, me, i, me.at.rewound(), rewinding) })
			break
		}
		at("tells that it has finished", func(c *world, me *member) { m.commit(c, me, i, me.at.standing(), resting) })
		m.sealSteps(w, me, at, i)
	}
	if me.alerts&^w.alerts != 0 || me.letters&^w.letters != 0 {
		at("'s alerts and dead letters are acknowledged", func(c *world, me *member) { c.alerts |= me.alerts; c.letters |= me.letters })
	}
	fault(fmt.Sprintf("%d is killed", i), func(c *world) { c.members[i] = member{} })
}

// join is group.go and store.go: a new generation, then the offset is read.
func (m *model) join(c *world, me *member, i int) {
	c.generation++
	c.owner = int8(i)
	r, err := Resume(Assigned{}, c.group.offset, c.group.metadata, m.bounds())
	if err != nil {
		c.broken = err.Error()
	}
	*me = member{phase: asking, generation: c.generation, resumption: r}
}

// ask is scout.go, ask and begin.
func (m *model) ask(c *world, me *member) {
	held := m.stored(c, me.resumption.From)
	r, err := me.resumption.Judge(Assigned{}, held, 0)
	if err != nil {
		c.broken = err.Error()
	}
	if m.cutAnew {
		r.Sealed = 0
	}
	me.at, me.held, me.known, me.phase = newProgress(r), 0, c.clock, running
	for _, h := range held {
		for o := h.From; o < h.To; o++ {
			me.held |= bit(int(o))
		}
	}
}

// sealSteps is work.go, advance: records are added up to an offset, and the
// range is sealed there: anywhere, except where a former owner has cut it. When
// that takes long, ClickHouse is asked again.
func (m *model) sealSteps(w *world, me *member, at func(string, func(*world, *member)), i int) {
	if me.at.cut > 0 && w.clock-me.known > modelAskAgain && !m.firstAnswer {
		at("has read for so long that it has to ask again", m.askAgain)
		return
	}
	for to := me.at.next + 1; to <= int64(len(m.log)); to++ {
		if me.at.cut > 0 && to != me.at.cut {
			continue
		}
		at(fmt.Sprintf("seals %d-%d", me.at.from, to), func(c *world, me *member) {
			me.batch = 0
			for o := me.at.next; o < to; o++ {
				if me.at.cuts(o) {
					c.broken = "a record beyond the cut was added"
				}
				m.add(c, me, int(o))
			}
			fresh := me.at.cut == 0
			me.at.pass(to)
			me.at.seal()
			if fresh || m.neverAskAgain {
				me.known = c.clock
			}
			m.announce(c, me, i)
		})
	}
}

// add is work.go, add.
func (m *model) add(c *world, me *member, o int) {
	record := m.log[o]
	if m.byClock && record.row() && c.clock > 0 { // "too old by now"
		me.letters |= bit(o)
		return
	}
	switch {
	case !record.row():
		me.letters |= bit(o)
	case !me.held.has(o):
		me.batch |= bit(o)
	}
	if record.alert() && int64(o) >= me.at.alerted {
		me.alerts |= bit(o)
	}
}

// announce is sealed.go, attempt.
func (m *model) announce(c *world, me *member, i int) {
	me.asked = c.clock
	switch {
	case m.noAnnouncement:
		me.phase = announced
	case m.commitFirst:
		m.commit(c, me, i, standing(me.at.sealed.To, Announcement{}), announcing)
	default:
		m.commit(c, me, i, me.at.standing(), announcing)
	}
}

func (m *model) commit(c *world, me *member, i int, what committed, waits phase) {
	c.net = append(c.net, letterbox{int8(i), me.generation, what})
	me.phase = waits
}

// send is sealed.go, insert.
func (m *model) send(c *world, me *member, i int) {
	if me.batch == 0 {
		me.phase = settling
		return
	}
	token := Token(m.name(c.life), 0, me.at.sealed.From, me.at.sealed.To)
	if m.tokenByTime {
		token = fmt.Sprint("at ", c.clock)
	}
	f := flight{sender: int8(i), attempt: me.attempt, life: c.life, generation: me.generation, token: token, rows: me.batch, asked: me.asked}
	for o := range m.log {
		if me.batch.has(o) {
			f.parts |= 1 << m.log[o].part()
		}
	}
	c.flights = append(c.flights, f)
	me.phase = inserting
}

func (m *model) mine(f flight, me *member, i int) bool {
	return f.sender == int8(i) && f.attempt == me.attempt && f.generation == me.generation
}

// land is ClickHouse: the fence, the memory of tokens, and the rows, for each of
// its partitions by itself.
func (m *model) land(c *world, i, part int) {
	f := &c.flights[i]
	if !m.noFence && c.clock-f.asked > modelFence {
		c.flights = slices.Delete(c.flights, i, i+1)
		return
	}
	f.parts &^= 1 << part
	sent, life, token := f.rows, f.life, f.token
	if !m.severalBlocks {
		if m.remembers(c, token, part) {
			return
		}
		c.tokens = append(c.tokens, remembered{token, int8(part), c.clock})
	}
	for block, o := 0, 0; o < len(m.log); o++ {
		if !sent.has(o) {
			continue
		}
		block++
		if m.log[o].part() != part {
			continue
		}
		if m.severalBlocks { // each row a block, known by its place among those that were sent
			known := fmt.Sprint(token, " block ", block)
			if m.remembers(c, known, part) {
				continue
			}
			c.tokens = append(c.tokens, remembered{known, int8(part), c.clock})
		}
		c.rows[life][o]++
	}
}

func (m *model) remembers(c *world, token string, part int) bool {
	return slices.ContainsFunc(c.tokens, func(t remembered) bool { return t.token == token && t.part == int8(part) })
}

// failedSteps is lane.go, loop: the range is tried again, after it was announced
// again; or ClickHouse is asked again, when its answer has become old. Meanwhile
// a scout may have matched what comes after.
func (m *model) failedSteps(w *world, me *member, at func(string, func(*world, *member)), i int) {
	switch {
	case m.freshTime:
		at("tries again with the time of now", func(c *world, me *member) { me.asked, me.phase = c.clock, announced; me.attempt++ })
	case w.clock-me.known > modelAskAgain && !m.neverAskAgain:
		at("has to ask again", m.askAgain)
	default:
		at("announces again", func(c *world, me *member) { me.attempt++; m.announce(c, me, i) })
	}
	if end := int64(len(m.log)); me.at.next < end && me.at.alerted < end {
		at("matches ahead", func(c *world, me *member) {
			for o := me.at.next; o < end; o++ {
				if m.log[o].alert() && o >= me.at.alerted {
					me.alerts |= bit(int(o))
				}
			}
			if !m.alertedTooEarly { // scout.go, match: settled
				c.alerts |= me.alerts
			}
			me.at.alerted = end
		})
	}
}

// askAgain is lane.go, anew.
func (m *model) askAgain(_ *world, me *member) {
	me.resumption = me.at.resumption()
	me.phase = asking
	me.attempt++
}

func (m *model) acknowledged(w *world, me *member, of Range) bool {
	for o := of.From; o < of.To; o++ {
		if (me.alerts &^ w.alerts).has(int(o)) || (me.letters &^ w.letters).has(int(o)) {
			return false
		}
	}
	return true
}

// deliver is the coordinator: a commit is granted to the owner of this
// generation only. Its sender may or may not hear of it.
func (m *model) deliver(w *world, i int, do, fault doing) {
	letter := w.net[i]
	granted := letter.generation == w.generation && letter.sender == w.owner
	arrive := func(c *world) *member {
		c.net = slices.Delete(c.net, i, i+1)
		if granted {
			c.group = letter.what
		}
		me := &c.members[letter.sender]
		waits := me.generation == letter.generation && (me.phase == announcing || me.phase == resting || me.phase == rewinding)
		if !waits {
			return nil
		}
		return me
	}
	leave := func(c *world, me *member) {
		if c.owner == letter.sender && me.generation == c.generation {
			c.owner = -1
		}
		*me = member{}
	}
	do(fmt.Sprintf("commit of %d arrives", letter.sender), func(c *world) {
		me := arrive(c)
		switch {
		case me == nil:
		case !granted || me.phase == rewinding:
			leave(c, me)
		case me.phase == announcing:
			me.phase = announced
		default:
			me.phase = running
		}
	})
	fault(fmt.Sprintf("commit of %d arrives, its sender does not hear of it", letter.sender), func(c *world) {
		if me := arrive(c); me != nil {
			leave(c, me)
		}
	})
	fault(fmt.Sprintf("%d does not hear of its commit, which is still on its way", letter.sender), func(c *world) {
		me := &c.members[letter.sender]
		switch {
		case me.generation != letter.generation:
		case m.unknownGoesOn && me.phase == announcing:
			me.phase = announced
		case m.unknownGoesOn && me.phase == resting:
			me.phase = running
		case me.phase == announcing, me.phase == resting, me.phase == rewinding:
			leave(c, me)
		}
	})
}
