package store

import (
	"testing"
	"time"
)

func TestWindowUseForgetsWhatIsNotReliedOnAnyMore(t *testing.T) {
	var u windowUse
	began := time.Date(2026, 11, 24, 12, 0, 30, 0, time.UTC)
	for i := range 1000 {
		u.add(began.Add(time.Duration(i) * time.Second)) // for 16 min 40 s
	}
	for after, want := range map[time.Duration]float64{
		17 * time.Minute: 1000. / DedupWindow,
		25 * time.Minute: (1000. - 4*60 - 30) / DedupWindow, // what is of 12:05 and later
		60 * time.Minute: 0,
	} {
		if got := u.ratio(began.Add(after)); got != want {
			t.Errorf("after %s: %v, want %v", after, got, want)
		}
	}
}
