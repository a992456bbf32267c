package sigma

import (
	"hash/maphash"
	"slices"
	"unsafe"
)

// classes numbers the sets of predicates of one group that values satisfy; 0 is
// the empty one, which most values have. It also remembers the classes of
// texts, where few different ones are expected.
type classes struct {
	group  *group
	index  *index
	budget *budget
	all    []class
	ids    map[string]uint32 // by the predicates' bytes
	texts  memo[uint32]
	unions memo[uint32] // by the classes of a list's elements
	flags  [2]uint32    // 0: not known yet, else the class + 1

	parts []uint32 // of the list at hand
}

type class struct {
	predicates []int32           // ascending
	raises     bool              // one of them brings up rules
	with       [presences]uint32 // the class together with a presence, + 1; 0: not known yet
}

// budget bounds what a matcher remembers beside its memos: numbers it may keep.
// When it is spent, all is forgotten before the next event.
type budget struct{ left, limit int }

func newClasses(x *index, g *group, remembersTexts bool, l limits, b *budget) *classes {
	c := &classes{group: g, index: x, budget: b}
	c.unions.limit = l.lists
	if remembersTexts {
		c.texts.limit = l.texts
	}
	c.forget()
	return c
}

func (c *classes) forget() {
	c.all, c.ids, c.flags = []class{{}}, map[string]uint32{}, [2]uint32{}
	c.texts.forget()
	c.unions.forget()
}

// of numbers a set of predicates, which it sorts.
func (c *classes) of(predicates []int32) uint32 {
	if len(predicates) == 0 {
		return 0
	}
	slices.Sort(predicates)
	key := bytesOf(predicates)
	if id, ok := c.ids[key]; ok {
		return id
	}
	id := uint32(len(c.all))
	raises := slices.ContainsFunc(predicates, func(p int32) bool { return len(c.index.triggered[p]) > 0 })
	c.all = append(c.all, class{predicates: slices.Clone(predicates), raises: raises})
	c.ids[string([]byte(key))] = id
	c.budget.left -= 2*len(predicates) + 2*presences
	return id
}

// with is a class together with what is satisfied by what is there at all.
func (c *classes) with(id uint32, has presence) uint32 {
	if len(c.group.present[has]) == 0 {
		return id
	}
	if known := c.all[id].with[has]; known != 0 {
		return known - 1
	}
	both := append(slices.Clone(c.all[id].predicates), c.group.present[has]...)
	slices.Sort(both)
	union := c.of(slices.Compact(both))
	c.all[id].with[has] = union + 1
	return union
}

// value is the class of all that a field holds.
func (c *classes) value(v *fieldValue, s *collector, seed maphash.Seed) uint32 {
	c.parts = c.parts[:0]
	for i := range v.leaves {
		part := c.leaf(v, &v.leaves[i], s, seed)
		if part != 0 && (len(c.parts) == 0 || c.parts[len(c.parts)-1] != part) {
			c.parts = append(c.parts, part)
		}
	}
	return c.with(c.union(s, seed), v.presence())
}

func (c *classes) leaf(v *fieldValue, l *leaf, s *collector, seed maphash.Seed) uint32 {
	remember := l.kind == kindText && l.text != "" && c.texts.limit > 0
	var hash uint64
	switch {
	case remember:
		hash = maphash.String(seed, l.text)
		if id, ok := c.texts.find(hash, l.text); ok {
			return id
		}
	case l.kind == kindBool:
		if known := c.flags[flagIndex(l.flag)]; known != 0 {
			return known - 1
		}
	}
	s.begin(v, l)
	c.group.find(s)
	id := c.of(s.found)
	switch {
	case remember:
		c.texts.keep(hash, l.text, id)
	case l.kind == kindBool:
		c.flags[flagIndex(l.flag)] = id + 1
	}
	return id
}

// union is the class of a list, from those of its elements, c.parts.
func (c *classes) union(s *collector, seed maphash.Seed) uint32 {
	switch len(c.parts) {
	case 0:
		return 0
	case 1:
		return c.parts[0]
	}
	key := bytesOf(c.parts)
	hash := maphash.String(seed, key)
	if id, ok := c.unions.find(hash, key); ok {
		return id
	}
	s.begin(nil, nil)
	for _, part := range c.parts {
		for _, p := range c.all[part].predicates {
			if s.asked.mark(p) {
				s.found = append(s.found, p)
			}
		}
	}
	id := c.of(s.found)
	c.unions.keep(hash, key, id)
	return id
}

// bytesOf is the numbers' memory as a key to look up; it changes with them.
func bytesOf[N int32 | uint32](numbers []N) string {
	return unsafe.String((*byte)(unsafe.Pointer(unsafe.SliceData(numbers))), 4*len(numbers))
}
