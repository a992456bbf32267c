package verify

import (
	"time"

	"github.com/watchglass/watchglass/internal/store"
)

// Retention is how long ClickHouse keeps what verify looks for: the shortest
// time that any event may have, and that of dead letters.
type Retention struct{ Events, Letters time.Duration }

// lettersSlack is how long the ledger's entry of a range may come after its
// dead letters: ClickHouse was away for so long.
const lettersSlack = 24 * time.Hour

// limits are the moments before which something may be gone.
type limits struct{ events, letters time.Time }

func (r Retention) limits(now time.Time) limits {
	return limits{now.Add(-r.Events), now.Add(-r.Letters).Add(lettersSlack)}
}

// day is the last day (UTC) of which some events may be gone.
func (l limits) day() string { return l.events.UTC().Format(time.DateOnly) }

// allowance is how many of an entry's rows that are not there may be gone
// because their retention is over, and how many must not.
type allowance struct{ expired, missing int64 }

// youngDays is the first and the last day of an entry whose rows must all be
// there. aged is how many rows may be gone.
func youngDays(e *store.StoredRange, limit string) (first, last string, aged int64) {
	for day, rows := range e.Days {
		if day <= limit {
			aged += rows
			continue
		}
		if first == "" || day < first {
			first = day
		}
		last = max(last, day)
	}
	return first, last, aged
}

// allow decides from what an entry counts, and from what is there of it: rows
// by their day, rows in all, and offsets that were erased on purpose.
func allow(e *store.StoredRange, limit string, byDay map[string]int64, stored, erased int64) *allowance {
	var a allowance
	for day, rows := range e.Days {
		if day > limit {
			a.missing += max(0, rows-byDay[day])
		}
	}
	_, _, aged := youngDays(e, limit)
	a.missing = max(0, a.missing-erased)
	a.expired = min(aged, max(0, e.Rows-stored-erased-a.missing))
	return &a
}

// settle decides about offsets of the entry that are not there, ascending, and
// takes them off the allowance.
func (a *allowance) settle(offsets []int64) (missing []Fault, expired int64) {
	n := int64(len(offsets))
	switch {
	case a.missing <= 0:
		expired = min(n, a.expired)
		for _, o := range offsets[expired:] {
			missing = extend(missing, Fault{o, o, 1, Missing, NotAsEntered})
		}
	case a.expired <= 0:
		for _, o := range offsets {
			missing = extend(missing, Fault{o, o, 1, Missing, NotAsEntered})
		}
		a.missing -= n
	default:
		expired = min(max(0, n-a.missing), a.expired)
		missing = []Fault{{offsets[0], offsets[n-1], n - expired, Missing, SomeExpired}}
		a.missing -= n - expired
	}
	a.expired -= expired
	return missing, expired
}
