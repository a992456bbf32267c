package notify

// recent remembers the last ids that were added, up to a limit.
type recent struct {
	ids  map[string]bool
	ring []string
	next int
}

func newRecent(limit int) *recent {
	return &recent{ids: make(map[string]bool), ring: make([]string, limit)}
}

func (r *recent) has(id string) bool { return r.ids[id] }

func (r *recent) add(id string) {
	if r.ids[id] {
		return
	}
	delete(r.ids, r.ring[r.next])
	r.ids[id] = true
	r.ring[r.next] = id
	r.next = (r.next + 1) % len(r.ring)
}
