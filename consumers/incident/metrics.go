package incident

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/watchglass/watchglass/internal/alert"
)

// Metrics of all workers of a process. No label holds personal data.
type Metrics struct {
	decisions   *prometheus.CounterVec
	open        prometheus.Gauge
	restored    prometheus.Counter
	republished prometheus.Counter
	dead        prometheus.Counter
	handled     prometheus.Histogram
}

// NewMetrics registers the metrics. Call it once for a registerer.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		decisions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "watchglass_incident_decisions_total", Help: "Decisions about incidents, by reason.",
		}, []string{"reason"}),
		open: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "watchglass_incident_open_incidents", Help: "Open incidents of the partitions that this process has.",
		}),
		restored: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "watchglass_incident_restored_total", Help: "Incident states read back when a partition was assigned.",
		}),
		republished: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "watchglass_incident_republished_total", Help: "Restored incidents whose notification was published again, with the same id.",
		}),
		dead: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "watchglass_incident_dead_letters_total", Help: "Records of the topic of alerts, or of incident states, that could not be read.",
		}),
		handled: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "watchglass_incident_handle_seconds", Help: "Time from a batch of alerts to its durable notifications.",
			Buckets: []float64{.001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 5},
		}),
	}
	for _, reason := range alert.Reasons() {
		m.decisions.WithLabelValues(string(reason))
	}
	r.MustRegister(m.decisions, m.open, m.restored, m.republished, m.dead, m.handled)
	return m
}

func (m *Metrics) count(reasons map[alert.Reason]int) {
	for reason, n := range reasons {
		m.decisions.WithLabelValues(string(reason)).Add(float64(n))
	}
}
