// Package engines gives the tests under test/ their real Kafka and ClickHouse.
//
// Each engine is started at the first test that asks for it, shared by all tests of
// the test binary, and ended by [Main] (or by the end of the process, however it
// comes). WATCHGLASS_TEST_KAFKA (brokers, separated by commas) and
// WATCHGLASS_TEST_CLICKHOUSE (host:port of the native protocol, or a clickhouse:// DSN)
// name engines that run already. What is missing fails the test with the command that
// installs it; no test is skipped. Tests share the engines, so they name their topics,
// groups and databases with [Name].
//
//	func TestMain(m *testing.M) { engines.Main(m) }
package engines

import (
	"context"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/watchglass/watchglass/internal/embedded"
)

const (
	// KafkaVariable names brokers to use instead of starting one.
	KafkaVariable = "WATCHGLASS_TEST_KAFKA"
	// ClickHouseVariable names a server to use instead of starting one.
	ClickHouseVariable = "WATCHGLASS_TEST_CLICKHOUSE"
	startWithin        = 90 * time.Second
)

// shared is what the tests of one binary have in common: the one place where this
// repository keeps state in a package, as go test offers no other way from TestMain
// to the tests.
var shared struct {
	kafka      engine[*embedded.Kafka] // of the newest version
	kafka3     engine[*embedded.Kafka]
	clickhouse engine[*embedded.ClickHouse]
}

// engine is started at most once; later callers get the same value or error.
type engine[T interface{ Close() }] struct {
	once    sync.Once
	value   T
	err     error
	running bool
	dir     string
}

func (e *engine[T]) get(start func(ctx context.Context, dir string) (T, error)) (T, error) {
	e.once.Do(func() {
		if e.dir, e.err = os.MkdirTemp("", "watchglass-test-"); e.err != nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), startWithin)
		defer cancel()
		e.value, e.err = start(ctx, e.dir)
		e.running = e.err == nil
	})
	return e.value, e.err
}

func (e *engine[T]) end() {
	e.once.Do(func() {}) // nobody starts it any more
	if e.running {
		e.value.Close()
	}
	if e.dir != "" {
		_ = os.RemoveAll(e.dir)
	}
}

// Main runs the tests, ends what they started, calls last, and exits the process.
func Main(m *testing.M, last ...func()) {
	code := m.Run()
	for _, do := range last {
		do()
	}
	shared.kafka.end()
	shared.kafka3.end()
	shared.clickhouse.end()
	os.Exit(code)
}

// Kafka returns the brokers' host:port.
func Kafka(t testing.TB) []string {
	t.Helper()
	if given := os.Getenv(KafkaVariable); given != "" {
		return strings.Split(given, ",")
	}
	return running(t, &shared.kafka, embedded.KafkaConfig{})
}

// KafkaOf is Kafka for those tests that go by the brokers' version: they start
// their own, whatever is there already. Compaction is quick in it.
func KafkaOf(t testing.TB, version embedded.KafkaVersion) []string {
	t.Helper()
	of := &shared.kafka
	if version == embedded.Kafka3 {
		of = &shared.kafka3
	}
	return running(t, of, embedded.KafkaConfig{Version: version, Properties: map[string]string{"log.cleaner.backoff.ms": "200"}})
}

func running(t testing.TB, of *engine[*embedded.Kafka], cfg embedded.KafkaConfig) []string {
	t.Helper()
	k, err := of.get(func(ctx context.Context, dir string) (*embedded.Kafka, error) { return startKafka(ctx, dir, cfg) })
	if err != nil {
		t.Fatalf("kafka for this test: %v", err)
	}
	return k.Addrs()
}

// ClickHouse returns the server's address for the native protocol, host:port, where
// the user default needs no password; or the value of WATCHGLASS_TEST_CLICKHOUSE.
func ClickHouse(t testing.TB) string {
	t.Helper()
	if given := os.Getenv(ClickHouseVariable); given != "" {
		return given
	}
	c, err := shared.clickhouse.get(func(ctx context.Context, dir string) (*embedded.ClickHouse, error) {
		return startClickHouse(ctx, dir, embedded.ClickHouseConfig{})
	})
	if err != nil {
		t.Fatalf("clickhouse for this test: %v", err)
	}
	return c.Native()
}

func locate(ctx context.Context) (embedded.Engines, string, error) {
	e, err := embedded.Locate(".")
	if err != nil {
		return e, "", err
	}
	host, err := e.BuildHost(ctx)
	return e, host, err
}

func startKafka(ctx context.Context, dir string, cfg embedded.KafkaConfig) (*embedded.Kafka, error) {
	e, host, err := locate(ctx)
	if err != nil {
		return nil, err
	}
	if cfg.Jars, err = e.KafkaJarsOf(cfg.Version); err != nil {
		return nil, err
	}
	cfg.Host, cfg.Dir, cfg.Log = host, dir, zerolog.Nop()
	return embedded.StartKafka(ctx, cfg)
}

func startClickHouse(ctx context.Context, dir string, cfg embedded.ClickHouseConfig) (*embedded.ClickHouse, error) {
	e, host, err := locate(ctx)
	if err != nil {
		return nil, err
	}
	if cfg.Library, err = e.ClickHouseLibrary(); err != nil {
		return nil, err
	}
	cfg.Host, cfg.Dir, cfg.Log = host, dir, zerolog.Nop()
	return embedded.StartClickHouse(ctx, cfg)
}
