package stream

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestAnnouncementSurvivesItsText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from := rapid.Int64Range(0, 1<<40).Draw(t, "from")
		want := Announcement{From: from, To: from + rapid.Int64Range(1, 1<<20).Draw(t, "length"), Alerted: rapid.Int64Range(0, 1<<41).Draw(t, "alerted")}
		got, err := ParseAnnouncement(want.String())
		if err != nil || got != want {
			t.Fatalf("%q became %+v, %v", want.String(), got, err)
		}
	})
	if got, err := ParseAnnouncement(Announcement{}.String()); err != nil || got != (Announcement{}) {
		t.Fatalf("nothing announced became %+v, %v", got, err)
	}
}

func TestParseAnnouncementRefuses(t *testing.T) {
	for _, text := range []string{"", "-", "wg1", "wg2 -", "wg1 5-5 m=5", "wg1 7-5 m=5", "wg1 5-7", "wg1 5-7 m=", "wg1 5-7 h=5", "wg1 -5-7 m=5", "wg1 5-7 m=5 x", "wg1 5 7 m=5"} {
		if a, err := ParseAnnouncement(text); err == nil {
			t.Errorf("%q was read as %+v", text, a)
		}
	}
}

func TestResume(t *testing.T) {
	log := Bounds{First: 10, End: 100}
	held := []Range{{40, 50}}
	for name, c := range map[string]struct {
		offset   int64
		metadata string
		held     []Range
		want     Resumption
		fatal    bool
	}{
		"nothing committed, nothing stored":               {-1, "", nil, Resumption{From: 10, Reason: ResumeFresh}, false},
		"nothing committed, rows stored":                  {-1, "", held, Resumption{From: 10, Reason: ResumeExpired}, false},
		"committed, nothing on its way":                   {30, "wg1 -", nil, Resumption{From: 30, Reason: ResumeCommitted}, false},
		"committed, rows beyond from an operator's reset": {30, "wg1 -", held, Resumption{From: 30, Reason: ResumeCommitted}, false},
		"announced, not stored":                           {30, "wg1 30-60 m=30", nil, Resumption{From: 30, Sealed: 60, Reason: ResumeAnnounced}, false},
		"announced, partly stored":                        {30, "wg1 30-60 m=30", held, Resumption{From: 30, Sealed: 60, Reason: ResumeAnnounced}, false},
		"offset at the log's end":                         {100, "wg1 -", nil, Resumption{From: 100, Reason: ResumeCommitted}, false},
		"offset before the log's start":                   {5, "wg1 -", nil, Resumption{From: 5, Reason: ResumeCommitted}, false},
		"offset beyond the log's end":                     {101, "wg1 -", nil, Resumption{}, true},
		"foreign offset, nothing stored":                  {30, "", nil, Resumption{From: 30, Reason: ResumeCommitted}, false},
		"foreign offset, rows stored":                     {30, "", held, Resumption{}, true},
		"metadata of somebody else":                       {30, "hello", nil, Resumption{}, true},
		"announcement of another offset":                  {30, "wg1 29-60 m=29", nil, Resumption{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Resume(Assigned{Topic: "t"}, c.offset, c.metadata, log, c.held)
			if IsFatal(err) != c.fatal || (err != nil) != c.fatal {
				t.Fatalf("error %v, want fatal: %v", err, c.fatal)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Fatal(diff)
			}
		})
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
