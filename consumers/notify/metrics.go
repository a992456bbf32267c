package notify

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/watchglass/watchglass/internal/webhook"
)

// Metrics of all destinations of a process. The only labels are a
// destination's configured name, verdicts and error classes.
type Metrics struct {
	deliveries *prometheus.CounterVec
	errors     *prometheus.CounterVec
	latency    *prometheus.HistogramVec
	request    *prometheus.HistogramVec
	waiting    *prometheus.GaugeVec
	disabled   *prometheus.GaugeVec
	copies     *prometheus.CounterVec
	dead       *prometheus.CounterVec
}

// NewMetrics registers the metrics. Call it once for a registerer.
func NewMetrics(r prometheus.Registerer) *Metrics {
	label := []string{"destination"}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, append([]string{"destination"}, labels...))
	}
	gauge := func(name, help string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, label)
	}
	m := &Metrics{
		deliveries: counter("watchglass_notify_deliveries_total", "Attempts to deliver a notification, by verdict.", "verdict"),
		errors:     counter("watchglass_notify_errors_total", "Attempts without an answer, by class of the error.", "class"),
		copies:     counter("watchglass_notify_copies_total", "Notifications that were there twice and were not sent again."),
		dead:       counter("watchglass_notify_dead_letters_total", "Notifications that were refused for good or could not be read."),
		waiting:    gauge("watchglass_notify_waiting_notifications", "Notifications that failed and wait for their next attempt."),
		disabled:   gauge("watchglass_notify_disabled", "1 when the endpoint has said that it is gone for good (410)."),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "watchglass_notify_latency_seconds", Help: "From the event to the endpoint's answer, for incidents that were opened.",
			Buckets: []float64{.005, .01, .02, .03, .05, .075, .1, .2, .5, 1, 2, 5, 10, 30, 60, 300, 3600},
		}, label),
		request: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "watchglass_notify_request_seconds", Help: "Time of one attempt.",
			Buckets: []float64{.001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 30},
		}, label),
	}
	r.MustRegister(m.deliveries, m.errors, m.latency, m.request, m.waiting, m.disabled, m.copies, m.dead)
	return m
}

// destinationMetrics are those of one destination.
type destinationMetrics struct {
	deliveries map[webhook.Verdict]prometheus.Counter
	errors     map[webhook.Class]prometheus.Counter
	latency    prometheus.Observer
	request    prometheus.Observer
	waiting    prometheus.Gauge
	disabled   prometheus.Gauge
	copies     prometheus.Counter
	dead       prometheus.Counter
}

func (m *Metrics) of(destination string) *destinationMetrics {
	d := &destinationMetrics{
		deliveries: map[webhook.Verdict]prometheus.Counter{},
		errors:     map[webhook.Class]prometheus.Counter{},
		latency:    m.latency.WithLabelValues(destination),
		request:    m.request.WithLabelValues(destination),
		waiting:    m.waiting.WithLabelValues(destination),
		disabled:   m.disabled.WithLabelValues(destination),
		copies:     m.copies.WithLabelValues(destination),
		dead:       m.dead.WithLabelValues(destination),
	}
	for _, v := range webhook.Verdicts() {
		d.deliveries[v] = m.deliveries.WithLabelValues(destination, string(v))
	}
	for _, c := range webhook.Classes() {
		if c != webhook.NoError {
			d.errors[c] = m.errors.WithLabelValues(destination, string(c))
		}
	}
	return d
}
