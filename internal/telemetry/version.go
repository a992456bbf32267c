package telemetry

import (
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Build says which program this is.
type Build struct {
	Version string // as the linker was told; else the module's; else "dev"
	Commit  string // "unknown" when it was built outside a checkout
	Go      string
	Dirty   bool // built from a changed checkout
}

// BuildInfo joins what the linker was told ("" if nothing) with what the Go
// toolchain recorded.
func BuildInfo(version string) Build {
	b := Build{Version: version, Commit: "unknown"}
	info, ok := debug.ReadBuildInfo()
	if ok {
		b.Go = info.GoVersion
		if b.Version == "" && info.Main.Version != "(devel)" {
			b.Version = info.Main.Version
		}
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				b.Commit = s.Value
			case "vcs.modified":
				b.Dirty = s.Value == "true"
			}
		}
	}
	if b.Version == "" {
		b.Version = "dev"
	}
	return b
}

// NewRegistry returns a registry with the process's, Go's and the build's own
// metrics.
func NewRegistry(b Build) *prometheus.Registry {
	registry := prometheus.NewRegistry()
	info := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "watchglass_build_info",
		Help: "Always 1; the labels say which program this is.",
	}, []string{"version", "commit", "go"})
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), info)
	info.WithLabelValues(b.Version, b.Commit, b.Go).Set(1)
	return registry
}
