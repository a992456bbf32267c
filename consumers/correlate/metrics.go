package correlate

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/watchglass/watchglass/schema"
)

// Metrics of the consumer, by rule.
type Metrics struct {
	runs    *prometheus.CounterVec
	took    *prometheus.GaugeVec
	read    *prometheus.CounterVec
	alerts  *prometheus.CounterVec
	slow    *prometheus.CounterVec
	behind  *prometheus.GaugeVec
	perRule []interface{ DeletePartialMatch(prometheus.Labels) int }
}

// NewMetrics registers the metrics.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	f := promauto.With(reg)
	byRule := []string{"rule"}
	m := &Metrics{
		runs: f.NewCounterVec(prometheus.CounterOpts{
			Name: "watchglass_correlate_runs_total", Help: "Runs of rules over time that took in rows or failed, by status: ok, announced, filled, failed.",
		}, []string{"rule", "status"}),
		took: f.NewGaugeVec(prometheus.GaugeOpts{
			Name: "watchglass_correlate_run_seconds", Help: "How long the last run of a rule over time took.",
		}, byRule),
		read: f.NewCounterVec(prometheus.CounterOpts{
			Name: "watchglass_correlate_read_rows_total", Help: "Rows that ClickHouse read for runs of a rule over time.",
		}, byRule),
		alerts: f.NewCounterVec(prometheus.CounterOpts{
			Name: "watchglass_correlate_alerts_total", Help: "Alerts of rules over time that were published, repeated ones included.",
		}, byRule),
		slow: f.NewCounterVec(prometheus.CounterOpts{
			Name: "watchglass_correlate_slow_total", Help: "Runs of a rule over time that took longer than the interval between them.",
		}, byRule),
		behind: f.NewGaugeVec(prometheus.GaugeOpts{
			Name: "watchglass_correlate_behind_seconds", Help: "How long ago a rule over time last took in all that was stored.",
		}, byRule),
	}
	m.perRule = []interface{ DeletePartialMatch(prometheus.Labels) int }{m.took, m.behind}
	return m
}

// ran counts a run that was published.
func (m *Metrics) ran(r *schema.CorrelationRun) {
	m.runs.WithLabelValues(r.Rule, r.Status).Inc()
	m.took.WithLabelValues(r.Rule).Set(r.Took.Seconds())
	if r.Status != schema.RunAnnounced {
		m.read.WithLabelValues(r.Rule).Add(float64(r.ReadRows))
	}
}

// stands tells how long ago a rule took in everything.
func (m *Metrics) stands(rule string, s *standing, now time.Time) {
	if s != nil {
		m.behind.WithLabelValues(rule).Set(max(0, now.Sub(s.current).Seconds()))
	}
}

// forget takes a rule out that another process runs.
func (m *Metrics) forget(rule string) {
	for _, v := range m.perRule {
		v.DeletePartialMatch(prometheus.Labels{"rule": rule})
	}
}
