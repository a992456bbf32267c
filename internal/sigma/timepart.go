package sigma

import (
	"fmt"
	"strings"
	"time"
)

// timePart is the number that Sigma's modifiers minute … year take out of a time.
type timePart uint8

const (
	wholeValue timePart = iota // no part: the value itself
	partMinute
	partHour
	partDay
	partWeek
	partMonth
	partYear
)

// timeParts are the names of the modifiers, in the order of the constants.
func timeParts() []string { return []string{"minute", "hour", "day", "week", "month", "year"} }

func (p timePart) String() string { return append([]string{""}, timeParts()...)[p] }

func timePartOf(name string) (timePart, bool) {
	for i, known := range timeParts() {
		if name == known {
			return partMinute + timePart(i), true //nolint:gosec // six names
		}
	}
	return wholeValue, false
}

// bounds are the least and the greatest number that a part can be. Weeks are ISO
// 8601's, of which some years have 53.
func (p timePart) bounds() (least, greatest uint64) {
	switch p {
	case partMinute:
		return 0, 59
	case partHour:
		return 0, 23
	case partDay:
		return 1, 31
	case partWeek:
		return 1, 53
	case partMonth:
		return 1, 12
	default:
		return 0, 9999
	}
}

// complaint says why a number can never be the part; "" if it can.
func (p timePart) complaint(n number) string {
	least, greatest := p.bounds()
	if !n.whole || n.negative || n.magnitude < least || n.magnitude > greatest {
		return fmt.Sprintf("%s is a whole number from %d to %d", p, least, greatest)
	}
	return ""
}

func (p timePart) of(t time.Time) number {
	var n int
	switch p {
	case partMinute:
		n = t.Minute()
	case partHour:
		n = t.Hour()
	case partDay:
		n = t.Day()
	case partWeek:
		_, n = t.ISOWeek()
	case partMonth:
		n = int(t.Month())
	default:
		n = t.Year()
	}
	return wholeNumber(uint64(max(n, 0))) //nolint:gosec // not negative
}

// timeOf reads a leaf as a time: access events hold times in UTC. A text counts by
// the clock that it shows, its zone is not converted (so Sigma asks); a number
// is the time in milliseconds since 1970, or in seconds where that would
// be before 1973.
func timeOf(l *leaf) (time.Time, bool) {
	switch l.kind {
	case kindNumber:
		const milliseconds, latest = 100_000_000_000, 253_402_300_799_999 // the end of 9999
		switch n := l.num; {
		case !n.whole || n.negative || n.magnitude > latest:
			return time.Time{}, false
		case n.magnitude >= milliseconds:
			return time.UnixMilli(int64(n.magnitude)).UTC(), true //nolint:gosec // checked above
		default:
			return time.Unix(int64(n.magnitude), 0).UTC(), true //nolint:gosec // checked above
		}
	case kindText:
		if !l.time.IsZero() {
			return l.time.UTC(), true
		}
		text := strings.Replace(l.text, " ", "T", 1)
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly} {
			if t, err := time.Parse(layout, text); err == nil {
				return t, true
			}
		}
	}
	return time.Time{}, false
}
