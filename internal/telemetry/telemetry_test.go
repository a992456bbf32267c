package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/watchglass/watchglass/internal/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestLogger(t *testing.T) {
	tests := []struct {
		name   string
		cfg    telemetry.LogConfig
		isJSON bool
	}{
		{"JSON when asked for", telemetry.LogConfig{Level: "info", Format: "json"}, true},
		{"JSON where there is no terminal", telemetry.LogConfig{Level: "info", Format: "auto"}, true},
		{"text when asked for", telemetry.LogConfig{Level: "info", Format: "text"}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			log, err := telemetry.NewLogger(test.cfg, &out)
			if err != nil {
				t.Fatal(err)
			}
			log.Debug().Msg("below the level")
			log.Info().Msg("one line")
			if got := json.Valid(out.Bytes()); got != test.isJSON || strings.Count(out.String(), "\n") != 1 {
				t.Errorf("wrote %q", out.String())
			}
			if strings.Contains(out.String(), "\x1b[") {
				t.Errorf("colours without a terminal: %q", out.String())
			}
		})
	}
	for _, wrong := range []telemetry.LogConfig{{Level: "", Format: "json"}, {Level: "loud", Format: "json"}, {Level: "info", Format: "xml"}} {
		if _, err := telemetry.NewLogger(wrong, io.Discard); err == nil {
			t.Errorf("%+v is taken", wrong)
		}
	}
}

func TestServer(t *testing.T) {
	registry := telemetry.NewRegistry(telemetry.BuildInfo("v9"))
	ready := telemetry.NewReady(registry, "kafka", "clickhouse")
	get, stop := serve(t, telemetry.ServerConfig{Listen: "127.0.0.1:0"}, ready, registry)
	defer stop()

	steps := []struct {
		name   string
		given  func()
		path   string
		status int
		want   string
	}{
		{"alive from the start", nil, "/livez", 200, "ok\n"},
		{"waits for all at first", nil, "/readyz", 503, "clickhouse: waiting: starting\nkafka: waiting: starting\n"},
		{"says what it waits for", func() { ready.Set("kafka", nil); ready.Set("clickhouse", errors.New("connection refused")) }, "/readyz", 503, "clickhouse: waiting: connection refused\nkafka: ok\n"},
		{"ready when all hold", func() { ready.Set("clickhouse", nil) }, "/readyz", 200, "clickhouse: ok\nkafka: ok\n"},
		{"not ready again", func() { ready.Set("kafka", io.EOF) }, "/readyz", 503, "clickhouse: ok\nkafka: waiting: EOF\n"},
		{"no profiles unless asked for", nil, "/debug/pprof/", 404, "404 page not found\n"},
	}
	for _, step := range steps {
		if step.given != nil {
			step.given()
		}
		if status, body := get(step.path); status != step.status || body != step.want {
			t.Errorf("%s: %s gives %d %q, want %d %q", step.name, step.path, status, body, step.status, step.want)
		}
	}
	_, metrics := get("/metrics")
	for _, want := range []string{`watchglass_build_info{`, `version="v9"`, `watchglass_ready_condition_info{condition="kafka"} 0`, `watchglass_ready_condition_info{condition="clickhouse"} 1`, "process_resident_memory_bytes"} {
		if !strings.Contains(metrics, want) {
			t.Errorf("/metrics lacks %s", want)
		}
	}
}

func TestServerWithProfiles(t *testing.T) {
	registry := prometheus.NewRegistry()
	get, stop := serve(t, telemetry.ServerConfig{Listen: "127.0.0.1:0", Pprof: true}, telemetry.NewReady(registry), registry)
	defer stop()
	if status, _ := get("/debug/pprof/"); status != http.StatusOK {
		t.Errorf("status %d", status)
	}
}

func TestServerAddressInUse(t *testing.T) {
	registry := prometheus.NewRegistry()
	ready := telemetry.NewReady(registry)
	first, err := telemetry.NewServer(telemetry.ServerConfig{Listen: "127.0.0.1:0"}, ready, registry, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	_, err = telemetry.NewServer(telemetry.ServerConfig{Listen: first.Addr()}, ready, registry, zerolog.Nop())
	if err == nil || !strings.Contains(err.Error(), "http.listen") {
		t.Errorf("got %v, want an error that names http.listen", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := first.Run(ctx); err != nil {
		t.Error(err)
	}
}

func TestNoServer(t *testing.T) {
	registry := prometheus.NewRegistry()
	_, stop := serve(t, telemetry.ServerConfig{}, telemetry.NewReady(registry), registry)
	stop()
}

func TestReadyMetric(t *testing.T) {
	registry := prometheus.NewRegistry()
	telemetry.NewReady(registry, "kafka").Set("kafka", nil)
	want := `
# HELP watchglass_ready_condition_info 1 when the condition of /readyz holds, 0 when the process waits for it.
# TYPE watchglass_ready_condition_info gauge
watchglass_ready_condition_info{condition="kafka"} 1
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
}

// serve runs a server until stop, and gets from it.
func serve(t *testing.T, cfg telemetry.ServerConfig, ready *telemetry.Ready, registry *prometheus.Registry) (get func(path string) (int, string), stop func()) {
	t.Helper()
	server, err := telemetry.NewServer(cfg, ready, registry, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx) }()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	get = func(path string) (int, string) {
		response, err := client.Get("http://" + server.Addr() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(body)
	}
	return get, func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run ended with %v", err)
		}
	}
}
