package verify

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestLimits(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	l := Retention{Events: 10 * 24 * time.Hour, Letters: 3 * 24 * time.Hour}.limits(now)
	// Some of the events of the limit's own day are past it.
	if l.day() != "2026-11-14" || !l.letters.Equal(now.AddDate(0, 0, -2)) {
		t.Errorf("day %s, letters %s", l.day(), l.letters)
	}
}

func TestAllow(t *testing.T) {
	e := entry(0, 100)
	e.Rows, e.Days = 100, map[string]int64{"2026-11-13": 30, "2026-11-14": 10, "2026-11-15": 40, "2026-11-16": 20}
	const limit = "2026-11-14"
	if first, last, aged := youngDays(&e, limit); first != "2026-11-15" || last != "2026-11-16" || aged != 40 {
		t.Errorf("young from %s to %s, %d aged", first, last, aged)
	}
	all := map[string]int64{"2026-11-15": 40, "2026-11-16": 20}
	for name, c := range map[string]struct {
		byDay          map[string]int64
		stored, erased int64
		want           allowance
	}{
		"all that may be gone is":           {all, 60, 0, allowance{expired: 40}},
		"none is gone":                      {all, 100, 0, allowance{}},
		"some that may be gone is":          {all, 75, 0, allowance{expired: 25}},
		"young ones are, all old ones too":  {map[string]int64{"2026-11-15": 38, "2026-11-16": 20}, 58, 0, allowance{expired: 40, missing: 2}},
		"young ones are, old ones are not":  {map[string]int64{"2026-11-15": 40, "2026-11-16": 13}, 93, 0, allowance{missing: 7}},
		"young ones were erased":            {map[string]int64{"2026-11-15": 38, "2026-11-16": 20}, 58, 2, allowance{expired: 40}},
		"more young ones than were erased":  {map[string]int64{"2026-11-15": 38, "2026-11-16": 20}, 58, 1, allowance{expired: 40, missing: 1}},
		"more of one day do not excuse it":  {map[string]int64{"2026-11-15": 45, "2026-11-16": 19}, 64, 0, allowance{expired: 35, missing: 1}},
		"young ones of a day that is empty": {map[string]int64{"2026-11-15": 40}, 40, 0, allowance{expired: 40, missing: 20}},
	} {
		if got := allow(&e, limit, c.byDay, c.stored, c.erased); *got != c.want {
			t.Errorf("%s: %+v, want %+v", name, *got, c.want)
		}
	}
}

func TestSettle(t *testing.T) {
	for name, c := range map[string]struct {
		a       allowance
		offsets []int64
		missing []Fault
		expired int64
		left    allowance
	}{
		"all expired":            {allowance{expired: 5}, []int64{1, 2, 5}, nil, 3, allowance{expired: 2}},
		"none expired":           {allowance{missing: 9}, []int64{1, 2, 5}, []Fault{{1, 2, 2, Missing, NotAsEntered}, {5, 5, 1, Missing, NotAsEntered}}, 0, allowance{missing: 6}},
		"more than may be gone":  {allowance{expired: 1}, []int64{1, 2, 5}, []Fault{{2, 2, 1, Missing, NotAsEntered}, {5, 5, 1, Missing, NotAsEntered}}, 1, allowance{}},
		"nobody knows which":     {allowance{expired: 2, missing: 1}, []int64{1, 2, 5}, []Fault{{1, 5, 1, Missing, SomeExpired}}, 2, allowance{}},
		"a part of them":         {allowance{expired: 20, missing: 2}, []int64{1, 2, 5}, []Fault{{1, 5, 2, Missing, SomeExpired}}, 1, allowance{expired: 19}},
		"more than either tells": {allowance{expired: 1, missing: 1}, []int64{1, 2, 5}, []Fault{{1, 5, 2, Missing, SomeExpired}}, 1, allowance{missing: -1}},
	} {
		missing, expired := c.a.settle(c.offsets)
		if diff := cmp.Diff(c.missing, missing); diff != "" || expired != c.expired || c.a != c.left {
			t.Errorf("%s: %d expired, %+v left, %s", name, expired, c.a, diff)
		}
	}
}
