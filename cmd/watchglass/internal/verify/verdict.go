package verify

// Verdict is what an offset turned out to be.
type Verdict string

// Verdicts. Only the last three are faults.
const (
	Row        Verdict = "row"
	DeadLetter Verdict = "dead letter"
	Skipped    Verdict = "skipped"   // no access record, such as another line of a database's log
	Copy       Verdict = "copy"      // replayed more than once: stored under another offset
	NoRecord   Verdict = "no record" // a transaction's marker, aborted, or compacted away
	Unread     Verdict = "unread"    // retention or an operator took it before it was read: a dead letter says so
	Erased     Verdict = "erased"    // on purpose: the table erasures says so
	Expired    Verdict = "expired"   // its retention in ClickHouse is over
	Missing    Verdict = "missing"
	Doubled    Verdict = "doubled"
	Unexpected Verdict = "unexpected" // a row of a record that cannot be one
)

// Verdicts returns all of them, faults last.
func Verdicts() []Verdict {
	return []Verdict{Row, DeadLetter, Skipped, Copy, NoRecord, Unread, Erased, Expired, Missing, Doubled, Unexpected}
}

// Faulty tells whether a verdict is a fault.
func (v Verdict) Faulty() bool { return v == Missing || v == Doubled || v == Unexpected }

// Reason says what a fault was found by.
type Reason string

// Reasons of faults.
const (
	NoRow         Reason = "kafka has its record, which is a good one, and there is no row"
	NoLetter      Reason = "kafka has its record, which cannot be read, and there is no dead letter"
	FalseLetter   Reason = "there is a dead letter, yet the record is a good one, and there is no row"
	NotAsEntered  Reason = "the ledger counts a row, and there is none"
	SomeExpired   Reason = "the ledger counts this many more rows whose retention is not over than there are; which of these offsets they were cannot be told any more"
	LetterEntered Reason = "the ledger counts a dead letter, and there is none"
	Unaccounted   Reason = "no row, no dead letter, no entry in the ledger, and kafka's record was not there to ask"
	Rows          Reason = "more than one row"
	RowAndLetter  Reason = "a row and a dead letter"
	SecondReplay  Reason = "a row, and the same dead letter is stored from an earlier replay"
	NoEvent       Reason = "a row, yet its record in kafka is no access event"
	Nothing       Reason = "a row, yet neither kafka nor the ledger knows of a record"
	EnteredOther  Reason = "a row, yet the ledger counts none"
)

// expectation is what a source says an offset has to be.
type expectation byte

const (
	unknown expectation = iota // the source does not know
	aRow
	aLetter
	rowOrLetter // it depends on the configured span of event times, which may have changed
	aSkip
	aCopy
	nothing
)

// letter is what dead letters say of an offset. The higher one counts.
type letter byte

const (
	noLetter   letter = iota
	spanLetter        // it was never read, together with others
	timeLetter        // its time was outside of the span of event times
	ownLetter
)

// offset is what is known of one offset.
type offset struct {
	rows       uint32
	letter     letter
	record     expectation // from the record in Kafka
	ledger     expectation
	erased     bool
	replay     bool  // its record is a dead letter that was replayed
	old        bool  // its event is past the shortest retention, says the record
	letterGone bool  // its dead letter, if it had one, may be past its retention
	entry      int32 // which entry of the ledger counts it as a row
}

// judge decides about one offset. The reason is that of a fault. Missing
// because of [NotAsEntered] is not the last word: see [window.settle].
func judge(o offset) (Verdict, Reason) {
	switch {
	case o.rows > 1:
		return Doubled, Rows
	case o.rows > 0:
		return judgeRow(o)
	case o.letter >= timeLetter:
		return judgeLetter(o)
	case o.erased:
		return Erased, ""
	case o.letter == spanLetter && o.ledger != aRow:
		return Unread, "" // what was moved over, and read later all the same, is a row of the ledger
	case o.ledger == aCopy && (o.replay || o.record == unknown):
		return Copy, ""
	}
	switch o.record {
	case aSkip:
		return Skipped, ""
	case aCopy:
		return Copy, ""
	case aRow, rowOrLetter:
		if o.old {
			return Expired, ""
		}
		return Missing, NoRow
	case aLetter:
		if o.letterGone {
			return Expired, ""
		}
		return Missing, NoLetter
	}
	return judgeEntry(o)
}

// judgeRow decides about an offset with one row.
func judgeRow(o offset) (Verdict, Reason) {
	switch {
	case o.letter >= timeLetter:
		return Doubled, RowAndLetter
	case o.record == aCopy:
		return Doubled, SecondReplay
	case o.record == aLetter, o.record == aSkip:
		return Unexpected, NoEvent
	case o.letter == spanLetter, o.record == aRow, o.record == rowOrLetter, o.ledger == aRow, o.ledger == unknown:
		return Row, "" // also of a record that Kafka has compacted away since
	case o.record == nothing:
		return Unexpected, Nothing
	}
	return Unexpected, EnteredOther
}

// judgeLetter decides about an offset with a dead letter and no row.
func judgeLetter(o offset) (Verdict, Reason) {
	switch {
	case o.letter == timeLetter && o.record == aRow && o.ledger != aRow:
		return DeadLetter, "" // the span of event times has become wider since
	case o.record == aRow && !o.erased:
		return Missing, FalseLetter
	case o.record != aLetter && o.record != rowOrLetter && o.ledger == aRow && !o.erased:
		return Missing, FalseLetter
	}
	return DeadLetter, ""
}

// judgeEntry decides by the ledger about an offset that has neither row, dead
// letter nor record.
func judgeEntry(o offset) (Verdict, Reason) {
	switch o.ledger {
	case aRow:
		return Missing, NotAsEntered
	case aLetter:
		if o.letterGone {
			return Expired, ""
		}
		return Missing, LetterEntered
	case aSkip:
		return Skipped, ""
	case nothing, aCopy:
		return NoRecord, ""
	}
	if o.record == nothing {
		return NoRecord, ""
	}
	return Missing, Unaccounted
}
