package source

import (
	"bytes"
	"time"

	"github.com/watchglass/watchglass/schema"
)

// parseLogTime reads `2026-11-23 20:14:05.123 UTC`. PostgreSQL writes the
// abbreviation that log_timezone has at that moment, or an offset (`+0545`)
// where the zone has none.
func parseLogTime(b []byte) (time.Time, *schema.PoisonError) {
	const layout = "2006-01-02 15:04:05.000"
	if len(b) == 0 {
		return time.Time{}, poison(schema.ReasonMissing, "timestamp: is required")
	}
	stamp, zone, ok := cutLast(b, ' ')
	t, err := time.Parse(layout, string(stamp))
	if !ok || err != nil {
		return time.Time{}, poison(schema.ReasonTime, "timestamp: is not of the form 2026-11-23 20:14:05.123 UTC")
	}
	east, ok := zoneOffset(string(zone))
	if !ok {
		return time.Time{}, poison(schema.ReasonTime, "timestamp: its time zone is ambiguous or not known: set log_timezone = 'UTC'")
	}
	return millis(t.Add(-east)), nil
}

func cutLast(b []byte, c byte) (before, after []byte, ok bool) {
	i := bytes.LastIndexByte(b, c)
	if i < 0 {
		return nil, nil, false
	}
	return b[:i], b[i+1:], true
}

// zoneOffset returns how far east of UTC a zone is. Abbreviations that several
// zones in use share (CST, IST …) are refused: a wrong guess would move a read
// by hours.
func zoneOffset(zone string) (time.Duration, bool) {
	switch zone {
	case "UTC", "GMT", "WET":
		return 0, true
	case "CET", "WEST", "BST":
		return time.Hour, true
	case "CEST", "EET":
		return 2 * time.Hour, true
	case "EEST", "MSK":
		return 3 * time.Hour, true
	case "JST", "KST":
		return 9 * time.Hour, true
	case "EDT":
		return -4 * time.Hour, true
	case "EST":
		return -5 * time.Hour, true
	case "MDT":
		return -6 * time.Hour, true
	case "MST", "PDT":
		return -7 * time.Hour, true
	case "PST":
		return -8 * time.Hour, true
	}
	for _, layout := range []string{"-07", "-0700", "-07:00"} {
		if t, err := time.Parse(layout, zone); err == nil && zone != "Z" {
			_, east := t.Zone()
			return time.Duration(east) * time.Second, true
		}
	}
	return 0, false
}
