package source

import "strings"

// chunkBytes is the size of one chunk of copied strings: some hundred events'
// worth. Whoever holds one string holds its chunk.
const chunkBytes = 32 << 10

// chunk copies strings together, so that an event costs a fraction of one
// allocation. A strings.Builder never writes to bytes it has handed out, and a
// full one is left to the garbage collector.
type chunk struct{ b strings.Builder }

func (c *chunk) copy(s []byte) string {
	if len(s) == 0 {
		return ""
	}
	if c.b.Cap()-c.b.Len() < len(s) {
		c.b = strings.Builder{}
		c.b.Grow(max(chunkBytes, len(s)))
	}
	start := c.b.Len()
	c.b.Write(s)
	return c.b.String()[start:]
}

// Bounds of one interner. What a hostile producer can make it hold is
// internEntries strings of internLength bytes.
const (
	internEntries = 4096
	internLength  = 256
)

// interner returns the same string for the same bytes, without allocating
// when it knows them. It is emptied when full: strings that it gave away stay
// valid. There is one per field with few distinct values, so that a field that
// turns out to have many spoils nobody else's, and so that a number for each
// string can be kept beside it for dictionary columns.
type interner struct {
	known map[string]string
	last  string // the string of the record before, which is often this one's too
}

func (n *interner) get(b []byte, c *chunk) string {
	if len(b) == 0 {
		return ""
	}
	if string(b) == n.last {
		return n.last
	}
	if s, ok := n.known[string(b)]; ok {
		n.last = s
		return s
	}
	if len(b) > internLength {
		return c.copy(b)
	}
	if n.known == nil || len(n.known) >= internEntries {
		n.known = make(map[string]string)
	}
	s := string(b)
	n.known[s], n.last = s, s
	return s
}
