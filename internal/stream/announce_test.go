package stream

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestAnnouncementSurvivesItsText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from := rapid.Int64Range(0, 1<<40).Draw(t, "from")
		want := Announcement{Alerted: rapid.Int64Range(0, 1<<41).Draw(t, "alerted")}
		if rapid.Bool().Draw(t, "announced") {
			want.Range = Range{from, from + rapid.Int64Range(1, 1<<20).Draw(t, "length")}
			if rapid.Bool().Draw(t, "rewind") {
				want.Rewind = &Rewind{To: rapid.Int64Range(0, 1<<41).Draw(t, "to"), Again: rapid.Bool().Draw(t, "again")}
			}
		}
		got, err := ParseAnnouncement(want.String())
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Fatalf("%q: %v %s", want.String(), err, diff)
		}
	})
}

func TestParseAnnouncementRefuses(t *testing.T) {
	for _, text := range []string{"", "-", "wg1", "wg2 -", "wg1 5-5 m=5", "wg1 7-5 m=5", "wg1 5-7", "wg1 5-7 m=", "wg1 5-7 h=5", "wg1 -5-7 m=5", "wg1 5-7 m=5 x", "wg1 5 7 m=5", "wg1 - 5", "wg1 5-7 m=5 r=", "wg1 5-7 m=5 again", "wg1 5-7 m=5 r=3 again x", "wg1 - m=-1"} {
		if a, err := ParseAnnouncement(text); err == nil {
			t.Errorf("%q was read as %+v", text, a)
		}
	}
}

func TestHoldsFindsExactlyTheOffsetsInRanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := map[int64]bool{}
		var ranges []Range
		next := int64(0)
		for range rapid.IntRange(0, 5).Draw(t, "ranges") {
			from := next + rapid.Int64Range(1, 4).Draw(t, "gap")
			next = from + rapid.Int64Range(1, 4).Draw(t, "length")
			ranges = append(ranges, Range{from, next})
			for o := from; o < next; o++ {
				in[o] = true
			}
		}
		for offset := int64(0); offset < next+3; offset++ {
			if got := holds(&ranges, offset); got != in[offset] {
				t.Fatalf("offset %d: %v, want %v", offset, got, in[offset])
			}
		}
	})
}

func TestWhatIsLeftOfARange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var ranges []Range
		next := int64(0)
		for range rapid.IntRange(0, 4).Draw(t, "ranges") {
			from := next + rapid.Int64Range(1, 4).Draw(t, "gap")
			next = from + rapid.Int64Range(1, 4).Draw(t, "length")
			ranges = append(ranges, Range{from, next})
		}
		whole := Range{rapid.Int64Range(0, 20).Draw(t, "from"), rapid.Int64Range(20, 40).Draw(t, "to")}
		rest := whole.without(ranges)
		for offset := int64(0); offset < 45; offset++ {
			in := func(rs []Range) bool {
				return slices.ContainsFunc(rs, func(r Range) bool { return r.From <= offset && offset < r.To })
			}
			if want := in([]Range{whole}) && !in(ranges); in(rest) != want {
				t.Fatalf("offset %d is left: %v, want %v", offset, in(rest), want)
			}
		}
	})
}
