package overtime

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/watchglass/watchglass/consumers/correlate"
	"github.com/watchglass/watchglass/internal/alert"
	"github.com/watchglass/watchglass/internal/sigma"
	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/internal/stream"
	"github.com/watchglass/watchglass/schema"
	"github.com/watchglass/watchglass/test/engines"
)

// The consumer itself on a real table, with everything else going wrong: publishing fails
// before, half way and after; queries fail; owners die at every point and leave a
// state that may be older than another's; rows come in any cut. In the end the alerts
// are those of one evaluation in memory, and the runs of each rule join up.
func TestRunsAreRepeatedAndNeverSkipped(t *testing.T) {
	for seed := range uint64(2) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { newWorld(t, seed).live(t) })
	}
}

// world is what a worker sees, and what goes wrong.
type world struct {
	*rand.Rand
	set    *sigma.Set
	db     *store.DB
	writer *store.Writer

	events    []*schema.AccessEvent
	matched   [][]*sigma.Rule
	places    []schema.Position
	inserted  int
	committed map[int32]int64
	topics    map[string][]stream.Message
	calm      bool // nothing goes wrong any more
	faults    int

	generation int32
}

func newWorld(t *testing.T, seed uint64) *world {
	t.Helper()
	set, err := sigma.Parse("rules.yml", []byte(rules), sigma.Options{})
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
	writer, err := store.NewWriter(store.WriterConfig{Config: cfg, Connections: 1, InsertTimeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(writer.Close)
	w := &world{Rand: rand.New(rand.NewPCG(seed, 2)), set: set, db: db, writer: writer, committed: map[int32]int64{}, topics: map[string][]stream.Message{}}
	matcher, next := set.NewMatcher(), map[int32]int64{}
	for _, e := range events(seed+100, 250) {
		ev := &schema.AccessEvent{Time: e.at.Truncate(time.Millisecond), Action: e.action, Accessor: schema.Accessor{ID: e.accessor}, Subject: schema.Subject{IDs: e.subjects, Count: 1}}
		found := slices.Clone(matcher.Match(ev))
		for _, r := range found {
			ev.Rules = append(ev.Rules, r.ID)
		}
		w.events, w.matched = append(w.events, ev), append(w.matched, found)
		w.places = append(w.places, schema.Position{Topic: "in", Partition: e.partition, Offset: next[e.partition]})
		next[e.partition]++
	}
	return w
}

func (w *world) live(t *testing.T) {
	var owner, former stream.Worker
	begin := func() stream.Worker {
		consumer, err := correlate.New(correlate.Config{
			Topic: "correlations", Alerts: "alerts", AccessGroup: "access", Topics: []stream.TopicName{stream.Incarnated("in", 1)},
			Interval: time.Nanosecond, Queries: 1, Checked: closed(),
		}, correlate.Deps{
			Rules: w, Progress: w, Table: w, Partitions: func(context.Context, string) (int, error) { return 1, nil },
			Publisher: w, Reader: w, Metrics: correlate.NewMetrics(prometheus.NewRegistry()), Log: zerolog.Nop(),
		})
		if err != nil {
			t.Fatal(err)
		}
		w.generation++
		worker := consumer.Worker(stream.Assigned{Topic: "correlations", Name: "correlations", Generation: w.generation})
		for worker.Restore(t.Context()) != nil {
		}
		return worker
	}
	w.calm = true
	owner = begin()
	if err := owner.Tick(t.Context(), time.Now()); err != nil { // every rule begins before the first row
		t.Fatal(err)
	}
	w.calm = false
	for w.inserted < len(w.events) || !w.calm {
		switch w.IntN(6) {
		case 0, 1:
			w.insert(t, 1+w.IntN(60))
		case 2:
			former, owner = owner, begin()
		case 3:
			if former != nil { // a paused owner wakes up
				_ = former.Tick(t.Context(), time.Now())
			}
		default:
			_ = owner.Tick(t.Context(), time.Now())
		}
		w.calm = w.inserted == len(w.events) && w.IntN(10) == 0
	}
	owner = begin()
	if err := owner.Tick(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	w.compare(t)
	w.joined(t)
	if w.faults < 5 {
		t.Errorf("only %d things went wrong", w.faults)
	}
}

func closed() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

// insert stores the next rows and commits their offsets.
func (w *world) insert(t *testing.T, n int) {
	t.Helper()
	block := store.NewBlock()
	end := min(len(w.events), w.inserted+n)
	for i := w.inserted; i < end; i++ {
		block.Append(w.events[i], w.places[i], time.Now(), "json", "")
	}
	if block.Rows() == 0 {
		return
	}
	if err := w.writer.Insert(t.Context(), block, fmt.Sprint("in/", w.inserted), time.Now()); err != nil {
		t.Fatal(err)
	}
	for i := w.inserted; i < end; i++ {
		w.committed[w.places[i].Partition] = w.places[i].Offset + 1
	}
	w.inserted = end
}

// compare holds the alerts to one evaluation in memory.
func (w *world) compare(t *testing.T) {
	t.Helper()
	// Events of one millisecond stand in the order of their places.
	order := make([]int, len(w.events))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(w.places[a].Partition - w.places[b].Partition) })
	timeline := w.set.NewTimeline()
	for n, i := range order {
		timeline.Add(n, w.events[i], w.matched[i])
	}
	want, got := map[string]bool{}, map[string]bool{}
	for _, r := range w.set.OverTime() {
		for _, f := range timeline.Alerts(r) {
			if r.Alerts() {
				o := alert.OverTime{Rule: schema.RuleRef{ID: r.ID}, Bucket: f.Bucket()}
				for _, g := range f.Group {
					o.Group = append(o.Group, schema.Pair{Field: g.Name, Value: g.Value})
				}
				want[o.ID()] = true
			}
		}
	}
	for _, m := range w.topics["alerts"] {
		var a schema.Alert
		if err := json.Unmarshal(m.Value, &a); err != nil {
			t.Fatal(err)
		}
		got[a.ID] = true
	}
	if d := cmp.Diff(want, got); d != "" || len(want) < 20 {
		t.Errorf("%d alerts wanted (-want +got):\n%s", len(want), d)
	}
	t.Logf("%d alerts, published %d times; %d runs written; %d things went wrong", len(want), len(w.topics["alerts"]), len(w.topics["correlations"]), w.faults)
}

// joined asserts that every run of a rule begins where one before it ended: no row was
// skipped.
func (w *world) joined(t *testing.T) {
	t.Helper()
	reached := map[string]map[string]bool{}
	text := func(o map[string]int64) string { b, _ := json.Marshal(o); return string(b) }
	for _, m := range w.topics["correlations"] {
		var run schema.CorrelationRun
		if m.Value == nil {
			continue
		}
		if err := json.Unmarshal(m.Value, &run); err != nil {
			t.Fatal(err)
		}
		if reached[run.Rule] == nil {
			reached[run.Rule] = map[string]bool{text(run.From): true}
		}
		if run.Status == schema.RunOK || run.Status == schema.RunFilled {
			if !reached[run.Rule][text(run.From)] {
				t.Errorf("a run of %s begins at %v, where none ended", run.Rule, run.From)
			}
			reached[run.Rule][text(run.To)] = true
		}
	}
}

var errFault = errors.New("broken on purpose")

func (w *world) broken() bool {
	if w.calm || w.IntN(12) > 0 {
		return false
	}
	w.faults++
	return true
}

// Set implements correlate.Rules.
func (w *world) Set() *sigma.Set { return w.set }

// Standings implements correlate.Progress.
func (w *world) Standings(_ context.Context, _ string, topic stream.TopicName) (all []stream.Standing, err error) {
	if w.broken() {
		return nil, errFault
	}
	for p := range int32(partitions) {
		offset := w.committed[p]
		all = append(all, stream.Standing{Assigned: stream.Assigned{Topic: topic.Topic, Name: topic.Name, Partition: p}, Offset: offset, Log: stream.Bounds{End: offset}})
	}
	return all, nil
}

// Publish implements stream.Publisher.
func (w *world) Publish(_ context.Context, messages ...stream.Message) error {
	fault := 0
	if w.broken() {
		fault = 1 + w.IntN(3)
	}
	switch fault {
	case 1:
		return errFault
	case 2:
		messages = messages[:len(messages)/2]
	}
	for _, m := range messages {
		w.topics[m.Topic] = append(w.topics[m.Topic], m)
	}
	if fault > 0 {
		return errFault
	}
	return nil
}

// ReadAll implements stream.Reader; now and then what Kafka has compacted.
func (w *world) ReadAll(_ context.Context, topic string, _ int32, handle func(stream.Record) error) error {
	last, compacted := map[string]int{}, w.IntN(2) == 0
	for i, m := range w.topics[topic] {
		last[string(m.Key)] = i
	}
	for i, m := range w.topics[topic] {
		if compacted && last[string(m.Key)] != i {
			continue
		}
		if err := handle(stream.Record{Topic: topic, Offset: int64(i), Key: m.Key, Value: m.Value}); err != nil {
			return err
		}
	}
	return nil
}

// The rest implements correlate.Table.

func (w *world) Name(table string) string { return w.db.Name(table) }

func (w *world) Touched(ctx context.Context, query string, b store.Bounds, cost *store.Cost) (store.Touched, error) {
	if w.broken() {
		return store.Touched{}, errFault
	}
	return w.db.Touched(ctx, query, b, cost)
}

func (w *world) OverTime(ctx context.Context, query string, b store.Bounds, cost *store.Cost) ([]store.OverTime, error) {
	if w.broken() {
		return nil, errFault
	}
	return w.db.OverTime(ctx, query, b, cost)
}

func (w *world) Texts(ctx context.Context, places []schema.Position, from, to time.Time, fields []schema.Field, b store.Bounds, cost *store.Cost) ([]store.EventText, error) {
	if w.broken() {
		return nil, errFault
	}
	return w.db.Texts(ctx, places, from, to, fields, b, cost)
}

func (w *world) Sightings(ctx context.Context, query string, b store.Bounds, cost *store.Cost) ([]store.Sighting, error) {
	if w.broken() {
		return nil, errFault
	}
	return w.db.Sightings(ctx, query, b, cost)
}

func (w *world) LastTime(ctx context.Context, topic string, partition int32, below int64) (time.Time, error) {
	return w.db.LastTime(ctx, topic, partition, below)
}
