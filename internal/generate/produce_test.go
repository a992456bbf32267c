package generate

import (
	"context"
	"maps"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// consume reads n records of a topic.
func consume(t *testing.T, brokers []string, topic string, n int) []*kgo.Record {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.ConsumeTopics(topic))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var records []*kgo.Record
	for len(records) < n {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatalf("after %d of %d records: %v", len(records), n, err)
		}
		records = append(records, fetches.Records()...)
	}
	return records
}

func TestProduceSendsEveryEventOnce(t *testing.T) {
	const count = 5000
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(3, "fast", "even"))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	o := Options{Seed: 7, Count: count, Acts: Story()}
	want := map[string]string{} // value → key
	g, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	for e, ok := g.Next(); ok; e, ok = g.Next() {
		want[string(e.Value)] = string(e.Key)
	}
	for topic, rate := range map[string]float64{"fast": 0, "even": 20_000} {
		if g, err = New(o); err != nil {
			t.Fatal(err)
		}
		var sent, planted atomic.Int64
		began := time.Now()
		n, err := Produce(t.Context(), Target{
			Brokers: cluster.ListenAddrs(), Topic: topic, Rate: rate, Sent: &sent, Planted: func(Event) { planted.Add(1) },
		}, g)
		if err != nil || n != count || sent.Load() != count {
			t.Fatalf("%s: produced %d, counted %d, error %v; want %d", topic, n, sent.Load(), err, count)
		}
		if took := time.Since(began); rate > 0 && took < time.Duration(count/rate*float64(time.Second)) {
			t.Errorf("%s: took %s, sooner than the rate allows", topic, took)
		}
		if planted.Load() != int64(len(storyEvents())) {
			t.Errorf("%s: told of %d planted events, want %d", topic, planted.Load(), len(storyEvents()))
		}
		got := map[string]string{}
		for _, r := range consume(t, cluster.ListenAddrs(), topic, count) {
			got[string(r.Value)] = string(r.Key)
		}
		if !maps.Equal(want, got) {
			t.Errorf("%s: %d different records arrived, and not just the %d that were made", topic, len(got), len(want))
		}
	}
}

func storyEvents() []Planted {
	var all []Planted
	for _, act := range Story() {
		all = append(all, act.Events...)
	}
	return all
}

func TestProduceReportsWhatFailed(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	g, err := New(Options{Seed: 1, Count: 100})
	if err != nil {
		t.Fatal(err)
	}
	n, err := Produce(t.Context(), Target{Brokers: cluster.ListenAddrs(), Topic: "missing"}, g)
	if err == nil || n != 0 || !strings.Contains(err.Error(), "missing") {
		t.Errorf("produced %d, error %v; want 0 and an error that names the topic", n, err)
	}
}

func TestProduceStopsWithItsContext(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "slow"))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	g, err := New(Options{Seed: 1, Count: 1_000_000})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if n, err := Produce(ctx, Target{Brokers: cluster.ListenAddrs(), Topic: "slow", Rate: 1000}, g); err == nil || n > 1000 {
		t.Errorf("produced %d, error %v; want few, and the context's error", n, err)
	}
}

func TestWriteIsOneEventALine(t *testing.T) {
	g, err := New(Options{Seed: 1, Count: 100})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := Write(t.Context(), &b, g); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(b.String(), "\n"); lines != 100 {
		t.Errorf("%d lines, want 100", lines)
	}
}
