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
		s.Until(fleet.CountAlerts, 2)
		w.Stop(t)
		s.exact(102)
		if n := s.Ends(s.Name + "-alerts"); n != 2 {
			t.Errorf("%d alerts were published, want 2", n)
		}
	})
}

// Another tool sets offsets, back and forward: what would double rows or leave
// records out is refused, with the command that does it safely.
func TestOffsetsSetByAnotherTool(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.CreateTopic(1)
		s.Send(events(0, 100)...)
		s.work(100)
		s.archived()
		s.commit(30, "")
		s.refused("another tool set it", fmt.Sprintf("watchglass rewind --topic %s --partition 0 --to 30", s.Name))
		s.Command("rewind", "--topic", s.Name, "--partition", "0", "--to", "30")
		s.Send(events(0, 10)...)
		s.work(110)
		s.archived()

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

// archived lets a worker put what the ledger and the dead letters say into
// ClickHouse.
func (s *site) archived() {
	s.t.Helper()
	s.Work("archive", s.Caught("archive", s.Name+"-ledger", s.Name+"-dead", s.Name+"-alerts"))
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
		s.gone("100-129", 100, 130, 1)
		s.metric(listen, fmt.Sprintf(`watchglass_stream_gap_offsets_total{topic=%q} 30`, s.Name))

		if err := w.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		s.Send(events(0, 100)...)
		s.DeleteRecords(0, 250)
		if err := w.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		s.Until(fleet.CountRows, 220)
		s.gone("200-249", 200, 250, 2)
		s.metric(listen, fmt.Sprintf(`watchglass_stream_gap_offsets_total{topic=%q} 80`, s.Name))
		w.Stop(t)
		s.exact(220)
	})
}

// gone asserts that a span is a dead letter, and the n-th to have an alert.
func (s *site) gone(name string, from, to int64, n uint64) {
	s.t.Helper()
	s.Until("SELECT count() FROM {db}.alerts WHERE rule = 'watchglass.retention_gap'", n)
	s.Until("SELECT count() FROM {db}.dead_letters WHERE reason = 'retention_gap'", n)
	got := s.One(fmt.Sprintf("SELECT count() FROM {db}.dead_letters WHERE reason = 'retention_gap' AND source_offset = %d AND source_end = %d", from, to))
	if got != 1 {
		s.t.Errorf("%d dead letters for the offsets %s, want 1", got, name)
	}
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
