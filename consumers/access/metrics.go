package access

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/watchglass/watchglass/schema"
)

type metrics struct {
	skipped      *prometheus.CounterVec
	alerts       *prometheus.CounterVec
	unknown      prometheus.Counter
	unclassified prometheus.Counter
	truncated    prometheus.Counter
	unlocated    *prometheus.CounterVec
}

func newMetrics(r prometheus.Registerer) *metrics {
	m := &metrics{
		skipped:      prometheus.NewCounterVec(prometheus.CounterOpts{Name: "watchglass_access_skipped_records_total", Help: "Records that are no access records, such as a database's other log lines."}, []string{"topic"}),
		alerts:       prometheus.NewCounterVec(prometheus.CounterOpts{Name: "watchglass_access_alerts_total", Help: "Alerts raised, by rule. A record that is read again counts again."}, []string{"rule"}),
		unknown:      prometheus.NewCounter(prometheus.CounterOpts{Name: "watchglass_access_unknown_accessors_total", Help: "Events of accessors that the directory does not know."}),
		unclassified: prometheus.NewCounter(prometheus.CounterOpts{Name: "watchglass_access_unclassified_events_total", Help: "Events that nothing in the catalog fits."}),
		truncated:    prometheus.NewCounter(prometheus.CounterOpts{Name: "watchglass_access_truncated_events_total", Help: "Events whose subject ids were cut off at the limit."}),
		unlocated:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "watchglass_access_location_events_total", Help: "Events by the state of the accessor's location."}, []string{"state"}),
	}
	r.MustRegister(m.skipped, m.alerts, m.unknown, m.unclassified, m.truncated, m.unlocated)
	return m
}

// laneMetrics are the counters of one partition's builder.
type laneMetrics struct {
	*metrics
	skipped prometheus.Counter
	states  map[string]prometheus.Counter
}

func (m *metrics) lane(topic string) laneMetrics {
	l := laneMetrics{metrics: m, skipped: m.skipped.WithLabelValues(topic), states: map[string]prometheus.Counter{}}
	for _, state := range schema.LocationStates() {
		l.states[state] = m.unlocated.WithLabelValues(state)
	}
	return l
}

func (l *laneMetrics) alert(rule string) { l.alerts.WithLabelValues(rule).Inc() }

// observe counts what an operator wants to see of enriched events.
func (l *laneMetrics) observe(ev *schema.AccessEvent) {
	if !ev.Enrichment.Known {
		l.unknown.Inc()
	}
	if len(ev.Enrichment.Categories) == 1 && ev.Enrichment.Categories[0] == schema.Unclassified {
		l.unclassified.Inc()
	}
	if ev.Subject.Truncated {
		l.truncated.Inc()
	}
	if c, ok := l.states[ev.Enrichment.LocationState]; ok {
		c.Inc()
	}
}
