package enrich

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/hex"
	"io"
	"slices"
	"strings"
)

// protected is what all lists of protected/ say together: for each key the
// truncated hashes of subjects, sorted, and their groups. 18 bytes a subject and
// an index of 4 to 8 more.
type protected struct {
	groups []string   // names, ascending; at most maxGroups; bit i of a mask is groups[i]
	masks  []uint64   // distinct combinations of groups
	lists  []hashList // one for each key that has lines
}

// maxGroups is how many different groups a policy may have: a mask's bits.
const maxGroups = 64

// digest is the first half of an HMAC-SHA-256. 128 bits of a keyed hash leave
// no room for chance: two of a billion subjects collide with 2⁻⁶⁹.
type digest [16]byte

// hashList holds the protected subjects under one key.
type hashList struct {
	key    Key
	hashes []digest // ascending, unique
	masks  []uint16 // for each hash an index of protected.masks
	starts []uint32 // hashes with the top bits b are [starts[b], starts[b+1])
	shift  uint     // of the top 32 bits, to get b
}

// find gives the groups of a subject by its hash.
func (l *hashList) find(d digest) (mask uint16, ok bool) {
	b := top(d) >> l.shift
	for i := l.starts[b]; i < l.starts[b+1]; i++ {
		if l.hashes[i] == d {
			return l.masks[i], true
		}
	}
	return 0, false
}

func top(d digest) uint32 {
	return uint32(d[0])<<24 | uint32(d[1])<<16 | uint32(d[2])<<8 | uint32(d[3])
}

// protectedBuilder collects the lines of all lists.
type protectedBuilder struct {
	keys    []Key
	groups  map[string]int // bit by name, in order of appearance
	masks   map[uint64]uint16
	list    []uint64
	entries [][]hashEntry // by key
}

type hashEntry struct {
	hash digest
	mask uint16
}

func newProtectedBuilder(keys []Key) *protectedBuilder {
	return &protectedBuilder{keys: keys, groups: map[string]int{}, masks: map[uint64]uint16{}, entries: make([][]hashEntry, len(keys))}
}

// read adds one list.
func (b *protectedBuilder) read(name string, r io.Reader) error {
	lines := bufio.NewScanner(skipMark(r))
	for n := 1; lines.Scan(); n++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		if strings.TrimSpace(text) == "" {
			continue
		}
		if err := b.line(name, n, text); err != nil {
			return err
		}
	}
	return lines.Err()
}

func (b *protectedBuilder) line(name string, n int, text string) error {
	words := strings.Fields(text)
	if len(words) != 2 {
		return faultAt(name, n, 0, "expected `<key id>:<64 hex digits> group[,group]`, as `watchglass protect` makes them")
	}
	id, sum, ok := strings.Cut(words[0], ":")
	if !ok {
		return faultAt(name, n, 0, "the key id is missing: expected `<key id>:<64 hex digits>`")
	}
	key := slices.IndexFunc(b.keys, func(k Key) bool { return k.ID == id })
	if key < 0 {
		return faultAt(name, n, 1, "key %q is not configured: expected one of [%s]", id, strings.Join(keyIDs(b.keys), ", "))
	}
	var full [32]byte
	if got, err := hex.Decode(full[:], []byte(sum[:min(len(sum), 64)])); err != nil || got != 32 || len(sum) != 64 {
		return faultAt(name, n, len(id)+2, "the hash is not 64 hex digits: an id in clear does not belong here, use `watchglass protect`")
	}
	var mask uint64
	for g := range strings.SplitSeq(words[1], ",") {
		if !validGroup(g) {
			return faultAt(name, n, 0, "group: expected 1 to 32 small letters, digits, _ and -")
		}
		bit, ok := b.groups[g]
		if !ok {
			if bit = len(b.groups); bit == maxGroups {
				return faultAt(name, n, 0, "more than %d different groups", maxGroups)
			}
			b.groups[strings.Clone(g)] = bit
		}
		mask |= 1 << bit
	}
	at, err := b.intern(mask)
	if err != nil {
		return faultAt(name, n, 0, "%s", err)
	}
	b.entries[key] = append(b.entries[key], hashEntry{digest(full[:16]), at})
	return nil
}

type tooManyCombinations struct{}

func (tooManyCombinations) Error() string { return "more than 65,535 different combinations of groups" }

func (b *protectedBuilder) intern(mask uint64) (uint16, error) {
	if at, ok := b.masks[mask]; ok {
		return at, nil
	}
	if len(b.list) == 1<<16-1 {
		return 0, tooManyCombinations{}
	}
	at := uint16(len(b.list))
	b.masks[mask], b.list = at, append(b.list, mask)
	return at, nil
}

// done sorts, joins what stands in several lists, and puts the groups in order.
func (b *protectedBuilder) done() (*protected, error) {
	p := &protected{}
	for i, entries := range b.entries {
		if len(entries) == 0 {
			continue
		}
		slices.SortFunc(entries, func(x, y hashEntry) int { return bytes.Compare(x.hash[:], y.hash[:]) })
		l := hashList{key: b.keys[i], hashes: make([]digest, 0, len(entries)), masks: make([]uint16, 0, len(entries))}
		for _, e := range entries {
			if last := len(l.hashes) - 1; last >= 0 && l.hashes[last] == e.hash {
				at, err := b.intern(b.list[l.masks[last]] | b.list[e.mask])
				if err != nil {
					return nil, err
				}
				l.masks[last] = at
				continue
			}
			l.hashes, l.masks = append(l.hashes, e.hash), append(l.masks, e.mask)
		}
		l.index()
		p.lists = append(p.lists, l)
		b.entries[i] = nil
	}
	b.order(p)
	return p, nil
}

// index fills starts: about one hash for each value of the top bits.
func (l *hashList) index() {
	bits := uint(1)
	for 1<<bits < len(l.hashes) && bits < 30 {
		bits++
	}
	l.shift = 32 - bits
	l.starts = make([]uint32, 1<<bits+1)
	for _, h := range l.hashes {
		l.starts[top(h)>>l.shift+1]++
	}
	for i := 1; i < len(l.starts); i++ {
		l.starts[i] += l.starts[i-1]
	}
}

// order renumbers the groups so that bits ascend with names: a mask then
// lists its groups in order.
func (b *protectedBuilder) order(p *protected) {
	for g := range b.groups {
		p.groups = append(p.groups, g)
	}
	slices.SortFunc(p.groups, cmp.Compare)
	p.masks = make([]uint64, len(b.list))
	for i, old := range b.list {
		for bit, g := range p.groups {
			if old&(1<<b.groups[g]) != 0 {
				p.masks[i] |= 1 << bit
			}
		}
	}
}

// names lists the groups of a mask, ascending.
func (p *protected) names(mask uint64) []string {
	var out []string
	for bit, g := range p.groups {
		if mask&(1<<bit) != 0 {
			out = append(out, g)
		}
	}
	return out
}

func (p *protected) count() int {
	n := 0
	for i := range p.lists {
		n += len(p.lists[i].hashes)
	}
	return n
}
