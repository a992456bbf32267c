package enrich

import (
	"crypto/hmac"
	"crypto/sha256"
	"hash"
	"hash/maphash"
)

// subjectCache looks subjects up in the protected lists. It hashes each id
// under every key that has lines (hmac keeps the keyed state ready, so that a short
// id costs two SHA-256 blocks) and never compares clear text. What it found it
// remembers by a 128-bit hash of the id that is random in each process: the
// table holds no ids and keeps none alive.
type subjectCache struct {
	p     *protected
	macs  []hash.Hash // for each list
	slots []subjectSlot
	seeds [2]maphash.Seed
	names map[uint64][]string // groups by mask
	id    []byte
	sum   [sha256.Size]byte
}

// subjectSlot is one remembered subject; a newer one takes its place.
type subjectSlot struct {
	a, b uint64
	mask uint64
	used bool
}

// maxNames bounds the combinations that are remembered by name.
const maxNames = 1 << 12

// newSubjectCache makes a cache of size slots, a power of two; 0 for none.
// Without lists it is empty and costs nothing.
func newSubjectCache(p *protected, size int) *subjectCache {
	c := &subjectCache{p: p, seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, names: map[uint64][]string{}}
	for _, l := range p.lists {
		c.macs = append(c.macs, hmac.New(sha256.New, l.key.Secret))
	}
	if len(p.lists) > 0 {
		c.slots = make([]subjectSlot, size)
	}
	return c
}

// groups gives the union of the groups of all these subjects, ascending; nil
// when none is protected.
func (c *subjectCache) groups(ids []string) []string {
	if len(c.macs) == 0 {
		return nil
	}
	var mask uint64
	for _, id := range ids {
		mask |= c.mask(id)
	}
	if mask == 0 {
		return nil
	}
	if names, ok := c.names[mask]; ok {
		return names
	}
	if len(c.names) >= maxNames {
		clear(c.names)
	}
	names := c.p.names(mask)
	c.names[mask] = names
	return names
}

func (c *subjectCache) mask(id string) uint64 {
	if len(c.slots) == 0 {
		return c.lookup(id)
	}
	a, b := maphash.String(c.seeds[0], id), maphash.String(c.seeds[1], id)
	first, second := c.slot(a), c.slot(b)
	if first.is(a, b) {
		return first.mask
	}
	if second.is(a, b) {
		return second.mask
	}
	if first.used { // two places each: what is asked for often seldom drives each other out
		first = second
	}
	*first = subjectSlot{a: a, b: b, mask: c.lookup(id), used: true}
	return first.mask
}

func (c *subjectCache) slot(h uint64) *subjectSlot { return &c.slots[h&uint64(len(c.slots)-1)] }

func (s *subjectSlot) is(a, b uint64) bool { return s.used && s.a == a && s.b == b }

func (c *subjectCache) lookup(id string) uint64 {
	var mask uint64
	c.id = append(c.id[:0], id...)
	for i, mac := range c.macs {
		mac.Reset()
		_, _ = mac.Write(c.id)
		if at, ok := c.p.lists[i].find(digest(mac.Sum(c.sum[:0])[:16])); ok {
			mask |= c.p.masks[at]
		}
	}
	return mask
}
