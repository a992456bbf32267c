package kafka

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/watchglass/watchglass/test/fleet"
)

// A topic that is compacted before it is read, and while it is read.
func TestCompaction(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.Create(s.Name, 1, map[string]string{
			"cleanup.policy": "compact", "segment.ms": "50", "min.cleanable.dirty.ratio": "0.01", "delete.retention.ms": "50",
		})
		fill := func(from int) {
			for i := from; i < from+200; i++ {
				r := &kgo.Record{Key: fmt.Append(nil, i%7), Value: event(i)}
				if i%50 < 10 { // a whole batch, all of which goes
					r.Key = []byte("gone")
				}
				s.Send(r)
			}
		}
		fill(0)
		s.compacted(0, 200, 100)
		s.Work("access", s.Caught("access", s.Name))
		s.holdsWhatIsLeft()
		before := s.One(fleet.CountRows)

		w := s.Start("--only", "access")
		fill(200)
		s.compacted(s.last()-100, 200, 100)
		s.Send(&kgo.Record{Key: []byte("end"), Value: event(1)})
		w.Stop(t)
		s.Work("access", s.Caught("access", s.Name))
		s.holdsWhatIsLeft()
		if now := s.One(fleet.CountRows); now <= before {
			t.Errorf("%d rows, as before", now)
		}
	})
}

// holdsWhatIsLeft asserts that each record that the log still has is a row, and
// no row is there twice. Others may have been read before they were removed.
func (s *site) holdsWhatIsLeft() {
	s.t.Helper()
	left := s.offsets()
	list := strings.Trim(strings.ReplaceAll(fmt.Sprint(left), " ", ","), "[]")
	if n := s.One("SELECT count() FROM {db}.access_events WHERE kafka_offset IN (" + list + ")"); n != uint64(len(left)) {
		s.t.Errorf("%d rows of the %d records that are left", n, len(left))
	}
	s.Exact(s.One(fleet.CountPositions))
	s.verified()
}

// last is the end of the log.
func (s *site) last() int64 { return int64(s.Ends(s.Name)) }

// compacted returns when of the records from an offset on, n of them, no more
// than most are left.
func (s *site) compacted(from int64, n, most int) {
	s.t.Helper()
	began := time.Now()
	for count := n; count > most; {
		if time.Since(began) > fleet.Patience {
			s.t.Fatalf("Kafka has compacted nothing: %d of the %d records from offset %d on are left", count, n, from)
		}
		s.Send(&kgo.Record{Key: []byte("last"), Value: event(1)}) // rolls a segment
		count = 0
		for _, o := range s.offsets() {
			if o >= from && o < from+int64(n) {
				count++
			}
		}
	}
}

// offsets are those of all records that the log of partition 0 still has.
func (s *site) offsets() (found []int64) {
	s.t.Helper()
	end := s.last()
	reader := s.NewClient(kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{s.Name: {0: kgo.NewOffset().AtStart()}}), kgo.KeepControlRecords())
	defer reader.Close()
	ctx, cancel := context.WithTimeout(s.t.Context(), fleet.Patience)
	defer cancel()
	for last := int64(-1); last < end-1; {
		fetches := reader.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			s.t.Fatal(err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			found = append(found, r.Offset)
			last = r.Offset
		})
	}
	return found
}
