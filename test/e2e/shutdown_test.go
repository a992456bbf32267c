package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
)

// TestTermination ends one of two workers in the middle of a load: it leaves
// at once, and the other has everything long before a session would expire.
func TestTermination(t *testing.T) {
	f := newFleet(t, site{})
	f.migrate()
	f.createTopic(4)
	leaving, staying := f.start(), f.start()
	total := *events / 2
	f.generate(total, 7)
	f.until(countRows, uint64(total)/8)
	began := time.Now()
	leaving.stop(t) // and its exit code is 0
	ended := time.Since(began)
	f.untilMembers(1)
	t.Logf("ended after %v; the group has one member, which has all partitions, after %v", ended, time.Since(began))
	if ended > 10*time.Second {
		t.Errorf("a worker takes %v to end", ended)
	}
	if took := time.Since(began) - ended; took > 8*time.Second { // kafka.session_timeout is 10 s
		t.Errorf("the other has its share %v later: the worker did not leave the group", took)
	}
	f.until(countRows, uint64(total))
	f.exact(uint64(total))
	staying.stop(t)
	f.exact(uint64(total))
}

// untilMembers waits until the group of access events is at rest with n members.
func (f *fleet) untilMembers(n int) {
	f.t.Helper()
	client := kafka.Client{Addr: kafka.TCP(f.brokers...)}
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for {
		response, err := client.DescribeGroups(f.t.Context(), &kafka.DescribeGroupsRequest{GroupIDs: []string{f.name + ".access"}})
		if err != nil {
			f.t.Fatal(err)
		}
		group := response.Groups[0]
		if strings.EqualFold(group.GroupState, "stable") && len(group.Members) == n {
			return
		}
		select {
		case <-poll.C:
		case <-f.t.Context().Done():
			f.t.Fatalf("the group is %s with %d members, want %d", group.GroupState, len(group.Members), n)
		}
	}
}
