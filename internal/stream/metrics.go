package stream

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics of all consumers of a process.
type Metrics struct {
	generations     *prometheus.CounterVec
	fetchFailures   prometheus.Counter
	records         *prometheus.CounterVec
	rows            *prometheus.CounterVec
	deadLetters     *prometheus.CounterVec
	gaps            *prometheus.CounterVec
	ahead           *prometheus.CounterVec
	handledLag      *prometheus.GaugeVec
	storedLag       *prometheus.GaugeVec
	insertSeconds   prometheus.Histogram
	insertFailures  prometheus.Counter
	commitSeconds   prometheus.Histogram
	recovered       *prometheus.CounterVec
	publishFailures prometheus.Counter
	budgetBytes     prometheus.Gauge
	budgetWaits     prometheus.Counter
}

// NewMetrics registers the metrics of package stream.
func NewMetrics(r prometheus.Registerer) *Metrics {
	vec := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
		r.MustRegister(c)
		return c
	}
	gauges := func(name, help string, labels ...string) *prometheus.GaugeVec {
		g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
		r.MustRegister(g)
		return g
	}
	one := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
		r.MustRegister(c)
		return c
	}
	seconds := func(name, help string) prometheus.Histogram {
		h := prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: prometheus.ExponentialBuckets(0.001, 2, 16)})
		r.MustRegister(h)
		return h
	}
	m := &Metrics{
		generations:     vec("watchglass_stream_generations_total", "Generations of the consumer group this process took part in.", "group"),
		fetchFailures:   one("watchglass_stream_fetch_failures_total", "Partitions that a fetch brought nothing of because it failed; each is fetched again. A few come with every move of a leader."),
		records:         vec("watchglass_stream_records_total", "Records handled.", "topic"),
		rows:            vec("watchglass_stream_rows_total", "Rows stored, acknowledged by ClickHouse.", "topic"),
		deadLetters:     vec("watchglass_stream_dead_letters_total", "Records sent to the dead letters.", "topic", "reason"),
		gaps:            vec("watchglass_stream_gap_offsets_total", "Offsets that retention removed before they were read.", "topic"),
		ahead:           vec("watchglass_stream_ahead_records_total", "Records matched ahead of storing, while ClickHouse takes nothing; they are matched again when they are stored.", "topic"),
		handledLag:      gauges("watchglass_stream_handled_lag_records", "Records behind the end of the log that are not matched or handled yet.", "topic", "partition"),
		storedLag:       gauges("watchglass_stream_stored_lag_records", "Records behind the end of the log that are not stored and committed yet.", "topic", "partition"),
		insertSeconds:   seconds("watchglass_stream_insert_seconds", "Time from sealing a range to its acknowledgement by ClickHouse and Kafka."),
		insertFailures:  one("watchglass_stream_insert_failures_total", "Inserts that failed or whose outcome is unknown; each is repeated with the same token."),
		commitSeconds:   seconds("watchglass_stream_commit_seconds", "Time of an offset commit."),
		recovered:       vec("watchglass_stream_recovered_ranges_total", "Announced ranges whose fate was asked of ClickHouse after an assignment.", "topic"),
		publishFailures: one("watchglass_stream_publish_failures_total", "Publishing attempts that Kafka did not acknowledge; each is repeated."),
		budgetWaits:     one("watchglass_stream_budget_waits_total", "Times that reading waited for memory to be given back."),
	}
	m.budgetBytes = prometheus.NewGauge(prometheus.GaugeOpts{Name: "watchglass_stream_budget_used_bytes", Help: "Bytes of rows in memory, all partitions together."})
	r.MustRegister(m.budgetBytes)
	return m
}

// lane gives the metrics of one partition.
func (m *Metrics) lane(a Assigned) laneMetrics {
	labels := prometheus.Labels{"topic": a.Name, "partition": strconv.Itoa(int(a.Partition))}
	return laneMetrics{
		records: m.records.WithLabelValues(a.Name), gaps: m.gaps.WithLabelValues(a.Name), ahead: m.ahead.WithLabelValues(a.Name),
		handledLag: m.handledLag.With(labels), storedLag: m.storedLag.With(labels),
		forget: func() { m.handledLag.Delete(labels); m.storedLag.Delete(labels) },
	}
}

// laneMetrics are the metrics of one partition.
type laneMetrics struct {
	records, gaps, ahead  prometheus.Counter
	handledLag, storedLag prometheus.Gauge
	forget                func()
}
