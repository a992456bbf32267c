package source

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestTimes(t *testing.T) {
	tests := []struct{ in, want string }{
		{"2026-11-23T20:14:05Z", "2026-11-23T20:14:05Z"},
		{"2026-11-23T20:14:05.1Z", "2026-11-23T20:14:05.1Z"},
		{"2026-11-23T20:14:05.1239999999999Z", "2026-11-23T20:14:05.123Z"},
		{"2024-02-29T23:30:00-01:30", "2024-03-01T01:00:00Z"},
		{"2027-01-01T00:00:00+00:01", "2026-12-31T23:59:00Z"},
		{"2026-02-29T20:14:05Z", ""},
		{"1900-02-29T20:14:05Z", ""},
		{"2026-04-31T20:14:05Z", ""},
		{"2026-13-01T20:14:05Z", ""},
		{"2026-00-01T20:14:05Z", ""},
		{"2026-11-23T24:00:00Z", ""},
		{"2026-11-23T20:60:00Z", ""},
		{"2026-12-31T23:59:60Z", ""},
		{"2026-11-23T20:14:05.Z", ""},
		{"2026-11-23T20:14:05,1Z", ""},
		{"2026-11-23T20:14:05", ""},
		{"2026-11-23T20:14:05.1", ""},
		{"2026-11-23t20:14:05z", ""},
		{"2026-11-23 20:14:05Z", ""},
		{"2026-11-23T2:14:05Z", ""},
		{"2026-11-23T20:14:05ZZ", ""},
		{"2026-11-23T20:14:05+01", ""},
		{"2026-11-23T20:14:05+24:00", ""},
		{"2026-11-23T20:14:05+0100", ""},
		{"2026-11-23T20:14:05*01:00", ""},
		{"", ""},
	}
	for _, tt := range tests {
		got, ok := parseTime([]byte(tt.in))
		if ok != (tt.want != "") || ok && got.Format(time.RFC3339Nano) != tt.want {
			t.Errorf("%q: got %s %t, want %q", tt.in, got.Format(time.RFC3339Nano), ok, tt.want)
		}
	}
}

// Whatever the standard library writes is read back, to the millisecond.
func TestTimesAgreeWithTheStandardLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := time.Unix(rapid.Int64Range(-62135596800+86400, 253402300799-86400).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds")).
			In(time.FixedZone("", 60*rapid.IntRange(-23*60, 23*60).Draw(t, "minutes east")))
		got, ok := parseTime([]byte(want.Format(time.RFC3339Nano)))
		if !ok || !got.Equal(want.Truncate(time.Millisecond)) {
			t.Errorf("%s: got %s", want.Format(time.RFC3339Nano), got)
		}
	})
}
