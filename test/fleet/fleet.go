// Package fleet gives a test an installation of its own: the real program, its
// configuration, topics, groups and database that no other test has, and the
// workers that the test starts on it. All of it ends with the test.
package fleet

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/watchglass/watchglass/test/engines"
)

// Options is what may differ from one installation to the next. In the YAML
// texts {name} stands for the installation's name.
type Options struct {
	Brokers []string // default: those of the shared Kafka
	Native  string   // address of ClickHouse; default: the shared one's

	Seeds   []string // brokers that the configuration names; default Brokers
	Through string   // address of ClickHouse that the configuration names; default Native

	Topics     string // YAML of kafka.topics.access_events; default [{name: {name}}]
	Partitions int    // of the topics that Watchglass makes; default 3
	Policy     string // folder; default deploy/policy
	Listen     string // http.listen; default none

	Kafka        string // YAML: further lines of the section kafka
	ClickHouse   string // YAML: further lines of the section clickhouse
	Destinations string // YAML of alerts.destinations; default []
	Extra        string // YAML: further sections
}

// Fleet is an installation.
type Fleet struct {
	T       testing.TB // of whoever uses it now: a subtest may put in its own
	Name    string     // of the topic of access events, the database and the user's prefix of everything else
	Config  string     // path of the configuration
	Brokers []string
	Native  string
	DB      clickhouse.Conn
	Client  *kgo.Client // writes to the partition that a record names, and nothing twice
	Admin   *kadm.Client

	options Options
	workers []*Worker
}

// New makes an installation; nothing in it exists yet but its configuration.
func New(t testing.TB, o Options) *Fleet {
	t.Helper()
	if o.Brokers == nil {
		o.Brokers = engines.Kafka(t)
	}
	if o.Native == "" {
		o.Native = engines.ClickHouse(t)
	}
	f := &Fleet{T: t, Name: engines.Name(t), Brokers: o.Brokers, Native: o.Native, options: o}
	f.Config = f.Configure(o)
	var err error
	if f.DB, err = clickhouse.Open(&clickhouse.Options{Addr: []string{o.Native}, DialTimeout: 5 * time.Second}); err != nil {
		t.Fatal(err)
	}
	f.Client = f.NewClient()
	f.Admin = kadm.NewClient(f.Client)
	t.Cleanup(func() {
		for _, w := range f.workers {
			w.Kill()
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 30*time.Second)
		defer cancel()
		if err := f.DB.Exec(ctx, "DROP DATABASE IF EXISTS "+f.Name+" SYNC"); err != nil {
			t.Logf("drop the test's database: %v", err)
		}
		_ = f.DB.Close()
	})
	return f
}

// NewClient makes one more client of the installation's Kafka, which writes to
// the partition that a record names. It ends with the test.
func (f *Fleet) NewClient(options ...kgo.Opt) *kgo.Client {
	f.T.Helper()
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(f.Brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerLinger(0),
		kgo.DefaultProduceTopic(f.Name), kgo.ProducerBatchMaxBytes(4 << 20), kgo.ProducerBatchCompression(kgo.NoCompression()),
	}, options...)...)
	if err != nil {
		f.T.Fatal(err)
	}
	f.T.Cleanup(client.Close)
	return client
}

// Configure writes one more configuration of the installation, and returns its
// path. Brokers and Native are the installation's.
func (f *Fleet) Configure(o Options) string {
	f.T.Helper()
	path := filepath.Join(f.T.TempDir(), "watchglass.yaml")
	if err := os.WriteFile(path, []byte(f.configuration(o)), 0o600); err != nil {
		f.T.Fatal(err)
	}
	return path
}

// ConfigureWith is Configure with the installation's own options, changed.
func (f *Fleet) ConfigureWith(change func(*Options)) string {
	f.T.Helper()
	o := f.options
	change(&o)
	return f.Configure(o)
}

func (f *Fleet) configuration(o Options) string {
	root := repository(f.T)
	fallback := func(s *string, value string) {
		if *s == "" {
			*s = value
		}
	}
	if o.Seeds == nil {
		o.Seeds = f.Brokers
	}
	if o.Partitions == 0 {
		o.Partitions = 3
	}
	fallback(&o.Through, f.Native)
	fallback(&o.Topics, "[{name: {name}}]")
	fallback(&o.Policy, filepath.Join(root, "deploy", "policy"))
	fallback(&o.Destinations, "[]")
	return strings.ReplaceAll(render(root, o), "{name}", f.Name)
}

// repository is the folder that go.mod is in.
func repository(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	for ; err == nil; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	t.Fatalf("go.mod is in no folder above this test's: %v", err)
	return ""
}
