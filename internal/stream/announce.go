package stream

import (
	"fmt"
	"strconv"
	"strings"
)

// Announcement is what the group keeps beside a partition's offset: which
// range is about to be inserted, and how far alerts have got. Its text is
//
//	wg1 -                   nothing is announced
//	wg1 - m=H               nothing is announced; alerts of records below H are published
//	wg1 a-b m=H             [a,b) is sealed; alerts of records below H are published
//	wg1 a-b m=H r=R         the same, and after [a,b) reading goes on at R, an operator's wish
//	wg1 a-b m=H r=R again   the same, and what is read again alerts again
//
// It is never empty: empty metadata means that somebody else set the offset.
type Announcement struct {
	Range         // half open; empty: nothing is announced
	Alerted int64 // 0: below the offset that it stands beside
	Rewind  *Rewind
}

// Rewind is where an operator wants reading to go on, once the announced range
// is settled.
type Rewind struct {
	To    int64
	Again bool // alert again
}

const announcementVersion = "wg1"

// String is the text kept as offset metadata.
func (a Announcement) String() string {
	var text strings.Builder
	text.WriteString(announcementVersion)
	if a.empty() {
		text.WriteString(" -")
	} else {
		fmt.Fprintf(&text, " %d-%d", a.From, a.To)
	}
	if !a.empty() || a.Alerted > 0 {
		fmt.Fprintf(&text, " m=%d", a.Alerted)
	}
	if a.Rewind != nil {
		fmt.Fprintf(&text, " r=%d", a.Rewind.To)
		if a.Rewind.Again {
			text.WriteString(" again")
		}
	}
	return text.String()
}

// ParseAnnouncement reads what String wrote.
func ParseAnnouncement(text string) (a Announcement, err error) {
	bad := fmt.Errorf("offset metadata %q is not an announcement of this version", text)
	words := strings.Fields(text)
	if len(words) < 2 || words[0] != announcementVersion {
		return Announcement{}, bad
	}
	var from, to string
	ok := true
	if words[1] != "-" {
		if from, to, ok = strings.Cut(words[1], "-"); !ok || len(words) < 3 {
			return Announcement{}, bad
		}
		a.From, a.To = number(from, &ok), number(to, &ok)
		ok = ok && a.From < a.To
	}
	words = words[2:]
	if text, found := field(&words, "m="); found {
		a.Alerted = number(text, &ok)
	}
	if text, found := field(&words, "r="); found {
		a.Rewind = &Rewind{To: number(text, &ok)}
		_, a.Rewind.Again = field(&words, "again")
	}
	if !ok || len(words) > 0 {
		return Announcement{}, bad
	}
	return a, nil
}

// field takes the first word if it begins with prefix.
func field(words *[]string, prefix string) (text string, found bool) {
	if len(*words) == 0 {
		return "", false
	}
	if text, found = strings.CutPrefix((*words)[0], prefix); found {
		*words = (*words)[1:]
	}
	return text, found
}

func number(text string, ok *bool) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	*ok = *ok && err == nil && n >= 0
	return n
}

// Token names the one insert of a range. The same range has the same token
// whoever inserts it and whenever: ClickHouse drops the second one.
func Token(name string, partition int32, from, to int64) string {
	return fmt.Sprintf("%s/%d/%d-%d", name, partition, from, to)
}

// Range is a half-open span of offsets.
type Range struct {
	From int64 `json:"from"`
	To   int64 `json:"to"`
}

func (r Range) empty() bool { return r.To <= r.From }

// holds tells whether an offset is in one of the ranges, which are ascending
// and do not overlap, and drops the ranges that lie before it.
func holds(ranges *[]Range, offset int64) bool {
	for len(*ranges) > 0 && (*ranges)[0].To <= offset {
		*ranges = (*ranges)[1:]
	}
	return len(*ranges) > 0 && (*ranges)[0].From <= offset
}

// without returns what is left of r outside of ranges, which are ascending and
// do not overlap.
func (r Range) without(ranges []Range) (rest []Range) {
	for _, other := range ranges {
		if other.To <= r.From || other.From >= r.To {
			continue
		}
		if other.From > r.From {
			rest = append(rest, Range{r.From, other.From})
		}
		r.From = other.To
	}
	if !r.empty() {
		rest = append(rest, r)
	}
	return rest
}
