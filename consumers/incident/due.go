package incident

import (
	"container/heap"
	"time"
)

// dueHeap orders incidents by when a tick has something to decide, so that a
// tick looks at those only, however many are open.
type dueHeap []*entry

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].due.Before(h[j].due) }

// Swap is for container/heap.
func (h dueHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

// Push is for container/heap.
func (h *dueHeap) Push(x any) {
	e := x.(*entry)
	e.index = len(*h)
	*h = append(*h, e)
}

// Pop is for container/heap.
func (h *dueHeap) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	e.index = -1
	return e
}

func (h dueHeap) ready(now time.Time) bool { return len(h) > 0 && !h[0].due.After(now) }

func (h *dueHeap) pop() *entry { return heap.Pop(h).(*entry) }

func (h *dueHeap) push(e *entry) { h.fix(e, e.due) }

// fix puts an entry where its due time belongs.
func (h *dueHeap) fix(e *entry, due time.Time) {
	e.due = due
	if e.index < 0 {
		heap.Push(h, e)
	} else {
		heap.Fix(h, e.index)
	}
}

func (h *dueHeap) remove(e *entry) {
	if e.index >= 0 {
		heap.Remove(h, e.index)
	}
}
