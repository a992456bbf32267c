package stream

import (
	"fmt"
	"strconv"
	"strings"
)

// Announcement is what the group keeps beside a partition's offset: which
// range is about to be inserted. Its text is
//
//	wg1 -            nothing is announced
//	wg1 a-b m=H      [a,b) is sealed; alerts of records below H are published
//
// It is never empty: empty metadata means that somebody else set the offset.
type Announcement struct {
	From, To int64 // half open; From == To: nothing announced
	Alerted  int64
}

const announcementVersion = "wg1"

// String is the text kept as offset metadata.
func (a Announcement) String() string {
	if a.From == a.To {
		return announcementVersion + " -"
	}
	return fmt.Sprintf("%s %d-%d m=%d", announcementVersion, a.From, a.To, a.Alerted)
}

// ParseAnnouncement reads what String wrote.
func ParseAnnouncement(text string) (Announcement, error) {
	words := strings.Fields(text)
	if len(words) == 2 && words[0] == announcementVersion && words[1] == "-" {
		return Announcement{}, nil
	}
	bad := fmt.Errorf("offset metadata %q is not an announcement of this version", text)
	if len(words) != 3 || words[0] != announcementVersion {
		return Announcement{}, bad
	}
	from, to, ok := strings.Cut(words[1], "-")
	alerted, marked := strings.CutPrefix(words[2], "m=")
	var a Announcement
	var errs [3]error
	a.From, errs[0] = strconv.ParseInt(from, 10, 64)
	a.To, errs[1] = strconv.ParseInt(to, 10, 64)
	a.Alerted, errs[2] = strconv.ParseInt(alerted, 10, 64)
	if !ok || !marked || errs != [3]error{} || a.From < 0 || a.To <= a.From {
		return Announcement{}, bad
	}
	return a, nil
}

// Token names the one insert of a range. The same range has the same token
// whoever inserts it and whenever: ClickHouse drops the second one.
func Token(name string, partition int32, from, to int64) string {
	return fmt.Sprintf("%s/%d/%d-%d", name, partition, from, to)
}

// Range is a half-open span of offsets.
type Range struct{ From, To int64 }

// Resumption says where the new owner of a partition starts, and why.
type Resumption struct {
	From   int64
	Sealed int64 // end of an announced range whose fate is unknown; 0: none
	Reason ResumeReason
}

// ResumeReason tells the cases of a resumption apart, for logs and metrics.
type ResumeReason string

const (
	ResumeFresh     ResumeReason = "fresh"     // nothing committed, nothing stored
	ResumeExpired   ResumeReason = "expired"   // nothing committed, but rows are stored: the group's offsets were lost
	ResumeCommitted ResumeReason = "committed" // at the committed offset, nothing was on its way
	ResumeAnnounced ResumeReason = "announced" // an announced range may or may not be stored
)

// Resume decides how a partition goes on from what the group has committed
// (offset -1: nothing), the log's bounds, and the offsets that ClickHouse
// holds from there on (from the log's first one, where nothing is committed).
//
// Rows held are never inserted again, whatever the case. An error is fatal:
// it is a state that Watchglass never leaves behind.
func Resume(a Assigned, offset int64, metadata string, log Bounds, held []Range) (Resumption, error) {
	if offset < 0 {
		if len(held) > 0 {
			return Resumption{From: log.First, Reason: ResumeExpired}, nil
		}
		return Resumption{From: log.First, Reason: ResumeFresh}, nil
	}
	if offset > log.End {
		return Resumption{}, beyondEnd(a, offset, log)
	}
	if metadata == "" {
		if len(held) > 0 {
			return Resumption{}, Fatal("the committed offset %d of %s/%d carries no metadata of ours, yet rows from there on are stored: "+
				"another tool set it. Stop all workers, wait 15 minutes, delete the group's offsets of this topic, and start again: "+
				"reading resumes at the first record that is not stored", offset, a.Topic, a.Partition)
		}
		return Resumption{From: offset, Reason: ResumeCommitted}, nil
	}
	announced, err := ParseAnnouncement(metadata)
	if err != nil {
		return Resumption{}, Fatal("resume %s/%d at offset %d: %w: was it written by a newer Watchglass?", a.Topic, a.Partition, offset, err)
	}
	if announced.From == announced.To {
		return Resumption{From: offset, Reason: ResumeCommitted}, nil
	}
	if announced.From != offset {
		return Resumption{}, Fatal("resume %s/%d: offset %d and announcement %q do not belong together", a.Topic, a.Partition, offset, metadata)
	}
	if announced.To > log.End {
		// Its records were read once, and are gone: other records would come
		// under their offsets.
		return Resumption{}, beyondEnd(a, announced.To, log)
	}
	return Resumption{From: offset, Sealed: announced.To, Reason: ResumeAnnounced}, nil
}

// holds tells whether an offset is in one of the ranges, which are ascending
// and do not overlap, and drops the ranges that lie before it.
func holds(ranges *[]Range, offset int64) bool {
	for len(*ranges) > 0 && (*ranges)[0].To <= offset {
		*ranges = (*ranges)[1:]
	}
	return len(*ranges) > 0 && (*ranges)[0].From <= offset
}
