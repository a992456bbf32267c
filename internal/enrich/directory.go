package enrich

import (
	"encoding/binary"
	"hash/maphash"
	"slices"
	"strings"
)

// directory is a compact table from accessor ids to profiles: ids stand one
// after the other in one arena, found through an open-addressed hash table, and
// the few distinct profiles are interned. An id costs its bytes and 8 to 16 more
// for the table, so a million take 30 to 40 MB, invisible to the collector.
type directory struct {
	ids      []byte
	ends     []uint32 // id i is ids[ends[i-1]:ends[i]]
	profile  []uint32 // of id i, an index of profiles
	slots    []uint32 // 1 + id index; 0 is free; a power of two long
	seed     maphash.Seed
	profiles []profile // 0 is that of accessors which the directory does not know
	file     string
}

// profile is what many accessors share.
type profile struct {
	employer     string
	unit         string
	home         string // "" when there is none
	citizenships []string
	clearances   []string
	status       string
	line         int // where it was first seen
}

const (
	statusActive   = "active"
	statusDeparted = "departed"
	statusUnknown  = "unknown"
)

// unknownProfile is the index of accessors that are not in the directory.
const unknownProfile = 0

// find gives the profile of an accessor, unknownProfile if there is none.
func (d *directory) find(id string) uint32 {
	if i, ok := d.lookup(id); ok {
		return d.profile[i]
	}
	return unknownProfile
}

func (d *directory) lookup(id string) (uint32, bool) {
	if len(d.slots) == 0 {
		return 0, false
	}
	mask := uint64(len(d.slots) - 1)
	for at := maphash.String(d.seed, id) & mask; ; at = (at + 1) & mask {
		switch s := d.slots[at]; {
		case s == 0:
			return 0, false
		case string(d.id(s-1)) == id:
			return s - 1, true
		}
	}
}

func (d *directory) id(i uint32) []byte {
	from := uint32(0)
	if i > 0 {
		from = d.ends[i-1]
	}
	return d.ids[from:d.ends[i]]
}

// directoryBuilder fills a directory; it also knows the lines, which are
// needed to report duplicates and thrown away with it.
type directoryBuilder struct {
	d       *directory
	lines   []uint32
	interns map[string]uint32
	texts   map[string]string
	key     []byte
}

func newDirectoryBuilder(file string) *directoryBuilder {
	return &directoryBuilder{
		d:       &directory{seed: maphash.MakeSeed(), profiles: []profile{{status: statusUnknown}}, file: file},
		interns: map[string]uint32{}, texts: map[string]string{},
	}
}

// maxArena keeps offsets in 32 bits.
const maxArena = 1<<32 - 1

// add appends an accessor. It keeps none of the strings and slices it is given.
func (b *directoryBuilder) add(line int, id string, p profile) error {
	d := b.d
	if first, ok := d.lookup(id); ok {
		return faultAt(d.file, line, 0, "this accessor id is there twice: first on line %d", b.lines[first])
	}
	if uint64(len(d.ids)+len(id)) > maxArena {
		return faultAt(d.file, line, 0, "the directory's ids take more than 4 GiB")
	}
	d.ids = append(d.ids, id...)
	d.ends = append(d.ends, uint32(len(d.ids)))
	d.profile = append(d.profile, b.intern(line, p))
	b.lines = append(b.lines, uint32(line))
	if 2*len(d.ends) > len(d.slots) {
		b.grow()
	} else {
		b.place(uint32(len(d.ends)))
	}
	return nil
}

// grow doubles the hash table; it stays at most half full while loading.
func (b *directoryBuilder) grow() {
	b.d.slots = make([]uint32, max(16, 2*len(b.d.slots)))
	for i := range b.d.ends {
		b.place(uint32(i + 1))
	}
}

func (b *directoryBuilder) place(slot uint32) {
	d := b.d
	mask := uint64(len(d.slots) - 1)
	at := maphash.Bytes(d.seed, d.id(slot-1)) & mask
	for d.slots[at] != 0 {
		at = (at + 1) & mask
	}
	d.slots[at] = slot
}

func (b *directoryBuilder) intern(line int, p profile) uint32 {
	b.key = b.key[:0]
	for _, s := range [...]string{p.employer, p.unit, p.home, p.status} {
		b.key = appendText(b.key, s)
	}
	for _, list := range [...][]string{p.citizenships, p.clearances} {
		b.key = binary.AppendUvarint(b.key, uint64(len(list)))
		for _, s := range list {
			b.key = appendText(b.key, s)
		}
	}
	if i, ok := b.interns[string(b.key)]; ok {
		return i
	}
	i := uint32(len(b.d.profiles))
	b.interns[string(b.key)] = i
	b.d.profiles = append(b.d.profiles, profile{
		employer: b.text(p.employer), unit: b.text(p.unit), home: b.text(p.home), status: b.text(p.status),
		citizenships: b.list(p.citizenships), clearances: b.list(p.clearances), line: line,
	})
	return i
}

// appendText appends a text so that no two sequences of texts look the same.
func appendText(to []byte, s string) []byte {
	return append(binary.AppendUvarint(to, uint64(len(s))), s...)
}

func (b *directoryBuilder) text(s string) string {
	if t, ok := b.texts[s]; ok {
		return t
	}
	t := strings.Clone(s)
	b.texts[t] = t
	return t
}

func (b *directoryBuilder) list(from []string) []string {
	if len(from) == 0 {
		return nil
	}
	out := make([]string, len(from))
	for i, s := range from {
		out[i] = b.text(s)
	}
	slices.Sort(out)
	return slices.Clip(slices.Compact(out))
}

// done gives the finished table, without the slack of growing.
func (b *directoryBuilder) done() *directory {
	d := b.d
	d.ids, d.ends, d.profile, d.profiles = trim(d.ids), trim(d.ends), trim(d.profile), trim(d.profiles)
	return d
}

// trim copies what append left room in.
func trim[T any](s []T) []T {
	if cap(s)-len(s) <= len(s)/16 {
		return s
	}
	return append(make([]T, 0, len(s)), s...)
}
