package kafka

import (
	"context"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/watchglass/watchglass/internal/embedded"
	"github.com/watchglass/watchglass/test/engines"
	"github.com/watchglass/watchglass/test/fleet"
)

const brokers = 3

// eachCluster is each, on three brokers, on which everything is replicated.
func eachCluster(t *testing.T, test func(*testing.T, *site, *embedded.Kafka)) {
	for _, version := range embedded.KafkaVersions() {
		t.Run(string(version), func(t *testing.T) {
			cluster := engines.OwnKafkaWith(t, embedded.KafkaConfig{Version: version, Brokers: brokers})
			test(t, newSite(t, cluster.Addrs()), cluster)
		})
	}
}

// steady writes events to all partitions until stop is called, which returns
// how many there are. What is written is in the log exactly once.
func (s *site) steady(partitions int32) (stop func() uint64) {
	ctx, cancel := context.WithCancel(s.t.Context())
	client := s.NewClient(kgo.AlwaysRetryEOF(), kgo.RetryTimeout(time.Minute), kgo.ProduceRequestTimeout(5*time.Second))
	done := make(chan uint64, 1)
	go func() {
		n := uint64(0)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for i := int32(0); ctx.Err() == nil; i++ {
			<-tick.C
			for _, r := range events(i%partitions, 10) {
				client.Produce(s.t.Context(), r, func(_ *kgo.Record, err error) {
					if err != nil {
						s.t.Errorf("produce: %v", err)
					}
				})
				n++
			}
		}
		if err := client.Flush(s.t.Context()); err != nil {
			s.t.Errorf("flush: %v", err)
		}
		done <- n
	}()
	return func() uint64 { cancel(); return <-done }
}

// grows returns when there are more rows than there were.
func (s *site) grows() {
	s.t.Helper()
	s.Until(fleet.CountRows, s.One(fleet.CountRows)+100)
}

// Each broker in turn is killed, or ends in order: every partition's leader
// moves, and so does the group's coordinator.
func TestBrokersGoInTurn(t *testing.T) {
	eachCluster(t, func(t *testing.T, s *site, cluster *embedded.Kafka) {
		const partitions = 6
		s.CreateTopic(partitions)
		workers := []*fleet.Worker{s.Start("--only", "access"), s.Start("--only", "access")}
		stop := s.steady(partitions)
		s.grows()
		for i := range brokers {
			if i == 1 {
				cluster.Stop(i)
			} else {
				cluster.Kill(i)
			}
			s.grows()
			if err := cluster.Restart(t.Context(), i); err != nil {
				t.Fatal(err)
			}
			s.grows()
		}
		n := stop()
		s.Until(fleet.CountRows, n)
		for _, w := range workers {
			w.Stop(t)
		}
		s.exact(n)
	})
}

// Partitions, the group's own among them, are moved from broker to broker while
// all of them run.
func TestPartitionsMove(t *testing.T) {
	eachCluster(t, func(t *testing.T, s *site, _ *embedded.Kafka) {
		const partitions = 3
		s.CreateTopic(partitions)
		w := s.Start("--only", "access")
		stop := s.steady(partitions)
		s.grows()
		for round := range int32(brokers) {
			var wish kadm.AlterPartitionAssignmentsReq
			for p := range int32(partitions) {
				wish.Assign(s.Name, p, []int32{(p + round) % brokers, (p + round + 1) % brokers, (p + round + 2) % brokers})
			}
			for p := range int32(4) { // offsets.topic.num.partitions
				wish.Assign("__consumer_offsets", p, []int32{(p + round) % brokers, (p + round + 1) % brokers, (p + round + 2) % brokers})
			}
			answers, err := s.Admin.AlterPartitionAssignments(t.Context(), wish)
			if err == nil {
				err = answers.Error()
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Admin.ElectLeaders(t.Context(), kadm.ElectPreferredReplica, nil); err != nil {
				t.Fatal(err)
			}
			s.grows()
		}
		n := stop()
		s.Until(fleet.CountRows, n)
		w.Stop(t)
		s.exact(n)
	})
}
