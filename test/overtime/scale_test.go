package overtime

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/watchglass/watchglass/consumers/correlate"
	"github.com/watchglass/watchglass/internal/sigma"
	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/internal/stream"
	"github.com/watchglass/watchglass/schema"
	"github.com/watchglass/watchglass/test/engines"
)

var (
	scaleRows   = flag.Int("scale.rows", 1_000_000, "stored rows of the last day")
	scaleRate   = flag.Int("scale.rate", 5000, "new rows a second meanwhile")
	scaleLength = flag.Duration("scale.length", 20*time.Second, "how long they come")
)

// Twenty rules over 24 hours on many stored rows, while new ones arrive: what a run takes
// and reads. It asserts nothing but that the runs go on; see docs/benchmarks.md.
func BenchmarkOverTime(t *testing.B) {
	set, err := sigma.Parse("scale.yml", []byte(scaleRules()), sigma.Options{})
	if err != nil {
		t.Fatal(err)
	}
	cfg := store.Config{Addr: []string{engines.ClickHouse(t)}, Database: engines.Name(t)}
	db, err := store.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := db.Migrate(t.Context(), store.Retention{}); err != nil {
		t.Fatal(err)
	}
	s := &scale{t: t, db: db, set: set}
	s.fill(*scaleRows)
	s.run(*scaleLength)
}

// scaleRules are twenty, of every type that is final, over a day; those on which they rest
// match from a thousandth to a third of all events.
func scaleRules() string {
	var b strings.Builder
	base := map[string]string{
		"third": "action: [read, query]", "tenth": "resource.dataset: ds-1", "hundredth": "purpose.kind: kind-7", "thousandth": "subject.groups: journalist", "exports": "action: export",
	}
	for name, detection := range base {
		fmt.Fprintf(&b, "title: %[1]s\nname: %[1]s\nlogsource: {category: data_access}\ndetection: {s: {%[2]s}, condition: s}\n---\n", name, detection)
	}
	n := 0
	rule := func(text string) {
		n++
		fmt.Fprintf(&b, "title: rule %[1]d\nid: s-%02[1]d\ncorrelation: {%[2]s}\n---\n", n, text)
	}
	for _, of := range []string{"third", "tenth", "hundredth", "thousandth"} {
		rule("type: event_count, rules: [" + of + "], group-by: [accessor.id, subject.ids], timespan: 24h, condition: {gte: 1000000}")
		rule("type: value_count, rules: [" + of + "], group-by: [accessor.id], timespan: 24h, condition: {gte: 1000000, field: subject.ids}")
		rule("type: value_sum, rules: [" + of + "], group-by: [accessor.unit], timespan: 24h, condition: {gt: 1000000000000, field: rows}")
		rule("type: temporal, rules: [" + of + ", exports], group-by: [accessor.session], timespan: 24h")
		rule("type: temporal_ordered, rules: [" + of + ", exports], group-by: [accessor.session], timespan: 1h")
	}
	return strings.TrimSuffix(b.String(), "---\n")
}

// scale is a table that grows.
type scale struct {
	t    *testing.B
	db   *store.DB
	set  *sigma.Set
	rows int64 // offset of the next
	runs []schema.CorrelationRun
}

// insert lets ClickHouse make rows of the events between two times, as a worker would
// store them.
func (s *scale) insert(n int, from, to time.Time) {
	s.t.Helper()
	span := to.Sub(from).Milliseconds()
	query := fmt.Sprintf(`INSERT INTO %s
		(time, action, outcome, accessor_id, accessor_kind, accessor_unit, accessor_session, resource_store, resource_dataset, subject_ids, subject_count, subject_groups, rows, bytes, purpose_kind,
		 data_categories, rules, kafka_topic, kafka_partition, kafka_offset, kafka_time, stored_at)
		SELECT fromUnixTimestamp64Milli(%d + intDiv(number * %d, %d), 'UTC') AS time, ['read','query','list','search','export','copy'][1 + x %% 6] AS action, 'allowed', concat('e-', toString(intHash32(number) %% 3000)), 'person',
			concat('unit-', toString(intHash32(number) %% 40)), concat('s-', toString(intHash32(number + 1) %% 100000)), 'profiles', concat('ds-', toString(intHash32(number + 2) %% 10)) AS dataset,
			[concat('u-', toString(intHash32(number + 3) %% 1000000))], 1, if(x %% 1000 = 1, ['journalist'], []) AS groups, x %% 100, x, concat('kind-', toString(intHash32(number + 4) %% 100)) AS kind,
			['contact.email'], arrayFilter(r -> r != '', [if(action IN ('read','query'), 'third', ''), if(dataset = 'ds-1', 'tenth', ''), if(kind = 'kind-7', 'hundredth', ''), if(notEmpty(groups), 'thousandth', ''), if(action = 'export', 'exports', '')]),
			'in', 0, number, now64(3), now64(3)
		FROM (SELECT number, intHash32(number + 5) AS x FROM numbers(%d, %d)) SETTINGS max_insert_threads = 2`,
		s.db.Name(store.EventsTable), from.UnixMilli()-s.rows*span/int64(n), span, n, s.rows, n)
	if err := s.db.Conn().Exec(s.t.Context(), query); err != nil {
		s.t.Fatal(err)
	}
	s.rows += int64(n)
}

func (s *scale) fill(rows int) {
	s.t.Helper()
	began := time.Now()
	const part = 1_000_000
	parts := max(1, rows/part)
	begin := began.Add(-24 * time.Hour)
	for i := range parts {
		step := 24 * time.Hour / time.Duration(parts)
		s.insert(part, begin.Add(time.Duration(i)*step), begin.Add(time.Duration(i+1)*step))
	}
	s.t.Logf("%d rows in %s", s.rows, time.Since(began).Round(time.Second))
}

func (s *scale) run(length time.Duration) {
	consumer, err := correlate.New(correlate.Config{
		Topic: "correlations", Alerts: "alerts", AccessGroup: "access", Topics: []stream.TopicName{stream.Incarnated("in", 1)},
		Interval: 5 * time.Second, Queries: 2, Checked: closed(), Bounds: store.Bounds{Time: time.Minute, Memory: 4 << 30},
	}, correlate.Deps{
		Rules: s, Progress: s, Table: s.db, Partitions: func(context.Context, string) (int, error) { return 1, nil },
		Publisher: s, Reader: s, Metrics: correlate.NewMetrics(prometheus.NewRegistry()), Log: zerolog.Nop(),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	worker := consumer.Worker(stream.Assigned{Topic: "correlations", Name: "correlations"})
	if err := worker.Restore(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	if err := worker.Tick(s.t.Context(), time.Now()); err != nil {
		s.t.Fatal(err)
	}
	s.runs = nil
	pace := time.NewTicker(5 * time.Second)
	defer pace.Stop()
	for began := time.Now(); time.Since(began) < length; {
		step := time.Now()
		s.insert(5**scaleRate, step.Add(-5*time.Second), step)
		if err := worker.Tick(s.t.Context(), time.Now().Add(time.Hour)); err != nil { // all are due
			s.t.Fatal(err)
		}
		s.t.Logf("all rules took %s", time.Since(step).Round(time.Millisecond))
		<-pace.C
	}
	s.report()
}

func (s *scale) report() {
	byRule := map[string][]schema.CorrelationRun{}
	for _, r := range s.runs {
		if r.Status == schema.RunOK {
			byRule[r.Rule] = append(byRule[r.Rule], r)
		}
	}
	for _, r := range s.set.OverTime() {
		runs := byRule[r.ID]
		if len(runs) == 0 {
			s.t.Errorf("%s was not run", r.ID)
			continue
		}
		slices.SortFunc(runs, func(a, b schema.CorrelationRun) int { return int(a.Took - b.Took) })
		m := runs[len(runs)/2]
		s.t.Logf("%s %-16s %-10s %3d runs: median %6d ms, most %6d ms; %8d new rows, read %9d rows, %6.1f MiB", r.ID, r.Correlation.Type, r.Correlation.Rules[0].ID, len(runs), m.Took.Milliseconds(),
			runs[len(runs)-1].Took.Milliseconds(), m.Rows, m.ReadRows, float64(m.ReadBytes)/(1<<20))
	}
}

// Set implements correlate.Rules.
func (s *scale) Set() *sigma.Set { return s.set }

// Standings implements correlate.Progress.
func (s *scale) Standings(_ context.Context, _ string, topic stream.TopicName) ([]stream.Standing, error) {
	return []stream.Standing{{Assigned: stream.Assigned{Topic: topic.Topic, Name: topic.Name}, Offset: s.rows, Log: stream.Bounds{End: s.rows}}}, nil
}

// Publish implements stream.Publisher.
func (s *scale) Publish(_ context.Context, messages ...stream.Message) error {
	for _, m := range messages {
		var run schema.CorrelationRun
		if m.Topic == "correlations" && json.Unmarshal(m.Value, &run) == nil {
			s.runs = append(s.runs, run)
		}
	}
	return nil
}

// ReadAll implements stream.Reader.
func (s *scale) ReadAll(context.Context, string, int32, func(stream.Record) error) error { return nil }
