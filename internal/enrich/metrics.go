package enrich

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	reloads *prometheus.CounterVec
	stale   *prometheus.GaugeVec
	entries *prometheus.GaugeVec
	loaded  prometheus.Gauge
}

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		reloads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "watchglass_policy_reload_total",
			Help: "Changed parts of the policy that were put in force (loaded), or were wrong and left out (rejected).",
		}, []string{"part", "result"}),
		stale: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "watchglass_policy_stale",
			Help: "1 while the files of a part of the policy differ from what is in force, because something is wrong with them.",
		}, []string{"part"}),
		entries: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "watchglass_policy_entries",
			Help: "Entries of the policy in force, by kind.",
		}, []string{"kind"}),
		loaded: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "watchglass_policy_loaded_timestamp_seconds",
			Help: "When the policy in force was loaded.",
		}),
	}
	reg.MustRegister(m.reloads, m.stale, m.entries, m.loaded)
	for p := range partCount {
		m.stale.WithLabelValues(p.String()).Set(0)
		m.reloads.WithLabelValues(p.String(), string(Loaded))
		m.reloads.WithLabelValues(p.String(), string(Rejected))
	}
	return m
}

func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
