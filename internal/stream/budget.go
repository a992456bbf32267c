package stream

import "sync"

// Budget bounds the bytes of rows in memory over all partitions of a process.
//
// Lanes report how much their rows grow. Over half of the budget, ranges are
// sealed early; over all of it, nothing is read until an insert gives memory
// back. An insert is always possible, so this cannot lock up.
type Budget struct {
	mu      sync.Mutex
	limit   int64
	used    int64
	changed chan struct{} // closed and replaced when bytes are given back
	metrics *Metrics
}

// NewBudget makes a budget of that many bytes, shared by the consumers it is
// given to.
func NewBudget(limit int64, metrics *Metrics) *Budget {
	return &Budget{limit: limit, changed: make(chan struct{}), metrics: metrics}
}

// add takes bytes, or gives them back when n is negative.
func (b *Budget) add(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used += n
	b.metrics.budgetBytes.Set(float64(b.used))
	if n < 0 {
		close(b.changed)
		b.changed = make(chan struct{})
	}
}

// tight says that ranges should be sealed early.
func (b *Budget) tight() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used > b.limit/2
}

// spent returns nil while there is room, otherwise a channel that is closed
// when bytes are given back.
func (b *Budget) spent() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.used <= b.limit {
		return nil
	}
	return b.changed
}
