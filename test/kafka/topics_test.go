package kafka

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/watchglass/watchglass/test/fleet"
)

// remake deletes the topic and makes it anew.
func (s *site) remake(partitions int32) {
	s.t.Helper()
	response, err := s.Admin.DeleteTopic(s.t.Context(), s.Name)
	if err == nil {
		err = response.Err
	}
	if err != nil {
		s.t.Fatal(err)
	}
	began := time.Now()
	for { // until Kafka has removed it, it cannot be made
		_, err := s.Admin.CreateTopic(s.t.Context(), partitions, -1, nil, s.Name)
		if err == nil {
			break
		}
		if time.Since(began) > fleet.Patience {
			s.t.Fatal(err)
		}
	}
	s.Client = s.NewClient() // the other knows the former topic, by its id
	s.Admin = kadm.NewClient(s.Client)
}

// second is a configuration in which the topic has its second incarnation.
func (s *site) second() {
	s.t.Helper()
	s.Config = s.ConfigureWith(func(o *fleet.Options) { o.Topics = "[{name: {name}, incarnation: 2}]" })
}

// A topic is deleted and made anew: offsets begin at 0 again. Whether it has
// fewer records by now than the former one had, or as many, or more, the worker
// refuses to take them for the former ones, and stores them all under a name of
// their own.
func TestTopicMadeAnew(t *testing.T) {
	for _, now := range []int{20, 100, 150} {
		t.Run(fmt.Sprint(now, " records after 100"), func(t *testing.T) {
			each(t, func(t *testing.T, s *site) {
				s.CreateTopic(1)
				s.Send(events(0, 100)...)
				s.work(100)
				s.remake(1)
				s.Send(events(0, now)...)
				s.refused("was deleted and made anew", "incarnation")
				if code, text := s.Run("verify"); code != 1 || !strings.Contains(text, "was deleted and made anew") {
					t.Errorf("verify: exit code %d\n%s", code, text)
				}
				if code, text := s.Run("rewind", "--topic", s.Name, "--to", "first"); code != 1 || !strings.Contains(text, "was deleted and made anew") {
					t.Errorf("rewind: exit code %d\n%s", code, text)
				}
				s.Exact(100)
				s.second()
				s.work(uint64(100 + now))
				if n := s.One("SELECT count() FROM {db}.access_events WHERE kafka_topic = concat({topic}, '#2')"); n != uint64(now) {
					t.Errorf("%d rows of the second incarnation, want %d", n, now)
				}
			})
		})
	}
}

// The same, while a worker reads: it ends with the same message, and has read
// nothing under the wrong name.
func TestTopicMadeAnewWhileItIsRead(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.CreateTopic(1)
		s.Send(events(0, 100)...)
		w := s.Start("--only", "access")
		s.Until(fleet.CountRows, 100)
		s.remake(1)
		s.Send(events(0, 150)...)
		s.ends(w, "was deleted and made anew", "incarnation")
		s.Exact(100)
		s.second()
		s.work(250)
	})
}

// Kafka forgets a group's offsets of a topic that is deleted, but a coordinator
// that was away may not have: such an offset is not taken for one of the new
// topic.
func TestOffsetOfAFormerTopic(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.CreateTopic(1)
		s.Send(events(0, 100)...)
		s.work(100)
		s.remake(1)
		s.Send(events(0, 150)...)
		s.second()
		s.commit(100, "wg1 -")
		s.refused("the group is at offset 100 of "+s.Name+"/0", "watchglass rewind --topic "+s.Name+" --to first")
		s.Command("rewind", "--topic", s.Name, "--to", "first") // as it says
		s.work(250)
	})
}

// commit sets the offset of partition 0 as a tool does.
func (s *site) commit(offset int64, metadata string) {
	s.t.Helper()
	var offsets kadm.Offsets
	offsets.Add(kadm.Offset{Topic: s.Name, Partition: 0, At: offset, LeaderEpoch: -1, Metadata: metadata})
	if err := s.Admin.CommitAllOffsets(s.t.Context(), s.Name+".access", offsets); err != nil {
		s.t.Fatal(err)
	}
}

// Partitions are added while workers read.
func TestPartitionsAdded(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.CreateTopic(2)
		s.Send(append(events(0, 50), events(1, 50)...)...)
		a, b := s.Start("--only", "access"), s.Start("--only", "access")
		s.Until(fleet.CountRows, 100)
		if _, err := s.Admin.CreatePartitions(t.Context(), 3, s.Name); err != nil {
			t.Fatal(err)
		}
		s.Client = s.NewClient() // the other knows of two
		for p := range int32(5) {
			s.Send(events(p, 50)...)
		}
		began := time.Now()
		s.Until(fleet.CountRows, 350)
		t.Logf("stored %s after they were written", time.Since(began).Round(100*time.Millisecond))
		a.Stop(t)
		b.Stop(t)
		s.exact(350)
	})
}
