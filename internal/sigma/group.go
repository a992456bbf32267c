package sigma

import (
	"net/netip"
	"slices"

	"github.com/gaissmai/bart"
)

// group is the predicates on one field that its value alone decides, indexed so
// that a value finds those it satisfies without asking each.
type group struct {
	field    int       // of Set.fields
	texts    textIndex // compare with the text of any value
	spelled  textIndex // numbers and flags: compare with texts as a text
	numbers  map[float64][]candidate
	flags    [2][]candidate
	networks *bart.Table[[]candidate] // all networks that an address is in
	present  [presences][]int32       // by what is there at all
}

// presence is what predicates may ask of a field beside its values.
type presence uint8

const (
	presentNull presence = 1 << iota
	presentThere
	presentEmpty
	presences = 1 << iota
)

func (v *fieldValue) presence() presence {
	p := presence(0)
	if v.null {
		p |= presentNull
	}
	if v.exists {
		p |= presentThere
	}
	if v.empty {
		p |= presentEmpty
	}
	return p
}

// open reports that the class of one field's value does not decide a predicate: it
// has another field, an order that nearly every number would have a class of
// its own in, or a part of times, hardly two of which are the same.
func (p *predicate) open() bool {
	return p.test == testField || p.test.orders() || p.part != wholeValue
}

func (t test) orders() bool { return t >= testLess && t <= testGreaterEqual }

// newGroup indexes the predicates of set that are meant by which, all of one field.
func newGroup(field int, set []predicate, which []int32) group {
	g := group{field: field, numbers: map[float64][]candidate{}}
	var texts, spelled []int32
	networks := map[netip.Prefix][]candidate{}
	for _, i := range which {
		p := &set[i]
		switch p.test {
		case testText, testRegexp:
			texts = append(texts, i)
		case testEmpty:
			texts = append(texts, i)
			g.whenPresent(i, func(has presence) bool { return has&presentEmpty != 0 })
		case testNumber:
			spelled = append(spelled, i)
			g.numbers[p.num.approx] = append(g.numbers[p.num.approx], candidate{predicate: i})
		case testFlag:
			spelled = append(spelled, i)
			g.flags[flagIndex(p.flag)] = append(g.flags[flagIndex(p.flag)], candidate{i, true})
		case testNull:
			g.whenPresent(i, func(has presence) bool { return has&presentNull != 0 })
		case testExists:
			g.whenPresent(i, func(has presence) bool { return (has&presentThere != 0) == p.flag })
		case testCIDR:
			networks[p.cidr] = append(networks[p.cidr], candidate{i, true})
		}
	}
	g.texts, g.spelled = newTextIndex(set, texts), newTextIndex(set, spelled)
	if len(networks) > 0 {
		g.networks = newNetworks(networks)
	}
	return g
}

// newNetworks gives each network the candidates of those that contain it, for
// the table answers with the narrowest one.
func newNetworks(by map[netip.Prefix][]candidate) *bart.Table[[]candidate] {
	prefixes := make([]netip.Prefix, 0, len(by))
	for prefix := range by {
		prefixes = append(prefixes, prefix)
	}
	slices.SortFunc(prefixes, func(a, b netip.Prefix) int { return a.Bits() - b.Bits() })
	table := &bart.Table[[]candidate]{}
	for _, prefix := range prefixes {
		wider, _ := table.LookupPrefix(prefix)
		table.Insert(prefix, slices.Concat(wider, by[prefix]))
	}
	return table
}

func (g *group) whenPresent(i int32, satisfied func(presence) bool) {
	for has := range g.present {
		if satisfied(presence(has)) {
			g.present[has] = append(g.present[has], i)
		}
	}
}

func flagIndex(flag bool) int {
	if flag {
		return 1
	}
	return 0
}

// find tells c of the predicates that a leaf may satisfy.
func (g *group) find(c *collector) {
	l := c.leaf
	if l.kind == kindObject {
		return
	}
	isText := l.kind == kindText
	if !g.texts.empty() {
		g.texts.find(c.value.foldOf(l), c)
	}
	if isText && !g.spelled.empty() {
		g.spelled.find(c.value.foldOf(l), c)
	}
	switch l.kind {
	case kindNumber:
		c.consider(g.numbers[l.num.approx])
	case kindBool:
		c.consider(g.flags[flagIndex(l.flag)])
	case kindText:
		if g.networks == nil {
			break
		}
		if addr, ok := l.address(); ok {
			found, _ := g.networks.Lookup(addr)
			c.consider(found)
		}
	}
}

// collector gathers the predicates that one leaf satisfies.
type collector struct {
	set   []predicate
	value *fieldValue
	leaf  *leaf
	asked marks // by predicate
	found []int32
}

func (c *collector) begin(v *fieldValue, l *leaf) {
	c.value, c.leaf, c.found = v, l, c.found[:0]
	c.asked.clear()
}

func (c *collector) consider(list []candidate) {
	for _, it := range list {
		if c.asked.mark(it.predicate) && (it.sure || c.set[it.predicate].leafHolds(c.value, c.leaf, nil)) {
			c.found = append(c.found, it.predicate)
		}
	}
}

// marks is a set of small numbers that is emptied at once.
type marks struct {
	at  []uint32
	now uint32
}

func newMarks(n int) marks { return marks{at: make([]uint32, n), now: 1} }

func (m *marks) clear() {
	if m.now++; m.now == 0 {
		clear(m.at)
		m.now = 1
	}
}

// mark adds i, and reports that it was not there.
func (m *marks) mark(i int32) bool {
	if m.at[i] == m.now {
		return false
	}
	m.at[i] = m.now
	return true
}

func (m *marks) has(i int32) bool { return m.at[i] == m.now }
