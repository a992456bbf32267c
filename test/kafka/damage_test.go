package kafka

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/watchglass/watchglass/test/fleet"
)

// A bit of a batch flips on the broker's disk. That partition stops before it,
// and says where; all others go on. The operator decides: moved over, the batch
// is a dead letter and an alert.
func TestDamagedBatch(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.CreateTopic(4)
		for p := range int32(4) {
			s.Send(events(p, 50)...)
		}
		s.sendBatch(events(2, 20)) // at offset 50
		for p := range int32(4) {
			s.Send(events(p, 30)...)
		}
		s.flip(2, []byte(`"u-19"`), 50)

		w := s.Start()
		s.Until(fleet.CountRows, 3*80+50)
		s.awaitLog(w, "the batch at offset 50 is damaged")
		s.Send(events(0, 10)...) // others are not held up
		s.Until(fleet.CountRows, 3*80+50+10)
		w.Stop(t)
		s.Exact(3*80 + 50 + 10)

		s.Command("rewind", "--topic", s.Name, "--partition", "2", "--to", "70", "--skip")
		w = s.Start()
		s.Until(fleet.CountRows, 4*80+10)
		s.Until("SELECT count() FROM {db}.dead_letters WHERE reason = 'skipped_by_operator' AND source_offset = 50 AND source_end = 70", 1)
		w.Stop(t)
		s.Exact(4*80 + 10)
	})
}

// awaitLog returns when a worker has said something.
func (s *site) awaitLog(w *fleet.Worker, text string) {
	s.t.Helper()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	enough := time.After(fleet.Patience)
	for !bytes.Contains([]byte(w.Log()), []byte(text)) {
		select {
		case <-poll.C:
		case <-w.Done:
			s.t.Fatalf("the worker has ended, and did not say %q", text)
		case <-enough:
			s.t.Fatalf("the worker does not say %q", text)
		}
	}
}

// sendBatch writes records of one partition as one batch: an ordinary client may
// cut them where its sender comes in between.
func (s *site) sendBatch(records []*kgo.Record) {
	s.t.Helper()
	client := s.NewClient(kgo.ManualFlushing())
	for _, r := range records {
		client.Produce(s.t.Context(), r, func(_ *kgo.Record, err error) {
			if err != nil {
				s.t.Error(err)
			}
		})
	}
	if err := client.Flush(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// flip changes a text in the batch that begins at an offset, in the log of a
// partition, behind the broker's back.
func (s *site) flip(partition int32, text []byte, from uint64) {
	s.t.Helper()
	dirs, err := s.Admin.DescribeAllLogDirs(s.t.Context(), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	var path string
	for _, broker := range dirs {
		for dir, holds := range broker {
			if _, ok := holds.Topics[s.Name][partition]; ok {
				path = filepath.Join(dir, fmt.Sprintf("%s-%d", s.Name, partition), "00000000000000000000.log")
			}
		}
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	defer file.Close()
	var position int64
	log, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	for len(log) > 0 {
		first, end := binary.BigEndian.Uint64(log), 12+binary.BigEndian.Uint32(log[8:])
		if at := bytes.Index(log[:end], text); first == from && at >= 0 {
			if _, err := file.WriteAt([]byte{'x'}, position+int64(at)); err != nil {
				s.t.Fatal(err)
			}
			return
		}
		log, position = log[end:], position+int64(end)
	}
	s.t.Fatalf("%q is not in a batch at offset %d", text, from)
}
