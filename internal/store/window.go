package store

import (
	"sync"
	"time"
)

// relied is how long a table has to remember a token: a range may be tried
// again for ten minutes after it was asked for, and an attempt may land
// LateBound later.
const relied = 10*time.Minute + LateBound

// windowUse counts the inserts of the last relied time, by the minute.
type windowUse struct {
	mu      sync.Mutex
	minutes [relied/time.Minute + 1]struct {
		minute int64
		blocks int
	}
}

// add counts one insert.
func (u *windowUse) add(now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	minute := now.Unix() / 60
	m := &u.minutes[minute%int64(len(u.minutes))]
	if m.minute != minute {
		m.minute, m.blocks = minute, 0
	}
	m.blocks++
}

// ratio is the part of the deduplication window that those inserts take.
func (u *windowUse) ratio(now time.Time) float64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	blocks := 0
	for _, m := range u.minutes {
		if now.Unix()/60-m.minute < int64(len(u.minutes)) {
			blocks += m.blocks
		}
	}
	return float64(blocks) / DedupWindow
}
