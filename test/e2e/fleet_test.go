// Package e2e proves whole flows with the real program, a real Kafka and a
// real ClickHouse. The sizes of the runs are flags: `make test` uses small
// ones, the figures in docs/benchmarks.md come from the full ones.
package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/segmentio/kafka-go"

	"github.com/watchglass/watchglass/test/engines"
)

func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == clientName {
		if err := standInClient(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	engines.Main(m)
}

// program builds the product once for all tests of the package.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "watchglass-e2e-")
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

// fleet is an installation of its own: topics, groups and database that no
// other test has, and the workers that were started on it.
type fleet struct {
	t       *testing.T
	name    string
	config  string
	brokers []string
	native  string
	listen  string // of the operators' endpoint, "" for none
	db      clickhouse.Conn
	workers []*worker
}

// site is what may differ from one installation to the next.
type site struct {
	format       string // of the topic of access events; default json
	destinations string // YAML of alerts.destinations
	extra        string // YAML of further sections
	native       string // ClickHouse; default the shared one

	brokers    []string // default the shared Kafka's
	seed       string   // address that the configuration names instead of brokers
	kafka      string   // YAML within the section kafka, in braces' style: "tls: {enabled: true}" a line
	clickhouse string   // likewise
	through    string   // address that the configuration names instead of native
	policy     string   // folder; default deploy/policy
	listen     string   // http.listen; default none
}

func newFleet(t *testing.T, s site) *fleet {
	t.Helper()
	f := &fleet{t: t, name: engines.Name(t), brokers: s.brokers, native: s.native, listen: s.listen}
	if f.brokers == nil {
		f.brokers = engines.Kafka(t)
	}
	if f.native == "" {
		f.native = engines.ClickHouse(t)
	}
	if s.format == "" {
		s.format = "json"
	}
	if s.destinations == "" {
		s.destinations = "[]"
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	if s.through == "" {
		s.through = f.native
	}
	if s.seed == "" {
		s.seed = strings.Join(f.brokers, ",")
	}
	if s.policy == "" {
		s.policy = filepath.Join(root, "deploy", "policy")
	}
	f.config = filepath.Join(t.TempDir(), "watchglass.yaml")
	text := fmt.Sprintf(`
kafka:
  brokers: [%[1]s]
  group_prefix: %[2]s
  partitions: 12
  topics:
    access_events: [{name: %[2]s, format: %[3]s}]
    alerts: %[2]s-alerts
    incidents: %[2]s-incidents
    incident_state: %[2]s-incident-state
    notifications: %[2]s-notifications
    deliveries: %[2]s-deliveries
    dead: %[2]s-dead
    ledger: %[2]s-ledger
    correlations: %[2]s-correlations
%[8]s
clickhouse:
  addresses: [%[4]s]
  database: %[2]s
%[9]s
policy:
  dir: %[10]s
  protected_keys: [{id: demo, key: "file:%[5]s/deploy/policy/demo.key"}]
alerts:
  incident: {quiet_time: 1h, update_interval: 1h}
  destinations: %[6]s
http: {listen: %[11]q}
log: {level: info, format: json}
%[7]s
`, s.seed, f.name, s.format, s.through, root, s.destinations, s.extra,
		indented(s.kafka), indented(s.clickhouse), s.policy, s.listen)
	if err := os.WriteFile(f.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f.db, err = clickhouse.Open(&clickhouse.Options{Addr: []string{f.native}, DialTimeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, w := range f.workers {
			w.kill()
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 30*time.Second)
		defer cancel()
		if err := f.db.Exec(ctx, "DROP DATABASE IF EXISTS "+f.name); err != nil {
			t.Logf("drop the test's database: %v", err)
		}
		_ = f.db.Close()
	})
	return f
}

// indented puts lines of YAML into a section.
func indented(lines string) string { return "  " + strings.ReplaceAll(lines, "\n", "\n  ") }

// command runs a subcommand to its end and returns what it printed.
func (f *fleet) command(args ...string) string {
	f.t.Helper()
	path, err := program()
	if err != nil {
		f.t.Fatal(err)
	}
	c := exec.CommandContext(f.t.Context(), path, args...)
	text, err := c.CombinedOutput()
	if err != nil {
		f.t.Fatalf("watchglass %s: %v\n%s", strings.Join(args, " "), err, text)
	}
	return string(text)
}

// run runs a subcommand to its end and returns its exit code and what it printed.
func (f *fleet) run(args ...string) (code int, text string) {
	f.t.Helper()
	path, err := program()
	if err != nil {
		f.t.Fatal(err)
	}
	c := exec.CommandContext(f.t.Context(), path, args...)
	out, err := c.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		f.t.Fatal(err)
	}
	return c.ProcessState.ExitCode(), string(out)
}

func (f *fleet) migrate() { f.t.Helper(); f.command("migrate", "--config", f.config) }

// createTopic makes the topic of access events ahead of the workers.
func (f *fleet) createTopic(partitions int) {
	f.t.Helper()
	client := kafka.Client{Addr: kafka.TCP(f.brokers...)}
	response, err := client.CreateTopics(f.t.Context(), &kafka.CreateTopicsRequest{
		Topics: []kafka.TopicConfig{{Topic: f.name, NumPartitions: partitions, ReplicationFactor: 1}},
	})
	if err != nil {
		f.t.Fatal(err)
	}
	if err := response.Errors[f.name]; err != nil {
		f.t.Fatal(err)
	}
}

// worker is one process of the fleet.
type worker struct {
	cmd  *exec.Cmd
	log  *os.File
	done chan struct{}
}

func (f *fleet) start(args ...string) *worker {
	f.t.Helper()
	path, err := program()
	if err != nil {
		f.t.Fatal(err)
	}
	w := &worker{cmd: exec.Command(path, append([]string{"run", "--config", f.config}, args...)...), done: make(chan struct{})}
	w.log, err = os.CreateTemp(f.t.TempDir(), "worker-")
	if err != nil {
		f.t.Fatal(err)
	}
	w.cmd.Stdout, w.cmd.Stderr = w.log, w.log
	w.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := w.cmd.Start(); err != nil {
		f.t.Fatal(err)
	}
	go func() { _ = w.cmd.Wait(); close(w.done) }()
	f.workers = append(f.workers, w)
	f.t.Cleanup(func() {
		if f.t.Failed() {
			text, _ := os.ReadFile(w.log.Name())
			f.t.Logf("worker %d:\n%s", w.cmd.Process.Pid, text[max(0, len(text)-6000):])
		}
	})
	return w
}

// kill is kill -9.
func (w *worker) kill() {
	_ = w.cmd.Process.Kill()
	<-w.done
}

// stop asks the process to end and waits until it has.
func (w *worker) stop(t *testing.T) {
	t.Helper()
	if err := w.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-w.done
	if code := w.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("worker ended with %d, want 0", code)
	}
}

func (w *worker) alive() bool {
	select {
	case <-w.done:
		return false
	default:
		return true
	}
}

var peak = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// peakBytes is the most memory that a running process has had resident.
func (w *worker) peakBytes(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", w.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	found := peak.FindSubmatch(text)
	if found == nil {
		t.Fatal("no VmHWM")
	}
	var kb int
	_, _ = fmt.Sscan(string(found[1]), &kb)
	return kb << 10
}

// cpu is what an ended process has used.
func (w *worker) cpu() time.Duration {
	return w.cmd.ProcessState.UserTime() + w.cmd.ProcessState.SystemTime()
}

// one asks for one number; the query names tables of the fleet's database.
func (f *fleet) one(query string) uint64 {
	f.t.Helper()
	var n uint64
	ctx := clickhouse.Context(f.t.Context(), clickhouse.WithSettings(clickhouse.Settings{"max_execution_time": 60}))
	if err := f.db.QueryRow(ctx, strings.ReplaceAll(query, "{db}", f.name)).Scan(&n); err != nil {
		f.t.Fatalf("%s: %v", query, err)
	}
	return n
}

// exec runs a statement on tables of the fleet's database.
func (f *fleet) exec(statement string) {
	f.t.Helper()
	if err := f.db.Exec(f.t.Context(), strings.ReplaceAll(statement, "{db}", f.name)); err != nil {
		f.t.Fatalf("%s: %v", statement, err)
	}
}

// policyWith is a copy of the default policy in which one file is another.
func policyWith(t *testing.T, name, text string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../deploy/policy")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// singleEvents is the default policy without its rules over time: tests that count alerts
// know how many single events raise.
func singleEvents(t *testing.T) string {
	t.Helper()
	dir := policyWith(t, "none", "")
	files, err := filepath.Glob(filepath.Join(dir, "rules", "*.yml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "\ncorrelation:") {
			if err := os.Remove(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

// until asks again and again until a query's number has reached n.
func (f *fleet) until(query string, n uint64) {
	f.t.Helper()
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for got := f.one(query); got < n; got = f.one(query) {
		if !f.anyAlive() {
			f.t.Fatalf("all workers have ended at %d of %d: %s", got, n, query)
		}
		select {
		case <-poll.C:
		case <-f.t.Context().Done():
			f.t.Fatalf("%d of %d: %s", got, n, query)
		}
	}
}

func (f *fleet) anyAlive() bool {
	for _, w := range f.workers {
		if w.alive() {
			return true
		}
	}
	return false
}

const (
	countRows      = "SELECT count() FROM {db}.access_events"
	countPositions = "SELECT uniqExact(kafka_topic, kafka_partition, kafka_offset) FROM {db}.access_events"
)

// exact asserts that there is one row for each of n records.
func (f *fleet) exact(n uint64) {
	f.t.Helper()
	if rows, positions := f.one(countRows), f.one(countPositions); rows != n || positions != n {
		f.t.Errorf("%d rows at %d positions, want %d and %d", rows, positions, n, n)
	}
}
