package sigma

import "github.com/watchglass/watchglass/schema"

// Matcher evaluates the rules of a set. It belongs to one goroutine, and
// allocates nothing on the usual path: what it needs is kept from event to event.
type Matcher struct {
	set    *Set
	values []fieldValue // by Set.fields
	memo   []verdict    // by Set.predicates
	event  event
	access accessEvent
	json   jsonEvent
	ask    func(int) bool
	found  []*Rule
}

// verdict is what is known of a predicate for the event at hand.
type verdict uint8

const (
	unasked verdict = iota
	holds
	fails
)

// NewMatcher makes a matcher; one per goroutine.
func (s *Set) NewMatcher() *Matcher {
	m := &Matcher{set: s, values: make([]fieldValue, len(s.fields)), memo: make([]verdict, len(s.predicates))}
	m.ask = m.predicate
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
	m.event, m.found = ev, m.found[:0]
	for i := range m.values {
		m.values[i].loaded = false
	}
	clear(m.memo)
	for _, rule := range m.set.rules {
		if rule.condition.holds(m.ask) {
			m.found = append(m.found, rule)
		}
	}
	return m.found
}

// predicate evaluates a predicate once per event.
func (m *Matcher) predicate(i int) bool {
	if known := m.memo[i]; known != unasked {
		return known == holds
	}
	p := &m.set.predicates[i]
	var other *fieldValue
	if p.test == testField {
		other = m.value(p.other)
	}
	if p.holds(m.value(p.field), other) {
		m.memo[i] = holds
		return true
	}
	m.memo[i] = fails
	return false
}

func (m *Matcher) value(i int) *fieldValue {
	v := &m.values[i]
	if !v.loaded {
		v.reset()
		m.event.load(&m.set.fields[i], v)
	}
	return v
}
