package stream

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
)

// Keys of Kafka's requests.
const (
	produceKey      = 0
	fetchKey        = 1
	listOffsetsKey  = 2
	offsetCommitKey = 8
	offsetFetchKey  = 9
	joinKey         = 11
	heartbeatKey    = 12
)

// Each step that the exact consumer takes fails, before or after it took
// effect. Whatever fails: every record is one row or one dead letter, every
// alert is published, the ledger accounts for everything, the offset ends where
// it has to, and a metric tells of it.
func TestStoreWhateverFails(t *testing.T) {
	before, after := kerr.NotLeaderForPartition, kerr.NotEnoughReplicasAfterAppend
	publishing := func(m *Metrics) float64 { return testutil.ToFloat64(m.publishFailures) }
	generations := func(m *Metrics) float64 { return testutil.ToFloat64(m.generations.WithLabelValues("g")) - 1 }
	quiet := func(*Metrics) float64 { return 1 } // a fetch or a start that is tried again is no news
	for name, c := range map[string]struct {
		key     int16
		topic   string
		err     *kerr.Error
		times   int
		atStore bool // from the first insert on, not from the start
		metric  func(*Metrics) float64
	}{
		"the offsets cannot be read at first":              {offsetFetchKey, "in", kerr.UnknownTopicOrPartition, 2, false, quiet},
		"the log's bounds cannot be read at first":         {listOffsetsKey, "in", before, 3, false, quiet},
		"joining is refused at first":                      {joinKey, "", kerr.CoordinatorNotAvailable, 2, false, quiet},
		"fetches fail":                                     {fetchKey, "in", before, 3, false, quiet},
		"fetches fail later":                               {fetchKey, "in", before, 2, true, quiet},
		"an announcement is refused":                       {offsetCommitKey, "in", kerr.NotCoordinator, 1, false, generations},
		"an announcement takes effect, but seems not to":   {offsetCommitKey, "in", kerr.RequestTimedOut, 1, false, generations},
		"finishing a range is refused":                     {offsetCommitKey, "in", kerr.NotCoordinator, 1, true, generations},
		"finishing a range takes effect, but seems not to": {offsetCommitKey, "in", kerr.RequestTimedOut, 1, true, generations},
		"commits fail again and again":                     {offsetCommitKey, "in", kerr.NotCoordinator, 3, false, generations},
		"alerts are not written":                           {produceKey, "alerts", before, 2, false, publishing},
		"alerts are written, but seem not to be":           {produceKey, "alerts", after, 2, false, publishing},
		"dead letters are not written":                     {produceKey, "dead", before, 2, false, publishing},
		"dead letters are written, but seem not to be":     {produceKey, "dead", after, 2, false, publishing},
		"the ledger is not written":                        {produceKey, "ledger", before, 2, false, publishing},
		"the ledger is written, but seems not to be":       {produceKey, "ledger", after, 2, false, publishing},
		"the generation ends while a range is on its way":  {heartbeatKey, "", kerr.RebalanceInProgress, 1, true, generations},
		"the member is thrown out":                         {heartbeatKey, "", kerr.UnknownMemberID, 1, true, generations},
	} {
		t.Run(name, func(t *testing.T) {
			fakes, k := faulty(t, 1, "in", "dead", "alerts", "ledger")
			rows, alerts, dead := mixture(t, k, 250)
			fault := kfake.Fault{Topic: c.topic, Err: c.err, Count: c.times, TopLevel: c.topic == ""}
			fault.Keys = keys(fault.Keys, c.key)
			tb := newTable()
			var first sync.Once
			var installed *kfake.FaultHandle
			there := make(chan struct{})
			install := func() { first.Do(func() { installed = fakes.Fault(fault); close(there) }) }
			switch {
			case !c.atStore:
				install()
			case c.key == heartbeatKey: // the insert does not end before the generation does
				tb.fail = func(context.Context, string) (error, error) {
					install()
					if installed.Hits() == 0 {
						return errFault, nil
					}
					return nil, nil
				}
			default:
				tb.fail = func(context.Context, string) (error, error) { install(); return nil, nil }
			}
			stop := run(t, k, tb)
			select {
			case <-there:
			case <-time.After(patience):
				t.Fatal("nothing was stored")
			}
			met, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			if err := installed.Wait(met, c.times); err != nil {
				t.Fatal("the fault was not met:", err)
			}
			until(t, "the end is committed", func() bool { return offsetOf(t, k, "g", "in", 0) == committed{250, "wg1 -"} })
			if err := stop(); err != nil {
				t.Fatal(err)
			}
			if c.metric(k.cfg.Metrics) < 1 {
				t.Error("no metric tells of it")
			}
			if end := accounted(t, k, "ledger"); end != 250 {
				t.Errorf("the ledger accounts for what is below %d, want 250", end)
			}
			if diff := cmp.Diff(rows, tb.rows); diff != "" {
				t.Error("rows:", diff)
			}
			if diff := cmp.Diff(alerts, published(t, k, "alerts", func(r Record) string { return string(r.Value) })); diff != "" {
				t.Error("alerts:", diff)
			}
			if diff := cmp.Diff(dead, published(t, k, "dead", func(r Record) string { return string(r.Key) })); diff != "" {
				t.Error("dead letters:", diff)
			}
		})
	}
}

// keys makes the list that a fault wants, of a type that is not ours to name.
func keys[K ~int16](_ []K, key int16) []K { return []K{K(key)} }

// mixture writes n records, some of which are alerts and some poison, and says
// what has to become of them.
func mixture(t *testing.T, k *Kafka, n int) (rows map[string]int, alerts, dead map[string]bool) {
	t.Helper()
	rows, alerts, dead = map[string]int{}, map[string]bool{}, map[string]bool{}
	values := numbered(n)
	for i := range values {
		switch i % 50 {
		case 10:
			values[i] = "alert"
			alerts[fmt.Sprint(i)] = true
		case 20:
			values[i] = "poison"
			dead[fmt.Sprint("in/0/", i)] = true
			continue
		}
		rows[fmt.Sprintf("in/0/%d %s", i, values[i])] = 1
	}
	produce(t, k, "in", 0, values...)
	return rows, alerts, dead
}

// published is the set of a topic's messages.
func published(t *testing.T, k *Kafka, topic string, of func(Record) string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	err := k.ReadAll(t.Context(), topic, 0, func(r Record) error {
		found[strings.Clone(of(r))] = true
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// Many announced ranges, each of several fetches, and together far more than
// the budget and than what may be fetched ahead: one after the other they are
// completed.
func TestAnnouncedRangesOfManyFetchesAreCompleted(t *testing.T) {
	const partitions, records = 20, 4
	k := cluster(t, partitions, "in", "dead", "alerts")
	noise := rand.New(rand.NewPCG(1, 2))
	value := make([]byte, 240<<10)
	for i := range value {
		value[i] = byte(noise.Uint32())
	}
	for p := range int32(partitions) {
		for range records {
			produce(t, k, "in", p, string(value))
		}
		commitAs(t, k, "g", "in", p, committed{0, fmt.Sprintf("wg1 0-%d m=0", records)})
	}
	tb := newTable()
	stop := run(t, k, tb) // with a budget of 1 MiB
	once(t, tb.stored(t, partitions*records), partitions*records)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}

func TestWhatRetentionRemovedIsCountedAndPassedOver(t *testing.T) {
	fakes, k := faulty(t, 1, "dead", "alerts")
	err := k.EnsureTopics(t.Context(), true, TopicSpec{Name: "in", Partitions: 1, Replication: 1, Settings: map[string]string{
		"segment.bytes": "1048576", "retention.bytes": "1048576",
	}})
	if err != nil {
		t.Fatal(err)
	}
	noise := rand.New(rand.NewPCG(1, 2))
	value := make([]byte, 500<<10)
	for i := range value {
		value[i] = byte(noise.Uint32())
	}
	for range 12 {
		produce(t, k, "in", 0, string(value))
	}
	fakes.ApplyRetention()
	log, err := k.Bounds(t.Context(), "in", 0)
	if err != nil {
		t.Fatal(err)
	}
	first, left := log[0].First, int(log[0].End-log[0].First)
	if first < 3 || left == 0 {
		t.Fatalf("retention left %+v: nothing to see here", log[0])
	}
	commitAs(t, k, "g", "in", 0, committed{1, "wg1 1-3 m=1"}) // also what was announced is gone
	tb := newTable()
	stop := run(t, k, tb)
	once(t, tb.stored(t, left), left)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if got, want := testutil.ToFloat64(k.cfg.Metrics.gaps.WithLabelValues("in")), float64(first-1); got != want {
		t.Errorf("%v offsets were counted as gone, want %v", got, want)
	}
	if got := offsetOf(t, k, "g", "in", 0); got != (committed{12, "wg1 -"}) {
		t.Errorf("committed %+v", got)
	}
}

func TestMembersComeAndGo(t *testing.T) {
	const partitions, each = 4, 300
	k := cluster(t, partitions, "in", "dead", "alerts")
	tb := newTable()
	more := func() {
		for p := range int32(partitions) {
			produce(t, k, "in", p, numbered(each)...)
		}
	}
	member := func() (joined chan struct{}, stop func() error) {
		joined = make(chan struct{}, 1)
		ctx, cancel := context.WithCancel(t.Context())
		publisher := k.Publisher()
		cfg := storeConfig(t, k, tb, publisher)
		cfg.Ready = func(err error) {
			if err == nil {
				select {
				case joined <- struct{}{}:
				default:
				}
			}
		}
		done := make(chan error, 1)
		go func() { done <- k.Store(ctx, cfg) }()
		return joined, func() error {
			cancel()
			err := <-done
			publisher.Close()
			if cfg.Budget.used != 0 {
				t.Errorf("%d bytes of the budget are still taken", cfg.Budget.used)
			}
			return err
		}
	}
	more()
	_, stopFirst := member()
	tb.stored(t, partitions*each/2)
	joined, stopSecond := member()
	more()
	select {
	case <-joined:
	case <-time.After(patience):
		t.Fatal("the second member did not join")
	}
	more()
	if err := stopFirst(); err != nil {
		t.Fatal(err)
	}
	more()
	once(t, tb.stored(t, 4*partitions*each), 4*partitions*each)
	if err := stopSecond(); err != nil {
		t.Fatal(err)
	}
	once(t, tb.rows, 4*partitions*each)
}

// accounted is how far the entries of a ledger reach without a gap.
func accounted(t *testing.T, k *Kafka, topic string) (end int64) {
	t.Helper()
	err := k.ReadAll(t.Context(), topic, 0, func(r Record) error {
		var e LedgerEntry
		if err := json.Unmarshal(r.Value, &e); err != nil {
			return err
		}
		if e.From <= end {
			end = max(end, e.To)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return end
}

// Each way in which an insert can fail: before it took effect or after, with an
// error, or by not coming to an end.
func TestInsertWhateverFails(t *testing.T) {
	for name, c := range map[string]struct{ before, after error }{
		"refused": {before: errFault},
		"its answer is lost after it took effect": {after: errFault},
		"too late, and not stored":                {before: context.DeadlineExceeded},
		"too late, but stored":                    {after: context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			k := cluster(t, 1, "in", "dead", "alerts")
			rows, alerts, _ := mixture(t, k, 250)
			tb := newTable()
			failures := 3
			tb.fail = func(context.Context, string) (error, error) {
				if failures--; failures >= 0 {
					return c.before, c.after
				}
				return nil, nil
			}
			stop := run(t, k, tb)
			until(t, "the end is committed", func() bool { return offsetOf(t, k, "g", "in", 0) == committed{250, "wg1 -"} })
			if err := stop(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(rows, tb.rows); diff != "" {
				t.Error("rows:", diff)
			}
			if diff := cmp.Diff(alerts, published(t, k, "alerts", textOf)); diff != "" {
				t.Error("alerts:", diff)
			}
			if n := testutil.ToFloat64(k.cfg.Metrics.insertFailures); n != 3 {
				t.Errorf("%v failed inserts were counted, want 3", n)
			}
		})
	}
}
