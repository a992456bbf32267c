package stream

import (
	"sync"
	"time"
)

// Budget bounds the bytes of rows in memory over all partitions of a process.
//
// Lanes report how much their rows grow. Over half of the budget, ranges are
// sealed early; over all of it, nothing is read until an insert gives memory
// back. An insert is always possible, except of a range that a former owner
// announced: that one has to be read to its end first. So one lane at a time
// may overdraw the budget to complete such a range, and this cannot lock up.
type Budget struct {
	mu      sync.Mutex
	limit   int64
	used    int64
	changed chan struct{} // closed and replaced when bytes are given back
	holder  *lane         // may overdraw; nil: nobody does
	metrics *Metrics

	progress time.Time // when something was stored last
}

// NewBudget makes a budget of that many bytes, shared by the consumers it is
// given to.
func NewBudget(limit int64, metrics *Metrics) *Budget {
	return &Budget{limit: limit, changed: make(chan struct{}), metrics: metrics, progress: time.Now()}
}

// progressed notes that ClickHouse has taken something.
func (b *Budget) progressed() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.progress = time.Now()
}

// idle is how long nothing has been stored.
func (b *Budget) idle() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return time.Since(b.progress)
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

// overdraw tells whether a lane may go on although the budget is spent: it may
// when no other lane does so. It ends with settle.
func (b *Budget) overdraw(l *lane) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.holder == nil {
		b.holder = l
	}
	return b.holder == l
}

// settle ends a lane's overdraft, if it has one, so that the next may go on.
func (b *Budget) settle(l *lane) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.holder != l {
		return
	}
	b.holder = nil
	close(b.changed)
	b.changed = make(chan struct{})
}
