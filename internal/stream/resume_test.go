package stream

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestResume(t *testing.T) {
	log := Bounds{First: 10, End: 100}
	held := []Range{{40, 50}}
	for name, c := range map[string]struct {
		offset    int64
		metadata  string
		held      []Range
		accounted int64
		want      Resumption
		fatal     bool
	}{
		"nothing committed, nothing stored":                {-1, "", nil, 0, Resumption{From: 10, Alerted: 10, Reason: ResumeFresh}, false},
		"nothing committed, rows stored":                   {-1, "", held, 0, Resumption{From: 10, Alerted: 10, Reason: ResumeExpired}, false},
		"nothing committed, rows stored and accounted for": {-1, "", held, 50, Resumption{From: 50, Alerted: 50, Reason: ResumeExpired}, false},
		"nothing committed, all accounted for is gone":     {-1, "", held, 5, Resumption{From: 10, Alerted: 10, Reason: ResumeExpired}, false},
		"committed, nothing on its way":                    {30, "wg1 -", nil, 0, Resumption{From: 30, Alerted: 30, Reason: ResumeCommitted}, false},
		"committed, alerts are further":                    {30, "wg1 - m=70", nil, 0, Resumption{From: 30, Alerted: 70, Reason: ResumeCommitted}, false},
		"committed, rows beyond from an operator's reset":  {30, "wg1 -", held, 0, Resumption{From: 30, Alerted: 30, Reason: ResumeCommitted}, false},
		"announced, not stored":                            {30, "wg1 30-60 m=30", nil, 0, Resumption{From: 30, Sealed: 60, Alerted: 30, Reason: ResumeAnnounced}, false},
		"announced, partly stored, alerts further":         {30, "wg1 30-60 m=90", held, 0, Resumption{From: 30, Sealed: 60, Alerted: 90, Reason: ResumeAnnounced}, false},
		"announced, to be rewound":                         {30, "wg1 30-60 m=30 r=12", nil, 0, Resumption{From: 30, Sealed: 60, Alerted: 30, Rewind: &Rewind{To: 12}, Reason: ResumeAnnounced}, false},
		"offset at the log's end":                          {100, "wg1 -", nil, 0, Resumption{From: 100, Alerted: 100, Reason: ResumeCommitted}, false},
		"offset before the log's start":                    {5, "wg1 -", nil, 0, Resumption{From: 5, Alerted: 5, Reason: ResumeCommitted}, false},
		"offset beyond the log's end":                      {101, "wg1 -", nil, 0, Resumption{}, true},
		"announced beyond the log's end":                   {90, "wg1 90-101 m=90", nil, 0, Resumption{}, true},
		"foreign offset, nothing stored":                   {30, "", nil, 0, Resumption{From: 30, Alerted: 30, Reason: ResumeForeign}, false},
		"foreign offset, rows stored":                      {30, "", held, 0, Resumption{}, true},
		"metadata of somebody else":                        {30, "hello", nil, 0, Resumption{}, true},
		"announcement of another offset":                   {30, "wg1 29-60 m=29", nil, 0, Resumption{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			a := Assigned{Topic: "t"}
			got, err := Resume(a, c.offset, c.metadata, log)
			if err == nil {
				got, err = got.Judge(a, c.held, c.accounted)
			}
			if IsFatal(err) != c.fatal || (err != nil) != c.fatal {
				t.Fatalf("error %v, want fatal: %v", err, c.fatal)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Fatal(diff)
			}
		})
	}
}
