package sigma

import (
	"hash/maphash"
	"slices"

	"github.com/watchglass/watchglass/schema"
)

// Matcher evaluates the rules of a set. It belongs to one goroutine, and
// allocates nothing on the usual path: what it needs is kept from event to event.
//
// The values of an event's fields are brought down to classes, by what the
// rules ask of them, and the classes together to the rules that match. Both are
// remembered, within bounds: an event whose classes were seen before costs the
// same, whatever the number of rules is.
type Matcher struct {
	set     *Set
	limits  limits
	seed    maphash.Seed
	values  []fieldValue // by Set.fields
	classes []*classes   // by index.groups
	event   event
	access  accessEvent
	json    jsonEvent

	collector collector
	tuple     []uint32 // the event's classes, by index.groups
	outcomes  memo[[]claim]
	budget    budget
	satisfied marks // predicates
	raised    marks // rules
	candidate []int32

	ask     func(predicate int) bool
	known   func(predicate int) verdict
	raise   func(rule int32)
	matched []int32
	found   []*Rule
}

// limits bound what a matcher remembers. Memos have powers of two of places; 0 is
// nothing.
type limits struct {
	texts  int // by field
	lists  int // by field: combinations of the classes of a list
	tuples int // combinations of an event's classes
	budget int // numbers in classes and outcomes
}

var usualLimits = limits{texts: 1 << 10, lists: 1 << 8, tuples: 1 << 12, budget: 1 << 20}

// NewMatcher makes a matcher; one per goroutine.
func (s *Set) NewMatcher() *Matcher { return s.newMatcher(usualLimits) }

func (s *Set) newMatcher(l limits) *Matcher {
	m := &Matcher{
		set: s, limits: l, seed: maphash.MakeSeed(), values: make([]fieldValue, len(s.fields)),
		collector: collector{set: s.predicates, asked: newMarks(len(s.predicates))},
		tuple:     make([]uint32, len(s.index.groups)),
		budget:    budget{l.budget, l.budget},
		satisfied: newMarks(len(s.predicates)), raised: newMarks(len(s.rules)),
	}
	m.outcomes.limit = l.tuples
	for i := range s.index.groups {
		g := &s.index.groups[i]
		m.classes = append(m.classes, newClasses(s.index, g, s.fields[g.field].repeats(), l, &m.budget))
	}
	m.ask, m.known, m.raise = m.holds, m.judge, m.bringUp
	return m
}

// Match returns the rules that match an enriched event, ascending by id. The
// slice is valid until the next call. The set must not have been loaded
// with Options.AnyField, or its fields that no event has are not there.
func (m *Matcher) Match(ev *schema.AccessEvent) []*Rule {
	m.access.ev = ev
	found := m.evaluate(&m.access)
	m.access.ev = nil
	return found
}

// MatchJSON is Match for one raw JSON object, as it is: nothing is enriched.
// The error says what is not JSON; it holds nothing of the event.
func (m *Matcher) MatchJSON(line []byte) ([]*Rule, error) {
	if err := m.json.parse(line); err != nil {
		return nil, err
	}
	return m.evaluate(&m.json), nil
}

func (m *Matcher) evaluate(ev event) []*Rule {
	if m.budget.left < 0 {
		m.forget()
	}
	m.event, m.matched, m.found = ev, m.matched[:0], m.found[:0]
	for i := range m.values {
		m.values[i].loaded = false
	}
	raised := len(m.set.index.always) > 0
	for i, c := range m.classes {
		m.tuple[i] = m.classOf(c)
		raised = raised || c.all[m.tuple[i]].raises
	}
	if raised {
		claims := m.outcome()
		for i := range claims {
			if c := &claims[i]; c.sure || c.rest.holds(m.ask) {
				m.matched = append(m.matched, claims[i].rule)
			}
		}
	}
	m.beyondBounds()
	for _, rule := range m.matched {
		m.found = append(m.found, m.set.rules[rule])
	}
	return m.found
}

// classOf is the class of what the event holds in the field of the classes' group.
func (m *Matcher) classOf(c *classes) uint32 {
	field := c.group.field
	if c.texts.limit > 0 {
		if text, ok := m.event.text(&m.set.fields[field]); ok {
			if text == "" {
				return c.with(0, presentNull|presentEmpty)
			}
			if id, ok := c.texts.find(maphash.String(m.seed, text), text); ok {
				return c.with(id, presentThere)
			}
		}
	}
	return c.value(m.value(field), &m.collector, m.seed)
}

func (m *Matcher) value(i int) *fieldValue {
	v := &m.values[i]
	if !v.loaded {
		v.reset()
		m.event.load(&m.set.fields[i], v)
	}
	return v
}

// holds evaluates a predicate for the event at hand.
func (m *Matcher) holds(i int) bool {
	p := &m.set.predicates[i]
	switch {
	case p.test == testField:
		return p.holds(m.value(p.field), m.value(p.other))
	case p.open():
		return p.holds(m.value(p.field), nil)
	}
	group := m.set.index.groupOf[p.field]
	_, found := slices.BinarySearch(m.classes[group].all[m.tuple[group]].predicates, int32(i))
	return found
}

// beyondBounds evaluates the rules that the event's numbers bring up.
func (m *Matcher) beyondBounds() {
	if len(m.set.index.gates) == 0 {
		return
	}
	m.raised.clear()
	m.candidate = m.candidate[:0]
	for i := range m.set.index.gates {
		g := &m.set.index.gates[i]
		g.open(m.value(g.field), m.raise)
	}
	before := len(m.matched)
	for _, rule := range m.candidate {
		if m.set.rules[rule].condition.holds(m.ask) {
			m.matched = append(m.matched, rule)
		}
	}
	if len(m.matched) > before {
		slices.Sort(m.matched)
	}
}

func (m *Matcher) bringUp(rule int32) {
	if m.raised.mark(rule) {
		m.candidate = append(m.candidate, rule)
	}
}

func (m *Matcher) forget() {
	for _, c := range m.classes {
		c.forget()
	}
	m.outcomes.forget()
	m.budget.left = m.budget.limit
}
