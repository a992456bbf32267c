package sigma

import "sync/atomic"

// Live is the set in force. Reading it is free; a reload takes its place as a
// whole or not at all. Matchers stay with the set they were made from: who holds
// one compares sets between events and makes a new one.
type Live struct{ current atomic.Pointer[Set] }

// NewLive puts a first set in force.
func NewLive(set *Set) *Live {
	l := &Live{}
	l.current.Store(set)
	return l
}

// Set is the set in force.
func (l *Live) Set() *Set { return l.current.Load() }

// Reload loads dir and puts it in force if it is right and not what is in force
// already; on an error the old set stays.
func (l *Live) Reload(dir string, o Options) (changed bool, err error) {
	next, err := LoadDir(dir, o)
	if err != nil {
		return false, err
	}
	if next.Version() == l.Set().Version() {
		return false, nil
	}
	l.current.Store(next)
	return true, nil
}
