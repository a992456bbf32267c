package chaos

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/watchglass/watchglass/internal/embedded"
	"github.com/watchglass/watchglass/test/engines"
)

const brokers = 3

// world is what all schedules share: the engines, and the proxies in front of
// them. Only schedules change it, one at a time.
type world struct {
	t          *testing.T
	program    string
	kafka      *embedded.Kafka
	clickhouse *embedded.ClickHouse
	toBrokers  []*toxiproxy.Proxy
	toServer   *toxiproxy.Proxy
	disk       string // mount point of ClickHouse's disk; "" when it is an ordinary folder
	serverDir  string
	clock      string // file that says how far ClickHouse's clock is off; "" when it cannot be
	db         clickhouse.Conn
	toxics     atomic.Int64 // how many there were, for their names
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, program: build(t)}
	advertised := make([]string, brokers)
	for i := range advertised {
		advertised[i] = freeAddress(t)
	}
	w.kafka = engines.OwnKafkaWith(t, embedded.KafkaConfig{Brokers: brokers, Advertised: advertised, Properties: map[string]string{
		"log.segment.delete.delay.ms": "1000", // schedules remove their topics
	}})
	w.serverDir = w.mount()
	cfg := embedded.ClickHouseConfig{Dir: w.serverDir, Env: w.fakeClock(), Server: fmt.Sprintf(
		"<storage_configuration><disks><default><keep_free_space_bytes>%d</keep_free_space_bytes></default></disks></storage_configuration>", keepFree)}
	w.clickhouse = engines.OwnClickHouse(t, cfg)
	api := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
	proxy := func(name, listen, upstream string) *toxiproxy.Proxy {
		p := toxiproxy.NewProxy(api, name, listen, upstream)
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.Stop)
		return p
	}
	for i := range brokers {
		w.toBrokers = append(w.toBrokers, proxy(fmt.Sprint("broker-", i), advertised[i], w.kafka.Behind(i)))
	}
	w.toServer = proxy("clickhouse", "127.0.0.1:0", w.clickhouse.Native())
	var err error
	w.db, err = clickhouse.Open(&clickhouse.Options{Addr: []string{w.clickhouse.Native()}, DialTimeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.db.Close() })
	return w
}

func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "watchglass")
	command := exec.CommandContext(t.Context(), "go", "build", "-o", path, "github.com/watchglass/watchglass/cmd/watchglass")
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := command.CombinedOutput(); err != nil {
		t.Fatalf("build the program: %v\n%s", err, text)
	}
	return path
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

const (
	// diskBytes is the size of ClickHouse's disk, where there may be one of its own.
	diskBytes = 3 << 30
	// keepFree is what ClickHouse leaves for merges that have begun.
	keepFree = 512 << 20
)

// mount makes a small file system for ClickHouse, and returns a folder on it.
// Without the right to mount, it is an ordinary folder, which is never full.
func (w *world) mount() string {
	dir := w.t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprint("size=", diskBytes)); err != nil {
		w.t.Logf("no disk of its own for ClickHouse, so it is never full: %v", err)
		return dir
	}
	w.disk = dir
	w.t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			w.t.Errorf("unmount: %v", err)
		}
	})
	return filepath.Join(dir, "server")
}

// fakeClock is the environment in which the server's clock follows a file.
func (w *world) fakeClock() []string {
	found, _ := filepath.Glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
	if len(found) == 0 {
		w.t.Log("libfaketime is not installed, so ClickHouse's clock does not jump")
		return nil
	}
	w.clock = filepath.Join(w.t.TempDir(), "clock")
	w.setClock(0)
	return []string{
		"LD_PRELOAD=" + found[0], "FAKETIME_TIMESTAMP_FILE=" + w.clock, "FAKETIME_NO_CACHE=1",
		"FAKETIME_DONT_FAKE_MONOTONIC=1", "DONT_FAKE_MONOTONIC=1", "FAKETIME_DONT_RESET=1",
	}
}

func (w *world) setClock(off time.Duration) {
	if err := os.WriteFile(w.clock, fmt.Appendf(nil, "%+d\n", int(off.Seconds())), 0o600); err != nil {
		w.t.Error(err)
	}
}

// toxic puts a toxic into a proxy, and returns how to take it out.
func (w *world) toxic(p *toxiproxy.Proxy, kind, stream, attributes string) (heal func()) {
	name := fmt.Sprintf("%s-%d", kind, w.toxics.Add(1))
	text := fmt.Sprintf(`{"name":%q,"type":%q,"stream":%q,"toxicity":1,"attributes":{%s}}`, name, kind, stream, attributes)
	if _, err := p.Toxics.AddToxicJson(strings.NewReader(text)); err != nil {
		w.t.Errorf("toxic %s: %v", name, err)
		return func() {}
	}
	return func() {
		if err := p.Toxics.RemoveToxic(context.WithoutCancel(w.t.Context()), name); err != nil {
			w.t.Errorf("take toxic %s out: %v", name, err)
		}
	}
}

// exec runs a statement on the server itself, not through the proxy.
func (w *world) exec(statement string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.t.Context()), 20*time.Second)
	defer cancel()
	return w.db.Exec(ctx, statement)
}

// process is one worker.
type process struct {
	command *exec.Cmd
	log     *os.File
	ended   chan struct{}
}

func (w *world) start(config, log string) (*process, error) {
	out, err := os.OpenFile(log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	p := &process{command: exec.Command(w.program, "run", "--config", config), log: out, ended: make(chan struct{})}
	p.command.Stdout, p.command.Stderr = io.Discard, out
	p.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.ended)
		_ = p.command.Wait()
		_ = out.Close()
	}()
	return p, nil
}

func (p *process) alive() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

func (p *process) signal(s syscall.Signal) {
	if p.alive() {
		_ = p.command.Process.Signal(s)
	}
}

func (p *process) kill() { p.signal(syscall.SIGKILL); <-p.ended }

// stop asks for an orderly end, and kills what takes too long.
func (p *process) stop() {
	p.signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(30 * time.Second):
		p.kill()
	}
}
