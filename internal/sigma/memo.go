package sigma

// memo remembers values by their keys, in bounded memory: each key has a place
// with others, of which the oldest gives way. Places are added while many keys
// come, up to the limit, so that fields with few values stay small. What it has
// forgotten is only computed again.
type memo[V any] struct {
	places [][placeSize]remembered[V] // a power of two of them
	limit  int                        // of places, a power of two; 0 remembers nothing
	kept   int                        // since places were added
}

const placeSize = 4

type remembered[V any] struct {
	hash  uint64
	key   []byte // its bytes are used again for the key that comes next
	value V
	used  bool
}

// longestKey bounds what one key takes. Longer ones are rare, and unlikely to
// come again.
const longestKey = 256

func (m *memo[V]) find(hash uint64, key string) (value V, ok bool) {
	if len(m.places) == 0 {
		return value, false
	}
	place := &m.places[hash&uint64(len(m.places)-1)]
	for i := range place {
		if r := &place[i]; r.hash == hash && r.used && string(r.key) == key {
			return r.value, true
		}
	}
	return value, false
}

// keep copies a key that was not found.
func (m *memo[V]) keep(hash uint64, key string, value V) {
	if len(key) > longestKey || m.limit == 0 {
		return
	}
	if len(m.places) == 0 || m.kept >= len(m.places) && len(m.places) < m.limit {
		m.grow()
	}
	m.kept++
	place := &m.places[hash&uint64(len(m.places)-1)]
	oldest := place[placeSize-1]
	copy(place[1:], place[:])
	place[0] = oldest
	r := &place[0]
	r.hash, r.value, r.used = hash, value, true
	r.key = append(r.key[:0], key...)
}

func (m *memo[V]) grow() {
	const first = 8
	former := m.places
	m.places, m.kept = make([][placeSize]remembered[V], min(m.limit, max(first, 2*len(former)))), 0
	for i := range former {
		for j := range former[i] {
			if r := &former[i][j]; r.used {
				// Each place has its keys from one former place: none is too many.
				place := &m.places[r.hash&uint64(len(m.places)-1)]
				place[j] = *r
			}
		}
	}
}

func (m *memo[V]) forget() {
	clear(m.places)
	m.kept = 0
}
