package demo

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/watchglass/watchglass/deploy/clickhouse"
	"github.com/watchglass/watchglass/deploy/policy"
	"github.com/watchglass/watchglass/internal/embedded"
	"github.com/watchglass/watchglass/internal/generate"
	"github.com/watchglass/watchglass/internal/sigma"
	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/schema"
)

// Names and sizes of what the demo sets up.
const (
	database   = "watchglass"
	topic      = "access-events"
	partitions = 4
)

// stage is everything that runs. Its parts end in the reverse order of their
// start, in close.
type stage struct {
	options Options
	screen  *screen
	dir     string

	kafka      *embedded.FakeKafka
	clickhouse *embedded.ClickHouse
	db         *store.DB // as the workers' user
	analyst    *store.DB // sees views and no table
	receiver   *receiver
	tracker    *tracker
	listen     string // of the workers' /readyz and /metrics

	stopWorkers context.CancelFunc
	workers     chan error // holds one value after the workers have ended
}

// open starts every part and returns when the workers are ready.
func (st *stage) open(ctx context.Context) error {
	acts := generate.Story()
	set, err := sigma.LoadFS(policy.Files, "rules", sigma.Options{})
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	var patterns []string
	for _, r := range set.OverTime() {
		patterns = append(patterns, r.ID)
	}
	st.tracker = newTracker(acts, generate.StoryOverTime(), patterns)
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"policy of the made-up platform Lumen", st.unpackPolicy},
		{"Kafka, imitated in this process", st.startKafka},
		{"ClickHouse", st.startClickHouse},
		{"tables", st.migrate},
		{"receiver of notifications", st.startReceiver},
		{"workers", st.startWorkers},
	} {
		began := time.Now()
		st.screen.status("starting: "+step.what+" …", began)
		if err := step.do(ctx); err != nil {
			st.screen.status("", began)
			return fmt.Errorf("demo: start %s: %w", step.what, err)
		}
		st.screen.status("", began)
		st.screen.linef("%s %s (%.1f s)", st.screen.paint(green, "started"), step.what, time.Since(began).Seconds())
	}
	return nil
}

// close ends everything. The workers go first, in an orderly way, so that
// nothing of theirs is cut off.
func (st *stage) close() error {
	var errs []error
	if st.stopWorkers != nil {
		st.stopWorkers()
		if err := <-st.workers; err != nil && !errors.Is(err, context.Canceled) {
			errs = append(errs, fmt.Errorf("demo: stop the workers: %w", err))
		}
	}
	if st.receiver != nil {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = st.receiver.close(ctx) // connections that stay open end with the process
	}
	for _, db := range []*store.DB{st.db, st.analyst} {
		if db != nil {
			_ = db.Close()
		}
	}
	if st.clickhouse != nil {
		st.clickhouse.Kill() // its files are thrown away
	}
	if st.kafka != nil {
		st.kafka.Close()
	}
	return errors.Join(errs...)
}

func (st *stage) policyDir() string { return filepath.Join(st.dir, "policy") }

func (st *stage) unpackPolicy(context.Context) error {
	return fs.WalkDir(policy.Files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		to := filepath.Join(st.policyDir(), filepath.FromSlash(name))
		if entry.IsDir() {
			return os.MkdirAll(to, 0o700)
		}
		content, err := policy.Files.ReadFile(name)
		if err != nil {
			return err
		}
		return os.WriteFile(to, content, 0o600)
	})
}

func (st *stage) startKafka(ctx context.Context) (err error) {
	st.kafka, err = embedded.StartFakeKafka(ctx, embedded.FakeTopic{Name: topic, Partitions: partitions})
	return err
}

func (st *stage) startClickHouse(ctx context.Context) error {
	library, err := st.options.Engines.ClickHouseLibrary()
	if err != nil {
		return err
	}
	st.clickhouse, err = embedded.StartClickHouse(ctx, embedded.ClickHouseConfig{
		Library: library, Host: st.options.Host, Dir: filepath.Join(st.dir, "clickhouse"), Log: st.options.Log,
		Users: clickhouse.Users(),
	})
	return err
}

func (st *stage) migrate(ctx context.Context) (err error) {
	// The database itself is made by the server's own administrator; everything
	// else by the users of a deployment.
	admin, err := st.openAs(ctx, "default")
	if err != nil {
		return err
	}
	err = admin.Conn().Exec(ctx, "CREATE DATABASE "+database)
	if err := errors.Join(err, admin.Close()); err != nil {
		return err
	}
	if st.db, err = st.openAs(ctx, "watchglass"); err != nil {
		return err
	}
	if err := st.db.Migrate(ctx, store.Retention{}); err != nil {
		return err
	}
	st.analyst, err = st.openAs(ctx, "analyst")
	return err
}

func (st *stage) openAs(ctx context.Context, user string) (*store.DB, error) {
	return store.Open(ctx, store.Config{Addr: []string{st.clickhouse.Native()}, Database: database, User: user})
}

func (st *stage) startReceiver(context.Context) (err error) {
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return err
	}
	text := "whsec_" + base64.StdEncoding.EncodeToString(secret)
	if err := os.WriteFile(filepath.Join(st.dir, "webhook.secret"), []byte(text+"\n"), 0o600); err != nil {
		return err
	}
	st.receiver, err = startReceiver(secret, func(n schema.Notification, now time.Time) {
		st.screen.line(describe(st.screen, n, st.tracker.notified(n, now)))
	})
	return err
}

// startWorkers runs the consumers as `watchglass run` would, on a
// configuration file of their own.
func (st *stage) startWorkers(ctx context.Context) error {
	listen, err := freeAddress()
	if err != nil {
		return err
	}
	st.listen = listen
	path := filepath.Join(st.dir, "watchglass.yaml")
	if err := os.WriteFile(path, []byte(st.configuration()), 0o600); err != nil {
		return err
	}
	workersCtx, stop := context.WithCancel(context.WithoutCancel(ctx))
	st.stopWorkers, st.workers = stop, make(chan error, 1)
	go func() { st.workers <- st.options.Workers(workersCtx, path) }()
	return st.awaitReady(ctx)
}

// configuration is the workers' file.
func (st *stage) configuration() string {
	geo, err := st.options.Engines.CountryDatabase()
	if err != nil {
		geo = "" // the policy's networks decide all that the story needs
	}
	return configurationText(st.kafka.Addrs()[0], st.clickhouse.Native(), st.receiver.url(), st.listen, geo)
}

func configurationText(broker, clickhouse, url, listen, geo string) string {
	mmdb := ""
	if geo != "" {
		mmdb = fmt.Sprintf("  mmdb: [%q]\n", geo)
	}
	return fmt.Sprintf(`# The demo's configuration: watchglass run --config FILE would run the same.
kafka:
  brokers: [%q]
  partitions: %d
clickhouse:
  addresses: [%q]
  database: %s
  username: watchglass
access:
  max_block_age: 500ms
policy:
  dir: policy
%s  protected_keys:
    - {id: demo, key: "file:policy/demo.key"}
alerts:
  destinations:
    - name: on-call
      url: %q
      secrets: ["file:webhook.secret"]
      allow_networks: [127.0.0.0/8]
      allow_http: true
http:
  listen: %q
log:
  level: warn
`, broker, partitions, clickhouse, database, mmdb, url, listen)
}

// awaitReady asks /readyz until it says yes.
func (st *stage) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		if st.ready(ctx) {
			return nil
		}
		select {
		case <-ticker.C:
		case err := <-st.workers:
			st.workers <- nil // close waits for it, and has it reported here
			if err == nil {
				err = errors.New("they ended at once")
			}
			return err
		case <-ctx.Done():
			return fmt.Errorf("not ready: %w", ctx.Err())
		}
	}
}

func (st *stage) ready(ctx context.Context) bool {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+st.listen+"/readyz", nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(q)
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// freeAddress finds a loopback port that nobody listens on right now.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
