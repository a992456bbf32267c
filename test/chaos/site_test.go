package chaos

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/watchglass/watchglass/test/engines"
)

const (
	partitions = 6
	members    = 3 // workers that are meant to run
	session    = 3 * time.Second
)

// site is one installation: the topics, the groups, the database and the
// workers of one schedule.
type site struct {
	*world
	t        *testing.T
	name     string
	config   string
	logs     string
	receiver *receiver
	slots    [members]slot // whoever holds a slot's lock may do anything to its worker
	server   sync.Mutex    // for whoever breaks ClickHouse itself
	process  sync.Mutex    // for whoever ends and starts its process
	proxied  sync.Mutex    // for whoever breaks the connections to it
	broker   sync.Mutex    // for whoever breaks a broker: never two at a time
	injected map[kind]int
	mu       sync.Mutex // guards injected
	ended    int        // workers that ended by themselves; guarded by mu
}

type slot struct {
	sync.Mutex
	worker *process
}

func newSite(t *testing.T, w *world) *site {
	t.Helper()
	s := &site{world: w, t: t, name: engines.Name(t), logs: t.TempDir(), receiver: newReceiver(t), injected: map[kind]int{}}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	var seeds []string
	for _, p := range w.toBrokers {
		seeds = append(seeds, p.Listen)
	}
	s.config = filepath.Join(s.logs, "watchglass.yaml")
	text := fmt.Sprintf(`
kafka:
  brokers: [%[1]s]
  group_prefix: %[2]s
  partitions: 4
  session_timeout: %[7]s
  heartbeat_interval: 300ms
  topics:
    access_events: [{name: %[2]s}]
    alerts: %[2]s-alerts
    incidents: %[2]s-incidents
    incident_state: %[2]s-incident-state
    notifications: %[2]s-notifications
    deliveries: %[2]s-deliveries
    dead: %[2]s-dead
    ledger: %[2]s-ledger
    correlations: %[2]s-correlations
clickhouse: {addresses: ["%[3]s"], database: %[2]s, insert_timeout: 10s}
policy:
  dir: %[4]s/deploy/policy
  protected_keys: [{id: demo, key: "file:%[4]s/deploy/policy/demo.key"}]
alerts:
  incident: {quiet_time: 1h, update_interval: 1h}
  destinations: [{name: test, url: %[5]q, allow_networks: [127.0.0.0/8], allow_http: true, secrets: ["file:%[6]s"]}]
rules: {dir: %[8]s}
correlate: {interval: 1s, backfill: 2d, backfill_alerts: true}
http: {listen: ""}
log: {level: info, format: json}
`, strings.Join(seeds, ","), s.name, w.toServer.Listen, root, s.receiver.server.URL, s.receiver.secret, session, s.rulesDir(root))
	if err := os.WriteFile(s.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.remove)
	s.createTopic()
	s.command("migrate", "--config", s.config)
	for i := range s.slots {
		s.run(&s.slots[i])
	}
	return s
}

// run starts a slot's worker; the caller holds its lock, or is alone.
func (s *site) run(of *slot) {
	p, err := s.world.start(s.config, filepath.Join(s.logs, "workers.log"))
	if err != nil {
		s.t.Errorf("start a worker: %v", err)
		return
	}
	of.worker = p
}

// supervise starts a worker again that ended by itself, as whatever runs
// workers in the field does, until ctx ends.
func (s *site) supervise(ctx context.Context) {
	every := time.NewTicker(200 * time.Millisecond)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
		for i := range s.slots {
			of := &s.slots[i]
			if !of.TryLock() {
				continue
			}
			if !of.worker.alive() {
				s.mu.Lock()
				s.ended++
				s.mu.Unlock()
				s.run(of)
			}
			of.Unlock()
		}
	}
}

func (s *site) client() *kafka.Client { return &kafka.Client{Addr: kafka.TCP(s.kafka.Addrs()...)} }

func (s *site) createTopic() {
	s.t.Helper()
	response, err := s.client().CreateTopics(s.t.Context(), &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{
		{Topic: s.name, NumPartitions: partitions, ReplicationFactor: brokers},
	}})
	if err == nil {
		err = response.Errors[s.name]
	}
	if err != nil {
		s.t.Fatalf("create the topic: %v", err)
	}
}

// remove ends the workers and deletes what the schedule made.
func (s *site) remove() {
	for i := range s.slots {
		if p := s.slots[i].worker; p != nil {
			p.signal(cont)
			p.kill()
		}
	}
	topics := []string{s.name}
	for _, kind := range []string{"alerts", "incidents", "incident-state", "notifications", "deliveries", "dead", "ledger", "correlations"} {
		topics = append(topics, s.name+"-"+kind)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.t.Context()), 20*time.Second)
	defer cancel()
	if _, err := s.client().DeleteTopics(ctx, &kafka.DeleteTopicsRequest{Topics: topics}); err != nil {
		s.t.Logf("delete the topics: %v", err)
	}
	if err := s.exec("DROP DATABASE IF EXISTS " + s.name + " SYNC"); err != nil {
		s.t.Logf("drop the database: %v", err)
	}
	if s.t.Failed() { // kept for whoever looks into it
		if kept, err := os.MkdirTemp("", "watchglass-chaos-"); err == nil {
			_ = os.CopyFS(filepath.Join(kept, "logs"), os.DirFS(s.logs))
			if text, err := os.ReadFile(filepath.Join(s.serverDir, "errors.log")); err == nil {
				_ = os.WriteFile(filepath.Join(kept, "clickhouse-errors.log"), text, 0o600)
			}
			s.t.Logf("the workers' logs are in %s", kept)
		}
	}
}

// command runs a subcommand to its end.
func (s *site) command(args ...string) {
	s.t.Helper()
	if text, err := exec.CommandContext(s.t.Context(), s.program, args...).CombinedOutput(); err != nil {
		s.t.Fatalf("watchglass %s: %v\n%s", strings.Join(args, " "), err, text)
	}
}
