package dead

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/watchglass/watchglass/test/engines"
)

// program builds the product once for all tests of the package.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "watchglass-dead-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "watchglass")
	build := exec.Command("go", "build", "-o", path, "github.com/watchglass/watchglass/cmd/watchglass")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the program: %w\n%s", err, text)
	}
	return path, nil
})

// site is an installation of its own: topics, groups and database that no
// other test has, and one worker at a time.
type site struct {
	t       *testing.T
	name    string // of the topic of access events, the database, and the groups' prefix
	dir     string
	config  string
	program string
	kafka   *kgo.Client // a producer that names partitions, and writes nothing twice
	admin   *kadm.Client
	db      clickhouse.Conn
	worker  *exec.Cmd
	ended   chan struct{}
}

// narrow is a span of event times that refuses yesterday's events; wide takes
// them.
const (
	narrow = "1h"
	wide   = "400d"
)

func newSite(t *testing.T, partitions int32) *site {
	t.Helper()
	s := &site{t: t, name: engines.Name(t), dir: t.TempDir()}
	brokers, native := engines.Kafka(t), engines.ClickHouse(t)
	var err error
	if s.program, err = program(); err != nil {
		t.Fatal(err)
	}
	s.config = s.configure("watchglass.yaml", narrow, 1)
	s.kafka, err = kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	s.admin = kadm.NewClient(s.kafka)
	if s.db, err = clickhouse.Open(&clickhouse.Options{Addr: []string{native}, DialTimeout: 5 * time.Second}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.kill()
		s.kafka.Close()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 30*time.Second)
		defer cancel()
		if err := s.db.Exec(ctx, "DROP DATABASE IF EXISTS "+s.name); err != nil {
			t.Logf("drop the test's database: %v", err)
		}
		_ = s.db.Close()
	})
	if _, err := s.admin.CreateTopic(t.Context(), partitions, 1, nil, s.name); err != nil {
		t.Fatal(err)
	}
	s.command(0, "migrate")
	return s
}

// configure writes a configuration.
func (s *site) configure(file, maxAge string, incarnation int) string {
	s.t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		s.t.Fatal(err)
	}
	path := filepath.Join(s.dir, file)
	text := fmt.Sprintf(`
kafka:
  brokers: [%[1]s]
  group_prefix: %[2]s
  partitions: 3
  session_timeout: 2s
  topics:
    access_events: [{name: %[2]s, incarnation: %[6]d}]
    alerts: %[2]s-alerts
    incidents: %[2]s-incidents
    incident_state: %[2]s-incident-state
    notifications: %[2]s-notifications
    deliveries: %[2]s-deliveries
    dead: %[2]s-dead
    ledger: %[2]s-ledger
    correlations: %[2]s-correlations
clickhouse:
  addresses: [%[3]s]
  database: %[2]s
access: {event_max_age: %[5]s, max_block_age: 50ms, inserts_per_second: 100}
policy:
  dir: %[4]s/deploy/policy
  protected_keys: [{id: demo, key: "file:%[4]s/deploy/policy/demo.key"}]
http: {listen: ""}
log: {level: info, format: json}
`, strings.Join(engines.Kafka(s.t), ","), s.name, engines.ClickHouse(s.t), root, maxAge, incarnation)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// start runs a worker.
func (s *site) start() {
	s.t.Helper()
	s.worker, s.ended = exec.Command(s.program, "run", "--config", s.config), make(chan struct{})
	log, err := os.CreateTemp(s.dir, "worker-")
	if err != nil {
		s.t.Fatal(err)
	}
	s.worker.Stdout, s.worker.Stderr = log, log
	s.worker.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.worker.Start(); err != nil {
		s.t.Fatal(err)
	}
	worker, ended := s.worker, s.ended
	go func() { _ = worker.Wait(); close(ended) }()
	s.t.Cleanup(func() {
		if text, err := os.ReadFile(log.Name()); err == nil && s.t.Failed() {
			s.t.Logf("worker %d:\n%s", worker.Process.Pid, text[max(0, len(text)-4000):])
		}
	})
}

// kill is kill -9.
func (s *site) kill() {
	if s.worker != nil {
		_ = s.worker.Process.Kill()
		<-s.ended
	}
}

// stop ends the worker in an orderly way.
func (s *site) stop() {
	s.t.Helper()
	if err := s.worker.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	<-s.ended
	if code := s.worker.ProcessState.ExitCode(); code != 0 {
		s.t.Errorf("worker ended with %d, want 0", code)
	}
}

// command runs a subcommand to its end, demands an exit code, and returns what
// it printed.
func (s *site) command(code int, args ...string) string {
	s.t.Helper()
	out, err := s.run(append(args, "--config", s.config)...)
	if err != nil {
		s.t.Fatal(err)
	}
	if out.code != code {
		s.t.Fatalf("watchglass %s: exit code %d, want %d:\n%s", strings.Join(args, " "), out.code, code, out.text)
	}
	return out.text
}

type outcome struct {
	code int
	text string // of both streams
}

func (s *site) run(args ...string) (outcome, error) {
	c := exec.CommandContext(s.t.Context(), s.program, args...)
	text, err := c.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return outcome{}, err
	}
	return outcome{c.ProcessState.ExitCode(), string(text)}, nil
}

// send writes records and returns when all are acknowledged.
func (s *site) send(records ...*kgo.Record) {
	s.t.Helper()
	for _, r := range records {
		if r.Topic == "" {
			r.Topic = s.name
		}
	}
	if err := s.kafka.ProduceSync(s.t.Context(), records...).FirstErr(); err != nil {
		s.t.Fatal(err)
	}
}

// ends adds up the ends of a topic's partitions.
func (s *site) ends(topic string) (n int64) {
	s.t.Helper()
	offsets, err := s.admin.ListEndOffsets(s.t.Context(), topic)
	if err != nil {
		s.t.Fatal(err)
	}
	offsets.Each(func(o kadm.ListedOffset) { n += o.Offset })
	return n
}

// one asks for one value; the query names tables of the site's database.
func one[T any](s *site, query string) (v T) {
	s.t.Helper()
	if err := s.db.QueryRow(s.t.Context(), strings.ReplaceAll(query, "{db}", s.name)).Scan(&v); err != nil {
		s.t.Fatalf("%s: %v", query, err)
	}
	return v
}

// until asks again and again until a query's number has reached n, while the
// worker lives.
func (s *site) until(query string, n uint64) {
	s.t.Helper()
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for got := one[uint64](s, query); got < n; got = one[uint64](s, query) {
		select {
		case <-poll.C:
		case <-s.ended:
			s.t.Fatalf("the worker has ended at %d of %d: %s", got, n, query)
		case <-s.t.Context().Done():
			s.t.Fatalf("%d of %d: %s", got, n, query)
		}
	}
}

const (
	countRows     = "SELECT count() FROM {db}.access_events"
	countReplayed = "SELECT count() FROM {db}.access_events WHERE replay_of != ''"
	countLetters  = "SELECT count() FROM {db}.dead_letters"
	countAlerts   = "SELECT count() FROM {db}.alerts"
	countCopies   = "SELECT sum(if(copies = '', 0, length(splitByChar(',', copies)))) FROM {db}.stored_ranges"
)

// event is an event that the default rules alert on, so long ago.
func event(i int, ago time.Duration) []byte {
	return fmt.Appendf(nil, `{"time":%q,"action":"read","accessor":{"id":"x-%d"},"origin":{"ip":"10.20.3.4"},"resource":{"store":"profiles","dataset":"eu.users.accounts","fields":["email"]},"subject":{"ids":["u-77"]},"purpose":{"kind":"support","ticket":"SUP-1"}}`,
		time.Now().Add(-ago).UTC().Format("2006-01-02T15:04:05.000Z"), i)
}
