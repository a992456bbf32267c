package config_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/watchglass/watchglass/internal/config"
)

func TestDefaults(t *testing.T) {
	cfg := config.Default()
	if cfg.Access.Budget != 64<<20 || cfg.Access.EventMaxAge != 400*24*time.Hour || cfg.HTTP.Listen != "127.0.0.1:9464" {
		t.Errorf("unexpected defaults: %+v", cfg)
	}
	want := []config.AccessTopic{{Name: "access-events", Incarnation: 1, Format: "json"}}
	if diff := cmp.Diff(want, cfg.Kafka.Topics.AccessEvents); diff != "" {
		t.Errorf("access topics (-want +got):\n%s", diff)
	}
	if got := cfg.RulesDir(); got != "policy/rules" {
		t.Errorf("rules are read from %q", got)
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "password", "s3cret\n")
	t.Setenv("WATCHGLASS_TEST_URL", "https://user:pass@hooks.example/T0/secret?token=1")
	cfg := load(t, dir, `
kafka:
  brokers: [kafka-1:9092, "kafka-2:9092"]
  sasl: {mechanism: scram-sha-512, username: wg, password: file:password}
  topics:
    access_events:
      - name: reads
        incarnation: 2
      - {name: pg, format: pgaudit}
clickhouse:
  retention:
    events: 400d
    categories: {location.precise: 90d}
access:
  budget_bytes: 64MiB
policy: {dir: lumen}
alerts:
  destinations:
    - {name: on-call, url: "env:WATCHGLASS_TEST_URL", secrets: [file:password], allow_networks: [10.0.0.0/8]}
`)
	if got := cfg.Kafka.SASL.Password.Reveal(); got != "s3cret" {
		t.Errorf("password is %q", got)
	}
	if got, want := string(cfg.Policy.Dir), filepath.Join(dir, "lumen"); got != want {
		t.Errorf("policy.dir is %q, want %q", got, want)
	}
	if got := cfg.ClickHouse.Retention.Categories["location.precise"]; got != 90*24*time.Hour {
		t.Errorf("retention of location.precise is %v", got)
	}
	want := []config.AccessTopic{{Name: "reads", Incarnation: 2, Format: "json"}, {Name: "pg", Incarnation: 1, Format: "pgaudit"}}
	if diff := cmp.Diff(want, cfg.Kafka.Topics.AccessEvents); diff != "" {
		t.Errorf("access topics (-want +got):\n%s", diff)
	}
	if d := cfg.Alerts.Destinations[0]; d.Timeout != 10*time.Second || !strings.HasPrefix(d.URL.Reveal(), "https://user:pass@") {
		t.Errorf("destination is %+v", d)
	}
}

// Everything wrong is told at once, with its place and what to do.
func TestProblems(t *testing.T) {
	tests := []struct {
		name, file string
		want       []string
	}{
		{"unknown key", "kafka:\n  brokrs: [a:1]\n", []string{`w.yaml:2:3: kafka.brokrs: unknown key: did you mean "brokers"?`}},
		{"unknown section", "kafak: {}\n", []string{`w.yaml:1:1: kafak: unknown key: did you mean "kafka"?`}},
		{"nothing near", "http:\n  zzzzzzzz: 1\n", []string{`w.yaml:2:3: http.zzzzzzzz: unknown key: the keys here are listen, pprof`}},
		{"wrong type", "http:\n  pprof: sometimes\n", []string{`w.yaml:2:10: http.pprof: wants true or false`}},
		{"number for text", "kafka:\n  client_id: 7\n", []string{`w.yaml:2:14: kafka.client_id: wants a text: put it in quotes`}},
		{"text for list", "kafka:\n  brokers: a:1\n", []string{`w.yaml:2:12: kafka.brokers: wants a list, not a single value: write [a, b], or a line for each beginning with -`}},
		{"text for section", "kafka: here\n", []string{`w.yaml:1:8: kafka: wants keys and values, not a single value`}},
		{"no value", "access:\n  max_block_age:\n", []string{`w.yaml:2:18: access.max_block_age: has no value: it wants a duration such as 10s`}},
		{"no unit", "access:\n  max_block_age: 10\n", []string{`w.yaml:2:18: access.max_block_age: not a duration: write a number with its unit, such as 500ms, 10s, 15m, 1h or 400d`}},
		{"out of range", "access:\n  max_block_rows: 0\n", []string{`w.yaml:2:19: access.max_block_rows: out of range: from 1 to 500000`}},
		{"size out of range", "access: {budget_bytes: 1MiB}\n", []string{`w.yaml:1:24: access.budget_bytes: out of range: from 8MiB to 64GiB`}},
		{"unknown value", "log: {level: inof}\n", []string{`w.yaml:1:14: log.level: unknown value: did you mean "info"? it is one of trace, debug, info, warn, error`}},
		{"inline secret", "clickhouse: {password: hunter2}\n", []string{`w.yaml:1:24: clickhouse.password: a secret must not stand here: write file:PATH or env:NAME, and keep it there`}},
		{"unset variable", "clickhouse: {password: env:WATCHGLASS_NOT_SET}\n", []string{`w.yaml:1:24: clickhouse.password: environment variable WATCHGLASS_NOT_SET is not set`}},
		{"missing in a list", "alerts:\n  destinations:\n    - name: a\n", []string{`w.yaml:3:7: alerts.destinations[0].url: is missing: Where to post; file: or env: when the URL itself is a secret.`, `w.yaml:3:7: alerts.destinations[0].secrets: is missing: Signing keys as in Standard Webhooks (whsec_…). Each signs: two while one replaces the other.`}},
		{"not a URL", "alerts:\n  destinations:\n    - {name: a, url: hooks.example, secrets: [env:HOME]}\n", []string{`w.yaml:3:22: alerts.destinations[0].url: not a URL: write https://host/path`}},
		{"empty list", "kafka:\n  brokers: []\n", []string{`w.yaml:2:12: kafka.brokers: is empty: Brokers to start from, host:port.`}},
		{"sasl without password", "kafka:\n  sasl:\n    mechanism: plain\n    username: u\n", []string{`w.yaml:3:5: kafka.sasl.password: is missing: mechanism plain needs it`}},
		{"same topic twice", "kafka:\n  topics:\n    alerts: dead\n", []string{`w.yaml:3:5: kafka.topics: "dead" stands here twice`}},
		{"certificate without key", "kafka:\n  tls:\n    enabled: true\n    cert_file: c.pem\n", []string{`w.yaml:3:5: kafka.tls: cert_file and key_file go together`}},
		{"several plain servers", "clickhouse:\n  addresses: [a:1, b:1]\n", []string{`w.yaml:2:14: clickhouse.addresses: several need clickhouse.engine: replicated: plain tables drop a repeated insert only on the server that got the first`}},
		{"not a network", "alerts:\n  destinations:\n    - {name: a, url: https://hooks.example, secrets: [env:HOME], allow_networks: [10.0.0.1/40]}\n", []string{`w.yaml:3:83: alerts.destinations[0].allow_networks[0]: not a network: write an address and its prefix, such as 10.1.0.0/16`}},
		{"http, not allowed", "alerts:\n  destinations:\n    - {name: a, url: http://hooks.example, secrets: [env:HOME]}\n", []string{`w.yaml:3:22: alerts.destinations[0].url: is plain http: use https, or add allow_http: true`}},
		{"half a day", "clickhouse: {retention: {categories: {message: 36h}}}\n", []string{`w.yaml:1:48: clickhouse.retention.categories.message: wants whole days, such as 90d`}},
		{"rare heartbeats", "kafka: {session_timeout: 1s}\n", []string{`w.yaml:1:26: kafka.heartbeat_interval: is over a third of kafka.session_timeout: one lost heartbeat would cost the partitions`}},
		{"no port", "http: {listen: localhost}\n", []string{`w.yaml:1:16: http.listen: not an address: write host:port`}},
		{"syntax", "kafka: [a\n", []string{`w.yaml:1:8: sequence end token ']' not found`}},
		{"same key twice", "http: {}\nhttp: {}\n", []string{`w.yaml:2:1: mapping key "http" already defined at [1:1]`}},
		{"several", "log:\n  leve: info\nhttp:\n  pprof: 3\n", []string{
			`w.yaml:2:3: log.leve: unknown key: did you mean "level"?`,
			`w.yaml:4:10: http.pprof: wants true or false`,
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := config.Parse("w.yaml", []byte(test.file))
			var problems config.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("got %v, want problems", err)
			}
			if diff := cmp.Diff(test.want, strings.Split(err.Error(), "\n")); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMissingFile(t *testing.T) {
	_, err := config.Load(filepath.Join(t.TempDir(), "none.yaml"))
	if err == nil || !strings.Contains(err.Error(), "--config") {
		t.Errorf("got %v, want a hint to --config", err)
	}
}

// What is printed can be loaded again, and holds no secret.
func TestEffective(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "key")
	write(t, dir, "key", "0123456789abcdef-hush")
	cfg := load(t, dir, fmt.Sprintf(`
clickhouse: {password: "file:%s"}
policy:
  protected_keys: [{id: k1, key: "file:%s"}]
alerts:
  destinations: [{name: a, url: "https://user:hush@hooks.example/x?token=hush", secrets: ["file:%s"]}]
`, secret, secret, secret))
	text, err := cfg.Effective()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text, "hush") {
		t.Errorf("a secret is shown:\n%s", text)
	}
	for _, want := range []string{"budget_bytes: 64MiB", "event_max_age: 400d", "file:" + secret, "mechanism: none"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	again, err := config.Parse(filepath.Join(dir, "w.yaml"), []byte(text))
	if err != nil {
		t.Fatalf("what is printed does not load: %v\n%s", err, text)
	}
	if second, err := again.Effective(); err != nil || second != text {
		t.Errorf("printed again (%v), it differs:\n%s", err, cmp.Diff(text, second))
	}
}

func load(t *testing.T, dir, text string) *config.Config {
	t.Helper()
	write(t, dir, "w.yaml", text)
	cfg, err := config.Load(filepath.Join(dir, "w.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
