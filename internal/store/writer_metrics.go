package store

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

type writerMetrics struct {
	rows    *prometheus.CounterVec
	inserts *prometheus.CounterVec
	seconds *prometheus.HistogramVec
	windows map[string]*windowUse // by table
}

func newWriterMetrics(r prometheus.Registerer) writerMetrics {
	f := promauto.With(r)
	windows := map[string]*windowUse{}
	for _, table := range []string{EventsTable, AlertsTable, IncidentsTable, DeliveriesTable, LedgerTable, RunsTable, DeadTable} {
		use := new(windowUse)
		windows[table] = use
		f.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "watchglass_store_window_used_ratio", ConstLabels: prometheus.Labels{"table": table},
			Help: "Part of the table's deduplication window that this process's inserts of the last 20 minutes take. Add up over the fleet: above 1, a repeated insert could be stored twice.",
		}, func() float64 { return use.ratio(time.Now()) })
	}
	return writerMetrics{
		windows: windows,
		rows: f.NewCounterVec(prometheus.CounterOpts{
			Name: "watchglass_store_inserted_rows_total", Help: "Rows that ClickHouse acknowledged, repeated attempts included.",
		}, []string{"table"}),
		inserts: f.NewCounterVec(prometheus.CounterOpts{
			Name: "watchglass_store_inserts_total", Help: "Attempts to insert a block, by result: ok, retryable, fatal.",
		}, []string{"table", "result"}),
		seconds: f.NewHistogramVec(prometheus.HistogramOpts{
			Name: "watchglass_store_insert_duration_seconds", Help: "Time of one attempt, waiting for a connection included.",
			Buckets: prometheus.ExponentialBuckets(0.005, 2, 15),
		}, []string{"table"}),
	}
}

func (m *writerMetrics) observe(rows Rows, took time.Duration, err error) {
	table := rows.Table()
	if use := m.windows[table]; use != nil {
		use.add(time.Now())
	}
	m.seconds.WithLabelValues(table).Observe(took.Seconds())
	switch {
	case err == nil:
		m.rows.WithLabelValues(table).Add(float64(rows.Rows()))
		m.inserts.WithLabelValues(table, "ok").Inc()
	case Retryable(err):
		m.inserts.WithLabelValues(table, "retryable").Inc()
	default:
		m.inserts.WithLabelValues(table, "fatal").Inc()
	}
}
