// Package overtime holds rules over time to their promise: whatever happens to the
// workers, and in whatever order events arrive, the alerts are those of a single
// undisturbed evaluation of the same events.
package overtime

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/watchglass/watchglass/internal/alert"
	"github.com/watchglass/watchglass/internal/enrich"
	"github.com/watchglass/watchglass/internal/sigma"
	"github.com/watchglass/watchglass/internal/source"
	"github.com/watchglass/watchglass/schema"
	"github.com/watchglass/watchglass/test/fleet"
)

func TestMain(m *testing.M) { fleet.Main(m) }

// site is an installation with rules of its own.
type site struct {
	*fleet.Fleet
	t     *testing.T
	rules string // folder
}

const partitions = 4

func newSite(t *testing.T, rules string, extra string) *site {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "rules.yml"), []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, rules: dir, Fleet: fleet.New(t, fleet.Options{
		Kafka: "session_timeout: 3s",
		Extra: fmt.Sprintf("rules: {dir: %s}\naccess: {max_block_age: 50ms, inserts_per_second: 100}\ncorrelate: {interval: 1s, %s}", dir, extra),
	})}
	s.Migrate()
	s.CreateTopic(partitions)
	return s
}

// event is one that a test sends.
type event struct {
	partition int32
	at        time.Time
	action    string
	accessor  string
	subjects  []string
}

func (e *event) record() *kgo.Record {
	return &kgo.Record{Partition: e.partition, Value: fmt.Appendf(nil,
		`{"time":%q,"action":%q,"accessor":{"id":%q},"resource":{"store":"profiles","dataset":"us.users.sessions"},"subject":{"ids":["%s"]}}`,
		e.at.UTC().Format("2006-01-02T15:04:05.000Z"), e.action, e.accessor, strings.Join(e.subjects, `","`))}
}

// events are many of few accessors: bursts, and events up to a day late among them.
func events(seed uint64, n int) (list []event) {
	r := rand.New(rand.NewPCG(seed, 1))
	now := time.Now().Add(-time.Minute)
	for range n {
		e := event{
			partition: r.Int32N(partitions), accessor: fmt.Sprintf("e-%d", r.IntN(8)), subjects: []string{fmt.Sprintf("u-%d", r.IntN(5))},
			action: []string{"read", "query", "export", "copy"}[r.IntN(4)], at: now.Add(-time.Duration(r.IntN(600)) * time.Second),
		}
		if r.IntN(10) == 0 {
			e.at = now.Add(-time.Duration(r.IntN(24*3600)) * time.Second)
		}
		list = append(list, e)
	}
	return list
}

// want evaluates rules on the events in memory: the ids of the alerts, sorted. Events of
// one millisecond stand in the order of their place in Kafka, as they do in the table.
func want(t *testing.T, s *site, sent []event) (ids []string) {
	t.Helper()
	set, err := sigma.LoadDir(s.rules, sigma.Options{})
	if err != nil {
		t.Fatal(err)
	}
	decoder, err := source.New(source.JSON, source.Config{})
	if err != nil {
		t.Fatal(err)
	}
	const policyDir = "../../deploy/policy"
	key, err := os.ReadFile(policyDir + "/demo.key")
	if err != nil {
		t.Fatal(err)
	}
	policy, err := enrich.Load(enrich.Config{PolicyDir: policyDir, ProtectedKeys: []enrich.Key{{ID: "demo", Secret: bytes.TrimSpace(key)}}})
	if err != nil {
		t.Fatal(err)
	}
	enricher, matcher, timeline := policy.NewEnricher(), set.NewMatcher(), set.NewTimeline()
	slices.SortStableFunc(sent, func(a, b event) int { return int(a.partition - b.partition) })
	for i := range sent {
		ev := new(schema.AccessEvent)
		if err := decoder.Decode(sent[i].record().Value, time.Now(), ev); err != nil {
			t.Fatal(err)
		}
		enricher.Enrich(ev)
		timeline.Add(i, ev, matcher.Match(ev))
	}
	for _, r := range set.OverTime() {
		if !r.Alerts() {
			continue
		}
		for _, f := range timeline.Alerts(r) {
			o := alert.OverTime{Rule: schema.RuleRef{ID: r.ID}, Bucket: f.Bucket()}
			for _, g := range f.Group {
				o.Group = append(o.Group, schema.Pair{Field: g.Name, Value: g.Value})
			}
			ids = append(ids, o.ID())
		}
	}
	slices.Sort(ids)
	return ids
}

// alerts are the ids of those of rules over time in ClickHouse, sorted.
func (s *site) alerts() []string {
	return fleet.Ask[[]string](s.Fleet, "SELECT arraySort(groupArray(id)) FROM {db}.alerts WHERE event_topic = ''")
}

// settled waits until every rule has taken in all that was sent, and its alerts are
// archived; it gives the ids.
func (s *site) settled(sent int, rules int) []string {
	s.t.Helper()
	s.Until(fleet.CountRows, uint64(sent)) //nolint:gosec // a length
	ends := s.Ends(s.Name)
	s.Until(fmt.Sprintf("SELECT countIf(behind = 0) FROM (SELECT rule, toInt64(%d) - arraySum(x -> toInt64(x), mapValues(argMax(offsets_to, sequence))) AS behind FROM {db}.correlation_runs WHERE status IN ('ok', 'filled') GROUP BY rule)", ends), uint64(rules)) //nolint:gosec // a length
	published := func() uint64 {
		return s.One("SELECT sum(alerts) FROM {db}.correlation_runs WHERE status = 'ok'")
	}
	s.Until("SELECT count() FROM {db}.alerts WHERE event_topic = ''", published())
	return s.alerts()
}

// chained asserts that the runs of every rule take in everything, without a gap.
func (s *site) chained() {
	s.t.Helper()
	const gaps = `SELECT count() FROM (
		SELECT rule, sequence, offsets_from, lagInFrame(offsets_to) OVER w AS before, row_number() OVER w AS n
		FROM {db}.correlation_runs WHERE status IN ('ok', 'filled') WINDOW w AS (PARTITION BY rule ORDER BY sequence ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW))
		WHERE n > 1 AND toString(offsets_from) != toString(before)`
	if n := s.One(gaps); n > 0 {
		s.t.Errorf("%d runs do not begin where the one before ended", n)
	}
}

// write replaces the rules while workers run.
func (s *site) write(rules string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.rules, "rules.yml"), []byte(rules), 0o600); err != nil {
		s.t.Fatal(err)
	}
}
