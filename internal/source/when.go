package source

import (
	"time"

	"github.com/watchglass/watchglass/schema"
)

// span is how far an event's time may lie from its record's Kafka timestamp.
type span struct{ before, after time.Duration }

func (s span) check(t, at time.Time) *schema.PoisonError {
	switch {
	case t.Before(at.Add(-s.before)):
		return poison(schema.ReasonTimeTooOld, "time: more than "+s.before.String()+" before the record's Kafka timestamp")
	case t.After(at.Add(s.after)):
		return poison(schema.ReasonTimeTooNew, "time: more than "+s.after.String()+" after the record's Kafka timestamp")
	}
	return nil
}

// parseTime reads RFC 3339 with capital T and Z and without leap seconds; what
// is finer than a millisecond is cut off. The standard library's parser takes
// more (a comma for the point, one-digit hours), and which of it varies.
func parseTime(b []byte) (time.Time, bool) {
	const shape = "0000-00-00T00:00:00"
	if len(b) < len(shape)+1 {
		return time.Time{}, false
	}
	for i := range len(shape) {
		if shape[i] == '0' && (b[i] < '0' || b[i] > '9') || shape[i] != '0' && b[i] != shape[i] {
			return time.Time{}, false
		}
	}
	two := func(i int) int { return int(b[i]-'0')*10 + int(b[i+1]-'0') }
	year, month, day := two(0)*100+two(2), two(5), two(8)
	hour, minute, second := two(11), two(14), two(17)
	if month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	ms, rest, ok := fraction(b[len(shape):])
	if !ok {
		return time.Time{}, false
	}
	east, ok := zone(rest)
	if !ok {
		return time.Time{}, false
	}
	return time.Date(year, time.Month(month), day, hour, minute-east, second, ms*1e6, time.UTC), true
}

func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// fraction reads `.123` and returns its milliseconds.
func fraction(b []byte) (ms int, rest []byte, ok bool) {
	if b[0] != '.' {
		return 0, b, true
	}
	i, unit := 1, 100
	for ; i < len(b) && b[i] >= '0' && b[i] <= '9'; i++ {
		ms += int(b[i]-'0') * unit
		unit /= 10
	}
	return ms, b[i:], i > 1
}

// zone reads `Z` or `+01:00` and returns minutes east of UTC.
func zone(b []byte) (int, bool) {
	if len(b) == 1 && b[0] == 'Z' {
		return 0, true
	}
	if len(b) != 6 || b[0] != '+' && b[0] != '-' || b[3] != ':' {
		return 0, false
	}
	for _, i := range []int{1, 2, 4, 5} {
		if b[i] < '0' || b[i] > '9' {
			return 0, false
		}
	}
	hours, minutes := int(b[1]-'0')*10+int(b[2]-'0'), int(b[4]-'0')*10+int(b[5]-'0')
	if hours > 23 || minutes > 59 {
		return 0, false
	}
	if b[0] == '-' {
		return -(hours*60 + minutes), true
	}
	return hours*60 + minutes, true
}

func millis(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
