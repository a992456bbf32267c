// Package verify holds `watchglass verify` to what it says: the real program on
// a real Kafka and a real ClickHouse, with a record that things happen to, by
// rights and not.
package verify

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

	"github.com/watchglass/watchglass/internal/embedded"
	"github.com/watchglass/watchglass/test/engines"
)

func TestMain(m *testing.M) { engines.Main(m) }

// program builds the product once for all tests of the package.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "watchglass-verify-")
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
// other test has. Topic name-compacted is compacted.
type site struct {
	t       *testing.T
	name    string
	config  string
	brokers []string
	db      clickhouse.Conn
	client  *kgo.Client // partitions are chosen by hand
	admin   *kadm.Client
}

func newSite(t *testing.T, partitions int32) *site {
	t.Helper()
	cluster := engines.OwnKafkaWith(t, embedded.KafkaConfig{Properties: map[string]string{"log.cleaner.backoff.ms": "200"}})
	s := &site{t: t, name: engines.Name(t), brokers: cluster.Addrs()}
	native := engines.ClickHouse(t)
	s.config = s.configure(s.brokers[0], native)
	var err error
	if s.db, err = clickhouse.Open(&clickhouse.Options{Addr: []string{native}, DialTimeout: 5 * time.Second}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 30*time.Second)
		defer cancel()
		if err := s.db.Exec(ctx, "DROP DATABASE IF EXISTS "+s.name+" SYNC"); err != nil {
			t.Logf("drop the test's database: %v", err)
		}
		_ = s.db.Close()
	})
	if s.client, err = kgo.NewClient(kgo.SeedBrokers(s.brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerLinger(0)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.client.Close)
	s.admin = kadm.NewClient(s.client)
	text := func(s string) *string { return &s }
	s.create(s.name, partitions, map[string]*string{"retention.ms": text("-1")})
	s.create(s.name+"-compacted", 1, map[string]*string{
		"cleanup.policy": text("compact"), "segment.ms": text("50"), "min.cleanable.dirty.ratio": text("0.01"), "delete.retention.ms": text("50"),
	})
	if code, text := s.run("migrate", "--config", s.config); code != 0 {
		t.Fatal(text)
	}
	return s
}

// configure writes a configuration of the site, with these addresses.
func (s *site) configure(broker, native string) string {
	s.t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		s.t.Fatal(err)
	}
	path := filepath.Join(s.t.TempDir(), "watchglass.yaml")
	text := fmt.Sprintf(`
kafka:
  brokers: [%[1]s]
  group_prefix: %[2]s
  partitions: 3
  topics:
    access_events: [{name: %[2]s}, {name: %[2]s-compacted}]
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
policy:
  dir: %[4]s/deploy/policy
  protected_keys: [{id: demo, key: "file:%[4]s/deploy/policy/demo.key"}]
http: {listen: ""}
`, broker, s.name, native, root)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

func (s *site) create(topic string, partitions int32, settings map[string]*string) {
	s.t.Helper()
	response, err := s.admin.CreateTopic(s.t.Context(), partitions, 1, settings, topic)
	if err != nil || response.Err != nil {
		s.t.Fatal(err, response.Err)
	}
}

// run runs a subcommand to its end and returns its exit code and what it printed.
func (s *site) run(args ...string) (code int, text string) {
	s.t.Helper()
	path, err := program()
	if err != nil {
		s.t.Fatal(err)
	}
	c := exec.CommandContext(s.t.Context(), path, args...)
	out, err := c.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	return c.ProcessState.ExitCode(), string(out)
}

// work runs consumers until done is true.
func (s *site) work(only string, done func() bool) {
	s.t.Helper()
	path, err := program()
	if err != nil {
		s.t.Fatal(err)
	}
	c := exec.Command(path, "run", "--config", s.config, "--only", only)
	var log strings.Builder
	c.Stdout, c.Stderr = &log, &log
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := c.Start(); err != nil {
		s.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for !done() {
		select {
		case err := <-ended:
			s.t.Fatalf("the worker ended: %v\n%s", err, log.String())
		case <-s.t.Context().Done():
			_ = c.Process.Kill()
			s.t.Fatalf("the worker is not done: %v\n%s", <-ended, log.String())
		case <-poll.C:
		}
	}
	_ = c.Process.Signal(syscall.SIGTERM)
	if err := <-ended; err != nil {
		s.t.Fatalf("the worker ended: %v\n%s", err, log.String())
	}
}

// committed tells whether a group has come to the end of a topic.
func (s *site) committed(group string, topics ...string) func() bool {
	return func() bool {
		offsets, err := s.admin.FetchOffsetsForTopics(s.t.Context(), s.name+"."+group, topics...)
		if err != nil {
			return false
		}
		// As the workers do: no further than open transactions.
		ends, err := s.admin.ListCommittedOffsets(s.t.Context(), topics...)
		if err != nil {
			return false
		}
		done := true
		ends.Each(func(o kadm.ListedOffset) {
			at, _ := offsets.Lookup(o.Topic, o.Partition)
			done = done && max(at.At, 0) >= o.Offset
		})
		return done
	}
}

func (s *site) send(records ...*kgo.Record) {
	s.t.Helper()
	for _, r := range records {
		if r.Topic == "" {
			r.Topic = s.name
		}
	}
	if err := s.client.ProduceSync(s.t.Context(), records...).FirstErr(); err != nil {
		s.t.Fatal(err)
	}
}

// deleteRecords does what Kafka's retention does.
func (s *site) deleteRecords(partition int32, below int64) {
	s.t.Helper()
	var offsets kadm.Offsets
	offsets.AddOffset(s.name, partition, below, -1)
	response, err := s.admin.DeleteRecords(s.t.Context(), offsets)
	if err == nil {
		err = response.Error()
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// one asks for one number of tables of {db}.
func (s *site) one(query string) (n uint64) {
	s.t.Helper()
	if err := s.db.QueryRow(s.t.Context(), strings.ReplaceAll(query, "{db}", s.name)).Scan(&n); err != nil {
		s.t.Fatalf("%s: %v", query, err)
	}
	return n
}

// exec runs a statement on tables of {db}; topic is a parameter of it.
func (s *site) exec(statement string) {
	s.t.Helper()
	statement = strings.NewReplacer("{db}", s.name, "{topic}", "'"+s.name+"'").Replace(statement)
	ctx := clickhouse.Context(s.t.Context(), clickhouse.WithSettings(clickhouse.Settings{"mutations_sync": 2}))
	if err := s.db.Exec(ctx, statement); err != nil {
		s.t.Fatalf("%s: %v", statement, err)
	}
}

// event is a good record of some time.
func event(partition int32, subject string, when time.Time) *kgo.Record {
	value := fmt.Appendf(nil, `{"time":%q,"action":"read","accessor":{"id":"e-1"},"resource":{"store":"profiles","dataset":"eu.users.accounts"},"subject":{"ids":[%q]}}`,
		when.UTC().Format("2006-01-02T15:04:05.000Z"), subject)
	return &kgo.Record{Partition: partition, Value: value, Timestamp: when}
}
