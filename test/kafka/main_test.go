// Package kafka holds Watchglass to its promises on Kafka as it is in the
// field: the real program, a real ClickHouse, and real brokers of each
// generation, to whose topics everything happens that happens to topics.
package kafka

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/watchglass/watchglass/internal/embedded"
	"github.com/watchglass/watchglass/test/engines"
	"github.com/watchglass/watchglass/test/fleet"
)

func TestMain(m *testing.M) { fleet.Main(m) }

// site is an installation on brokers of one version.
type site struct {
	*fleet.Fleet
	t *testing.T
}

// each runs a test on every version of Kafka.
func each(t *testing.T, test func(*testing.T, *site)) {
	for _, version := range embedded.KafkaVersions() {
		t.Run(string(version), func(t *testing.T) {
			test(t, newSite(t, engines.KafkaOf(t, version)))
		})
	}
}

func newSite(t *testing.T, brokers []string) *site {
	t.Helper()
	s := &site{t: t, Fleet: fleet.New(t, fleet.Options{
		Brokers: brokers, Kafka: "session_timeout: 3s",
		Extra: "access: {max_block_age: 50ms, inserts_per_second: 100}",
	})}
	s.Migrate()
	return s
}

// work lets a worker store what is there, and asserts that nothing is lost or
// twice, and how many rows there are.
func (s *site) work(rows uint64) {
	s.t.Helper()
	s.Work("access", s.Caught("access", s.Name))
	s.exact(rows)
}

// exact asserts that there are so many rows, and that the record agrees with Kafka.
func (s *site) exact(rows uint64) {
	s.t.Helper()
	s.Exact(rows)
	s.verified()
}

// verified asserts that `watchglass verify` finds nothing wrong.
func (s *site) verified() {
	s.t.Helper()
	if code, text := s.Run("verify"); code != 0 || !strings.Contains(text, "every offset is accounted for, exactly once") {
		s.t.Errorf("verify: exit code %d\n%s", code, text)
	}
}

// refused asserts that a worker ends by itself, with a message.
func (s *site) refused(wants ...string) {
	s.t.Helper()
	s.ends(s.Start("--only", "access"), wants...)
}

// ends asserts that a worker ends, in failure, with a message.
func (s *site) ends(w *fleet.Worker, wants ...string) {
	s.t.Helper()
	select {
	case <-w.Done:
	case <-time.After(fleet.Patience):
		s.t.Fatal("the worker does not end")
	}
	if w.Code() != 1 {
		s.t.Errorf("the worker ended with %d, want 1", w.Code())
	}
	for _, want := range wants {
		if !strings.Contains(w.Log(), want) {
			s.t.Errorf("the worker does not say %q:\n%s", want, w.Log())
		}
	}
}

// events are good records of one partition.
func events(partition int32, n int) (records []*kgo.Record) {
	for i := range n {
		records = append(records, &kgo.Record{Partition: partition, Value: event(i)})
	}
	return records
}

func event(i int) []byte {
	return fmt.Appendf(nil, `{"time":%q,"action":"read","accessor":{"id":"e-1"},"resource":{"store":"profiles","dataset":"eu.users.accounts"},"subject":{"ids":["u-%d"]}}`,
		time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), i)
}

// alarm is an event that the default rules alert on.
func alarm(partition int32, accessor string) *kgo.Record {
	return &kgo.Record{Partition: partition, Value: fmt.Appendf(nil,
		`{"time":%q,"action":"read","accessor":{"id":%q},"origin":{"ip":"10.20.3.4"},"resource":{"store":"profiles","dataset":"eu.users.accounts","fields":["email"]},"subject":{"ids":["u-77"]},"purpose":{"kind":"support","ticket":"SUP-1"}}`,
		time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), accessor)}
}

// address is one that nobody listens on.
func address(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
