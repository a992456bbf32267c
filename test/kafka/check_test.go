package kafka

import (
	"strings"
	"testing"

	"github.com/watchglass/watchglass/internal/embedded"
	"github.com/watchglass/watchglass/test/engines"
)

// `check --connect` tells which topics can lose what they have acknowledged.
func TestWeakTopicsAreTold(t *testing.T) {
	line := func(s *site, topic string) string {
		s.t.Helper()
		text := s.Command("check", "--connect")
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "topic "+topic+" ") {
				return line
			}
		}
		s.t.Fatalf("nothing is said of topic %s:\n%s", topic, text)
		return ""
	}
	want := func(s *site, topic, state, why string) {
		s.t.Helper()
		if got := line(s, topic); !strings.Contains(got, " "+state+" ") || !strings.Contains(got, why) {
			s.t.Errorf("want %s, %q: %s", state, why, got)
		}
	}
	t.Run("one broker", func(t *testing.T) {
		s := newSite(t, engines.Kafka(t))
		s.CreateTopic(3)
		want(s, s.Name, "weak", "one replica")
	})
	t.Run("three brokers", func(t *testing.T) {
		cluster := engines.OwnKafkaWith(t, embedded.KafkaConfig{Brokers: brokers})
		s := newSite(t, cluster.Addrs())
		s.Create(s.Name, 3, map[string]string{"min.insync.replicas": "2"})
		s.Create(s.Name+"-alerts", 3, map[string]string{"min.insync.replicas": "1"})
		s.Create(s.Name+"-ledger", 3, map[string]string{"min.insync.replicas": "2", "unclean.leader.election.enable": "true"})
		want(s, s.Name, "ok", "3 partitions")
		want(s, s.Name+"-alerts", "weak", "min.insync.replicas is 1")
		want(s, s.Name+"-ledger", "weak", "unclean.leader.election.enable")
		want(s, s.Name+"-dead", "ok", "run will create it")
	})
}
