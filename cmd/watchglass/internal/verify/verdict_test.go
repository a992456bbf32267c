package verify

import "testing"

func TestJudge(t *testing.T) {
	for name, c := range map[string]struct {
		of     offset
		want   Verdict
		reason Reason
	}{
		"one row of a good record":                         {offset{rows: 1, record: aRow, ledger: aRow}, Row, ""},
		"one row, not yet in the ledger":                   {offset{rows: 1, record: aRow}, Row, ""},
		"one row of what Kafka has removed":                {offset{rows: 1, ledger: aRow}, Row, ""},
		"one row of what was compacted away since":         {offset{rows: 1, record: nothing, ledger: aRow}, Row, ""},
		"one row that nobody knows of":                     {offset{rows: 1}, Row, ""},
		"one row of what an operator moved over, and back": {offset{rows: 1, letter: spanLetter, record: aRow, ledger: aRow}, Row, ""},
		"one row, and the span of event times is narrower": {offset{rows: 1, record: rowOrLetter, ledger: aRow}, Row, ""},
		"one row that was to be erased":                    {offset{rows: 1, erased: true, ledger: aRow}, Row, ""},

		"two rows":                                       {offset{rows: 2, record: aRow}, Doubled, Rows},
		"two rows, erased":                               {offset{rows: 2, erased: true, ledger: aRow}, Doubled, Rows},
		"a row and a dead letter":                        {offset{rows: 1, letter: ownLetter, record: aRow}, Doubled, RowAndLetter},
		"a row and a dead letter of its time":            {offset{rows: 1, letter: timeLetter, record: rowOrLetter}, Doubled, RowAndLetter},
		"a row of a second replay":                       {offset{rows: 1, record: aCopy, replay: true}, Doubled, SecondReplay},
		"a row of a record that is poison":               {offset{rows: 1, record: aLetter, ledger: aRow}, Unexpected, NoEvent},
		"a row of a record to be skipped":                {offset{rows: 1, record: aSkip}, Unexpected, NoEvent},
		"a row of an aborted record":                     {offset{rows: 1, record: nothing, ledger: nothing}, Unexpected, Nothing},
		"a row where the ledger counts a dead letter":    {offset{rows: 1, ledger: aLetter}, Unexpected, EnteredOther},
		"a row where the ledger has no record":           {offset{rows: 1, ledger: nothing}, Unexpected, EnteredOther},
		"a row where Kafka has one, the ledger does not": {offset{rows: 1, record: aRow, ledger: aSkip}, Row, ""},

		"no row of a good record":                       {offset{record: aRow, ledger: aRow}, Missing, NoRow},
		"no row, and nothing in the ledger":             {offset{record: aRow}, Missing, NoRow},
		"no row, and the ledger calls it a dead letter": {offset{record: aRow, ledger: aLetter}, Missing, NoRow},
		"no row, and the ledger calls it a copy":        {offset{record: aRow, ledger: aCopy}, Missing, NoRow},
		"no row, and the ledger has no record":          {offset{record: aRow, ledger: nothing}, Missing, NoRow},
		"no row, the ledger calls it another log line":  {offset{record: aRow, ledger: aSkip}, Missing, NoRow},
		"no row of a good record past its retention":    {offset{record: aRow, old: true}, Expired, ""},
		"no row, says the ledger":                       {offset{ledger: aRow}, Missing, NotAsEntered},
		"compacted in Kafka, and no row":                {offset{record: nothing, ledger: aRow}, Missing, NotAsEntered},
		"neither row nor letter where either would do":  {offset{record: rowOrLetter}, Missing, NoRow},
		"a row that only a dead letter was put for":     {offset{letter: ownLetter, record: aRow, ledger: aRow}, Missing, FalseLetter},
		"the same, and Kafka has removed it":            {offset{letter: ownLetter, ledger: aRow}, Missing, FalseLetter},
		"the same, for its time":                        {offset{letter: timeLetter, record: aRow, ledger: aRow}, Missing, FalseLetter},
		"the same, and the event was erased":            {offset{letter: ownLetter, ledger: aRow, erased: true}, DeadLetter, ""},
		"read after all, and then removed":              {offset{letter: spanLetter, ledger: aRow}, Missing, NotAsEntered},
		"nobody knows":                                  {offset{}, Missing, Unaccounted},

		"erased":                              {offset{erased: true, record: aRow, ledger: aRow}, Erased, ""},
		"erased, and Kafka has removed it":    {offset{erased: true, ledger: aRow}, Erased, ""},
		"a dead letter":                       {offset{letter: ownLetter, record: aLetter, ledger: aLetter}, DeadLetter, ""},
		"a dead letter, not in the ledger":    {offset{letter: ownLetter, record: aLetter}, DeadLetter, ""},
		"a dead letter of its time":           {offset{letter: timeLetter, record: rowOrLetter, ledger: aLetter}, DeadLetter, ""},
		"the span has become wider since":     {offset{letter: timeLetter, record: aRow, ledger: aLetter}, DeadLetter, ""},
		"the same, before there was a ledger": {offset{letter: timeLetter, record: aRow}, DeadLetter, ""},
		"no dead letter of poison":            {offset{record: aLetter}, Missing, NoLetter},
		"the same, and the ledger has one":    {offset{record: aLetter, ledger: aLetter}, Missing, NoLetter},
		"its dead letter's retention":         {offset{record: aLetter, ledger: aLetter, letterGone: true}, Expired, ""},
		"the same, Kafka has removed it":      {offset{ledger: aLetter, letterGone: true}, Expired, ""},
		"its dead letter is too young":        {offset{ledger: aLetter}, Missing, LetterEntered},
		"a row does not expire with it":       {offset{ledger: aRow, letterGone: true}, Missing, NotAsEntered},
		"poison that the ledger calls a row":  {offset{record: aLetter, ledger: aRow}, Missing, NoLetter},

		"a span that retention removed":     {offset{letter: spanLetter, ledger: aLetter}, Unread, ""},
		"moved over, Kafka still has it":    {offset{letter: spanLetter, record: aRow, ledger: aLetter}, Unread, ""},
		"another log line":                  {offset{record: aSkip}, Skipped, ""},
		"another log line, says the ledger": {offset{ledger: aSkip}, Skipped, ""},
		"a second replay":                   {offset{record: aCopy, replay: true}, Copy, ""},
		"a second replay, the first erased": {offset{record: aRow, replay: true, ledger: aCopy}, Copy, ""},
		"a copy, says the ledger":           {offset{ledger: aCopy}, Copy, ""},
		"a replay that was not stored":      {offset{record: aRow, replay: true}, Missing, NoRow},
		"a marker of a transaction":         {offset{record: nothing, ledger: nothing}, NoRecord, ""},
		"a marker, not in the ledger":       {offset{record: nothing}, NoRecord, ""},
		"no record, says the ledger":        {offset{ledger: nothing}, NoRecord, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got, reason := judge(c.of); got != c.want || reason != c.reason {
				t.Errorf("got %q (%s), want %q (%s)", got, reason, c.want, c.reason)
			}
		})
	}
}

// A fault has a reason, and nothing else has one; every verdict has a meaning.
func TestEveryFaultHasAReason(t *testing.T) {
	for rows := range uint32(3) {
		for l := noLetter; l <= ownLetter; l++ {
			for record := unknown; record <= nothing; record++ {
				for ledger := unknown; ledger <= nothing; ledger++ {
					for flags := range 16 {
						o := offset{rows: rows, letter: l, record: record, ledger: ledger, erased: flags&1 > 0, replay: flags&2 > 0, old: flags&4 > 0, letterGone: flags&8 > 0}
						v, reason := judge(o)
						if v.Faulty() != (reason != "") || meaning(v) == "" {
							t.Fatalf("%+v: %q because %q", o, v, reason)
						}
						if rows > 1 && v != Doubled {
							t.Fatalf("%+v: %q, want doubled", o, v)
						}
						if rows == 0 && (v == Row || v == Doubled || v == Unexpected) {
							t.Fatalf("%+v: %q without a row", o, v)
						}
						if v == Erased && !o.erased || v == Expired && !o.old && !o.letterGone {
							t.Fatalf("%+v: %q without an excuse", o, v)
						}
					}
				}
			}
		}
	}
}
