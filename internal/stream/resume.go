package stream

// Resumption says where the new owner of a partition starts, and why.
type Resumption struct {
	From    int64
	Sealed  int64   // end of an announced range [From,Sealed) whose fate is unknown; 0: none
	Alerted int64   // alerts of records below are published
	Rewind  *Rewind // where to go on after the announced range; nil: behind it
	Reason  ResumeReason
}

// ResumeReason tells the cases of a resumption apart, for logs and metrics.
type ResumeReason string

const (
	ResumeFresh     ResumeReason = "fresh"     // nothing committed, nothing stored
	ResumeExpired   ResumeReason = "expired"   // nothing committed, but rows are stored: the group's offsets were lost
	ResumeForeign   ResumeReason = "foreign"   // another tool committed the offset, before anything was read
	ResumeCommitted ResumeReason = "committed" // at the committed offset, nothing was on its way
	ResumeAnnounced ResumeReason = "announced" // an announced range may or may not be stored
)

// Resume decides how a partition goes on from what the group has committed
// (offset -1: nothing) and the log's bounds. [Resumption.Judge] has the last
// word, when ClickHouse has said what it holds. An error is fatal: it is a
// state that Watchglass never leaves behind.
func Resume(a Assigned, offset int64, metadata string, log Bounds) (Resumption, error) {
	switch {
	case offset < 0:
		return Resumption{From: log.First, Alerted: log.First, Reason: ResumeFresh}, nil
	case offset > log.End:
		return Resumption{}, beyondEnd(a, offset, log)
	case metadata == "":
		return Resumption{From: offset, Alerted: offset, Reason: ResumeForeign}, nil
	}
	announced, err := ParseAnnouncement(metadata)
	if err != nil {
		return Resumption{}, Fatal("resume %s/%d at offset %d: %w: was it written by a newer Watchglass?", a.Topic, a.Partition, offset, err)
	}
	r := Resumption{From: offset, Alerted: max(offset, announced.Alerted), Reason: ResumeCommitted}
	if announced.empty() {
		return r, nil
	}
	if announced.From != offset {
		return Resumption{}, Fatal("resume %s/%d: offset %d and announcement %q do not belong together", a.Topic, a.Partition, offset, metadata)
	}
	if announced.To > log.End {
		// Its records were read once, and are gone: other records would come
		// under their offsets.
		return Resumption{}, beyondEnd(a, announced.To, log)
	}
	r.Sealed, r.Rewind, r.Reason = announced.To, announced.Rewind, ResumeAnnounced
	return r, nil
}

// Judge completes a resumption with the offsets that are stored from From on,
// and with the first offset that the ledger does not account for (0: it knows
// of none). Rows that are held are never inserted again, whatever the case.
func (r Resumption) Judge(a Assigned, held []Range, accounted int64) (Resumption, error) {
	switch {
	case r.Reason == ResumeFresh && len(held) > 0:
		r.From = max(r.From, accounted)
		r.Alerted, r.Reason = r.From, ResumeExpired
	case r.Reason == ResumeForeign && len(held) > 0:
		return Resumption{}, foreign(a, r.From)
	}
	return r, nil
}

// foreign is an offset that somebody else set although the partition has been
// read before: rows would be doubled, or records left out without a trace.
func foreign(a Assigned, offset int64) error {
	return Fatal("the committed offset %d of %s/%d carries no metadata of ours, yet the partition has been read before: another tool set it. "+
		"Stop all workers and set the offset with `watchglass rewind --topic %s --partition %d --to %d`, which asks ClickHouse first",
		offset, a.Topic, a.Partition, a.Topic, a.Partition, offset)
}

// SameTopic returns a fatal error if a topic, by its id, is not the one that
// rows are stored from under its name (first; "" if there are none).
func SameTopic(t TopicName, id TopicID, first string) error {
	if first == "" || id == (TopicID{}) || first == id.String() {
		return nil
	}
	return Fatal("topic %s was deleted and made anew: its id is %s, and what is stored under the name %s is of the topic with the id %s. "+
		"Raise its incarnation in kafka.topics, or, if it is a topic that Watchglass writes, give it another name there", t.Topic, id, t.Name, first)
}

// judgeFresh refuses an offset that was left by a former topic of the name:
// this one was never named to the database before, and yet the group is not
// where its log begins.
func (r Resumption) judgeFresh(a Assigned, begin int64) error {
	if committed := r.Reason == ResumeCommitted || r.Reason == ResumeAnnounced; !committed || r.From <= begin {
		return nil
	}
	return Fatal("the group is at offset %d of %s/%d, of which the database has never heard: the offset is of a former topic of this name, or this is not the database that the workers wrote to. "+
		"Stop all workers and set the offset with `watchglass rewind --topic %s --to first`", r.From, a.Topic, a.Partition, a.Topic)
}
