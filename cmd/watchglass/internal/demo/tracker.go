package demo

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/watchglass/watchglass/internal/generate"
	"github.com/watchglass/watchglass/schema"
)

// tracker compares what was planted with what was delivered.
type tracker struct {
	mu        sync.Mutex
	expected  map[generate.Incident]bool // every incident that the story must cause
	opened    map[generate.Incident]int  // deliveries of `incident.opened`
	patterns  map[string]bool            // ids of rules over time: ordinary events may complete some, as a day is told in a minute; they wait for their turn, so their latencies do not count
	others    int                        // other notifications
	sent      map[int64]time.Time        // when a planted event was handed over, by its event time in ms
	latencies []time.Duration            // event handed over → notification received, opened ones
}

func newTracker(acts []generate.Act, overTime []generate.Incident, patterns []string) *tracker {
	t := &tracker{patterns: map[string]bool{}, expected: map[generate.Incident]bool{}, opened: map[generate.Incident]int{}, sent: map[int64]time.Time{}}
	for _, i := range generate.Incidents(acts) {
		t.expected[i] = true
	}
	for _, i := range overTime {
		t.expected[i] = true
	}
	for _, rule := range patterns {
		t.patterns[rule] = true
	}
	return t
}

// rules are the ids of the rules that the story must fire, as ClickHouse writes an array:
// all that alert on single events. Those that are there for others over time match
// ordinary events as well.
func (t *tracker) rules() string {
	var ids []string
	for i := range t.expected {
		ids = append(ids, "'"+i.Rule+"'")
	}
	slices.Sort(ids)
	return "[" + strings.Join(slices.Compact(ids), ", ") + "]"
}

// planted notes when an event was handed over to Kafka.
func (t *tracker) planted(e generate.Event, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sent[e.Time.UnixMilli()] = now
}

// notified notes a notification and returns how long it took from the moment
// its event was handed over.
func (t *tracker) notified(n schema.Notification, now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	from, ok := t.sent[n.EventTime.UnixMilli()]
	if !ok {
		from = n.EventTime
	}
	took := now.Sub(from)
	if n.Type == "incident.opened" {
		i := generate.Incident{Rule: n.Rule.ID, Accessor: n.Accessor}
		t.opened[i]++
		if !t.patterns[i.Rule] {
			t.latencies = append(t.latencies, took)
		}
	} else {
		t.others++
	}
	return took
}

// outcome of the comparison.
type outcome struct {
	expected   int                 // incidents that the story must cause
	delivered  int                 // of these, delivered exactly once
	missing    []generate.Incident // never delivered
	repeated   []generate.Incident // delivered as opened more than once
	unexpected []generate.Incident // not of the story: an ordinary event alerted
	besides    int                 // not of the story, but ordinary events together
	median     time.Duration
	slowest    time.Duration
}

func (t *tracker) outcome() outcome {
	t.mu.Lock()
	defer t.mu.Unlock()
	o := outcome{expected: len(t.expected)}
	for i := range t.expected {
		switch t.opened[i] {
		case 0:
			o.missing = append(o.missing, i)
		case 1:
			o.delivered++
		default:
			o.repeated = append(o.repeated, i)
		}
	}
	for i := range t.opened {
		switch {
		case t.expected[i]:
		case t.patterns[i.Rule]:
			o.besides++
		default:
			o.unexpected = append(o.unexpected, i)
		}
	}
	if n := len(t.latencies); n > 0 {
		sorted := slices.Sorted(slices.Values(t.latencies))
		o.median, o.slowest = sorted[n/2], sorted[n-1]
	}
	return o
}
