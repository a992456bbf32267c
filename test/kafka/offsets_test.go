package kafka

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/watchglass/watchglass/test/fleet"
)

// The group's offsets are gone, as they are when all workers were away for
// longer than the brokers keep them: ClickHouse says where to go on, and nobody
// is alerted again.
func TestOffsetsExpired(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.CreateTopic(1)
		s.Send(append(events(0, 50), alarm(0, "x-1"))...)
		w := s.Start()
		s.Until(fleet.CountRows, 51)
		s.Until(fleet.CountAlerts, 1)
		s.Until("SELECT toUInt64(max(range_to)) FROM {db}.stored_ranges", 51)
		w.Stop(t)
		if _, err := s.Admin.DeleteGroup(t.Context(), s.Name+".access"); err != nil {
			t.Fatal(err)
		}
		s.Send(append(events(0, 50), alarm(0, "x-2"))...)
		w = s.Start()
		s.Until(fleet.CountRows, 102)
		s.Until(fleet.CountAlerts, s.Ends(s.Name+"-alerts")) // each has another id
		w.Stop(t)
		s.exact(102)
	})
}

// Another tool sets offsets, back and forward: what would double rows or leave
// records out is refused, with the command that does it safely.
func TestOffsetsSetByAnotherTool(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.CreateTopic(1)
		s.Send(events(0, 100)...)
		s.work(100)
		s.commit(30, "")
		s.refused("another tool set it", fmt.Sprintf("watchglass rewind --topic %s --partition 0 --to 30", s.Name))
		s.Command("rewind", "--topic", s.Name, "--partition", "0", "--to", "30")
		s.Send(events(0, 10)...)
		s.work(110)

		s.Send(events(0, 50)...)
		s.commit(140, "")
		s.refused("another tool set it", fmt.Sprintf("watchglass rewind --topic %s --partition 0 --to 140", s.Name))
		if code, text := s.Run("rewind", "--topic", s.Name, "--partition", "0", "--to", "140"); code != 2 || !strings.Contains(text, "from 110 to 140") {
			t.Errorf("rewind forward: exit code %d\n%s", code, text)
		}
		s.Command("rewind", "--topic", s.Name, "--partition", "0", "--to", "110")
		s.work(160)
	})
}

// Retention removes what is due while no worker runs, and while one does: what
// is gone is a dead letter, an alert and a metric; what is left is stored.
func TestRetentionTookWhatWasDue(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		listen := address(t)
		s.Config = s.ConfigureWith(func(o *fleet.Options) { o.Listen = listen })
		s.CreateTopic(1)
		s.Send(events(0, 100)...)
		s.work(100)
		s.Send(events(0, 100)...)
		s.DeleteRecords(0, 130)

		w := s.Start()
		s.Until(fleet.CountRows, 170)
		s.gone("SELECT count() FROM {db}.dead_letters WHERE reason = 'retention_gap' AND source_offset = 100 AND source_end = 130", 1)
		s.metric(listen, fmt.Sprintf(`watchglass_stream_gap_offsets_total{topic=%q} 30`, s.Name))

		if err := w.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		s.Send(events(0, 1)...) // to the fetch that is on its way, if there is one
		s.Send(events(0, 99)...)
		s.DeleteRecords(0, 250)
		if err := w.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		s.gone("SELECT count() FROM {db}.dead_letters WHERE reason = 'retention_gap' AND source_offset IN (200, 201) AND source_end = 250", 2)
		first := s.One("SELECT toUInt64(max(source_offset)) FROM {db}.dead_letters")
		s.Until(fleet.CountRows, first+20)
		s.metric(listen, fmt.Sprintf(`watchglass_stream_gap_offsets_total{topic=%q} %d`, s.Name, 30+250-first))
		w.Stop(t)
		s.exact(first + 20)
	})
}

// gone waits for a dead letter, and for its alert, which is the n-th.
func (s *site) gone(letter string, n uint64) {
	s.t.Helper()
	s.Until(letter, 1)
	s.Until("SELECT count() FROM {db}.alerts WHERE rule = 'watchglass.retention_gap'", n)
}

// metric asserts that a worker shows a line.
func (s *site) metric(listen, line string) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, "http://"+listen+"/metrics", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if !strings.Contains("\n"+string(text), "\n"+line+"\n") {
		name, _, _ := strings.Cut(line, "{")
		var similar []string
		for l := range strings.Lines(string(text)) {
			if strings.HasPrefix(l, name) {
				similar = append(similar, l)
			}
		}
		s.t.Errorf("no line %s, but %q", line, similar)
	}
}
