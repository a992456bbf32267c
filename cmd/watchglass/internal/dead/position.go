// Package dead is the work with dead letters: to look at them, and to send
// those to their topic again that can be read now.
//
// A letter is told from all others by its position: topic/partition/offset of
// the record that could not be handled. What replaying does is decided letter
// by letter by a pure function, [Judge]; a letter that is not sent has a
// [Refusal] that says why.
//
// What it promises: a record keeps its bytes, key, headers, partition and time,
// and carries where it came from first, its origin. The consumer stores the
// first record of an origin and no other, so that nothing here has to be
// careful with copies: two processes may replay the same letters at once.
package dead

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/internal/stream"
	"github.com/watchglass/watchglass/schema"
)

// ParsePosition reads topic/partition/offset.
func ParsePosition(text string) (schema.Position, error) {
	fields := strings.Split(text, "/")
	if len(fields) == 3 && fields[0] != "" {
		partition, err := strconv.ParseInt(fields[1], 10, 32)
		offset, errOffset := strconv.ParseInt(fields[2], 10, 64)
		if err == nil && errOffset == nil && partition >= 0 && offset >= 0 {
			return schema.Position{Topic: fields[0], Partition: int32(partition), Offset: offset}, nil
		}
	}
	return schema.Position{}, fmt.Errorf("%q is no position: expected TOPIC/PARTITION/OFFSET, such as access-events/3/120017", text)
}

// Text is what ParsePosition reads.
func Text(p schema.Position) string {
	return p.Topic + "/" + strconv.Itoa(int(p.Partition)) + "/" + strconv.FormatInt(p.Offset, 10)
}

// Origin is where a letter's bytes came from first.
func Origin(e *store.DeadEntry) string {
	if origin := stream.OriginOf(e.Origin, e.Source.Topic, e.Source.Partition, e.Source.Offset); origin != "" {
		return origin
	}
	return Text(e.Source)
}
