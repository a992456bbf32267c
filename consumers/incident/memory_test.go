package incident_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/watchglass/watchglass/consumers/incident"
	"github.com/watchglass/watchglass/internal/alert"
	"github.com/watchglass/watchglass/internal/stream"
	"github.com/watchglass/watchglass/schema"
)

var (
	start    = time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC)
	errFault = errors.New("broker went away")
)

// fault is what happens to one call of Publish.
type fault int

const (
	fine   fault = iota
	before       // fails, nothing was written
	half         // fails, the first half was written
	after        // fails, everything was written
)

// memory is a cluster in memory: topics of one partition, and a fault for
// chosen calls of Publish.
type memory struct {
	topics map[string][]stream.Message
	calls  int
	faults map[int]fault // by call, from 1
}

func newMemory() *memory {
	return &memory{topics: map[string][]stream.Message{}, faults: map[int]fault{}}
}

func (m *memory) Publish(_ context.Context, messages ...stream.Message) error {
	m.calls++
	f := m.faults[m.calls]
	switch f {
	case before:
		messages = nil
	case half:
		messages = messages[:len(messages)/2]
	}
	for _, message := range messages {
		message.Key, message.Value = slices.Clone(message.Key), slices.Clone(message.Value)
		m.topics[message.Topic] = append(m.topics[message.Topic], message)
	}
	if f != fine {
		return errFault
	}
	return nil
}

func (m *memory) ReadAll(_ context.Context, topic string, partition int32, handle func(stream.Record) error) error {
	for i, message := range m.topics[topic] {
		if err := handle(stream.Record{Topic: topic, Partition: partition, Offset: int64(i), Key: message.Key, Value: message.Value}); err != nil {
			return err
		}
	}
	return nil
}

// compact does to a topic what Kafka may do at any time.
func (m *memory) compact(topic string) {
	last := map[string]int{}
	for i, message := range m.topics[topic] {
		last[string(message.Key)] = i
	}
	var kept []stream.Message
	for i, message := range m.topics[topic] {
		if last[string(message.Key)] == i && message.Value != nil {
			kept = append(kept, message)
		}
	}
	m.topics[topic] = kept
}

func read[T any](m *memory, topic string) []T {
	var all []T
	for _, message := range m.topics[topic] {
		if message.Value == nil {
			continue
		}
		var v T
		if err := json.Unmarshal(message.Value, &v); err != nil {
			panic(err)
		}
		all = append(all, v)
	}
	return all
}

// live gives the states that a restore would find: of each incident, that of
// the highest epoch.
func (m *memory) live() map[alert.Key]alert.Incident {
	last := map[string][]byte{}
	for _, message := range m.topics["state"] {
		last[string(message.Key)] = message.Value
	}
	states, epochs := map[alert.Key]alert.Incident{}, map[alert.Key]uint64{}
	for key, value := range last {
		var s alert.Incident
		if value == nil || json.Unmarshal(value, &s) != nil {
			continue
		}
		_, text, _ := strings.Cut(key, ".")
		if epoch, _ := strconv.ParseUint(text, 10, 32); epoch > epochs[s.Key()] {
			states[s.Key()], epochs[s.Key()] = s, epoch
		}
	}
	return states
}

func settings() alert.Settings {
	s := alert.DefaultSettings()
	s.UpdateInterval, s.Quiet, s.Remember = 5*time.Minute, time.Hour, 24*time.Hour
	return s
}

// owner is one process that has the partition, with its own clock.
type owner struct {
	stream.Worker
	now      time.Time
	registry *prometheus.Registry
}

func own(t fatal, m *memory, generation int32, s alert.Settings) *owner {
	t.Helper()
	o := &owner{now: start, registry: prometheus.NewRegistry()}
	c, err := incident.New(incident.Config{
		State: "state", Incidents: "incidents", Notifications: "notifications", Dead: "dead",
		Settings: s, Now: func() time.Time { return o.now },
	}, incident.Deps{Publisher: m, Reader: m, Metrics: incident.NewMetrics(o.registry), Log: zerolog.Nop()})
	if err != nil {
		t.Fatalf("%v", err)
	}
	o.Worker = c.Worker(stream.Assigned{Topic: "alerts", Name: "alerts", Partition: 0, Generation: generation})
	return o
}

// fatal is what testing.T and rapid.T share.
type fatal interface {
	Helper()
	Fatalf(format string, args ...any)
}

func newAlert(accessor string, n int64) schema.Alert {
	pos := schema.Position{Topic: "access-events", Offset: n}
	return schema.Alert{
		ID: alert.ID("r1", pos), Time: start.Add(time.Duration(n) * time.Millisecond), Source: pos, Accessor: accessor,
		Rule: schema.RuleRef{ID: "r1", Title: "a journalist's data read", Level: "high"},
	}
}

// records puts alerts into the records of topic alerts, from an offset on.
func records(offset int64, alerts ...schema.Alert) []stream.Record {
	all := make([]stream.Record, len(alerts))
	for i := range alerts {
		value, err := json.Marshal(&alerts[i])
		if err != nil {
			panic(err)
		}
		all[i] = stream.Record{Topic: "alerts", Offset: offset + int64(i), Key: []byte(alerts[i].Accessor), Value: value}
	}
	return all
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func says(m *memory) []string {
	var all []string
	for _, n := range read[schema.Notification](m, "notifications") {
		all = append(all, fmt.Sprintf("%s of %s, %d alerts", n.Type, n.Accessor, n.Alerts))
	}
	return all
}
