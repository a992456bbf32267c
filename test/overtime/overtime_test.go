package overtime

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// rules that more rows cannot undo, of every type, and a chain.
const rules = `
title: reads
name: reads
logsource: {category: data_access}
detection: {s: {action: [read, query]}, condition: s}
---
title: exports
name: exports
logsource: {category: data_access}
detection: {s: {action: export}, condition: s}
---
title: tracking
id: tracking
correlation: {type: event_count, rules: [reads], group-by: [accessor.id, subject.ids], timespan: 10m, condition: {gte: 4}}
---
title: many subjects
id: many-subjects
correlation: {type: value_count, rules: [reads, exports], group-by: [accessor.id], timespan: 2m, condition: {gte: 4, field: subject.ids}}
---
title: looked up, then exported
id: exported
correlation: {type: temporal_ordered, rules: [reads, exports], group-by: [accessor.id, subject.ids], timespan: 30s}
---
title: in bulk
id: bulk
correlation: {type: value_sum, rules: [reads], group-by: [subject.ids], timespan: 5m, condition: {gt: 20, field: subject.count}}
---
title: both
id: both
correlation: {type: temporal, rules: [reads, exports], group-by: [subject.ids], timespan: 5s}
---
title: tracked, then exported
id: chain
correlation: {type: temporal_ordered, rules: [tracking, exports], group-by: [accessor.id], timespan: 5m, generate: true}
`

// The set of alerts is that of one evaluation in memory, though two workers share the
// rules, one is killed, others join, and events come in any order, up to a day late.
func TestAlertsAreThoseOfOneUndisturbedRun(t *testing.T) {
	s := newSite(t, rules, "backfill: 0s")
	sent := events(7, 1500)
	first := s.Start()
	s.begun(6)
	second := s.Start()
	for i, part := range slices.Collect(slices.Chunk(sent, 250)) {
		for j := range part {
			s.Send(part[j].record())
		}
		switch i {
		case 1:
			first.Kill()
		case 3:
			s.Start()
		case 4:
			second.Kill()
		}
		s.Until("SELECT count() FROM {db}.access_events", uint64(250*i)) //nolint:gosec // small
	}
	got := s.settled(len(sent), 6)
	if d := cmp.Diff(want(t, s, sent), got); d != "" {
		t.Errorf("alerts (-one undisturbed run, +these workers):\n%s", d)
	}
	if len(got) < 20 {
		t.Errorf("%d alerts: the test asks for little", len(got))
	}
	s.chained()
	t.Logf("%d events, %d alerts, %d runs, %d repeated", len(sent), len(got),
		s.One("SELECT count() FROM {db}.correlation_runs WHERE status = 'ok'"), s.One("SELECT toUInt64(count() - uniqExact(id)) FROM {db}.alerts_stored"))
}

// begun waits until so many rules have begun.
func (s *site) begun(rules uint64) {
	s.t.Helper()
	s.Until("SELECT uniqExact(rule) FROM {db}.correlation_runs", rules)
}

// What more events could undo is judged once, when it is late enough; silence too.
func TestJudgedOnce(t *testing.T) {
	s := newSite(t, `
title: reads
name: reads
logsource: {category: data_access}
detection: {s: {action: read}, condition: s}
---
title: mean of subjects
id: mean
correlation: {type: value_avg, rules: [reads], group-by: [accessor.id], timespan: 10s, condition: {gte: 2, field: subject.count}}
---
title: silent
id: silent
correlation: {type: event_count, rules: [reads], group-by: [accessor.id], timespan: 5s, condition: {lt: 1}}
`, "backfill: 0s, lateness: 2s")
	s.Start()
	s.begun(2)
	now := time.Now()
	var sent []event
	for i, subjects := range [][]string{{"a"}, {"a", "b", "c"}, {"a"}, {"a", "b", "c", "d", "e"}} {
		sent = append(sent, event{partition: int32(i), at: now, action: "read", accessor: "e-1", subjects: subjects}) //nolint:gosec // small
	}
	for i := range sent {
		s.Send(sent[i].record())
	}
	s.Until("SELECT uniqExact(rule) FROM {db}.alerts", 2)
	if got := s.One("SELECT countIf(rule = 'mean') FROM {db}.alerts"); got != 1 {
		t.Errorf("%d alerts of the mean, want 1", got)
	}
	if got := s.One("SELECT countIf(rule = 'silent' AND group_by['accessor.id'] = 'e-1') FROM {db}.alerts"); got != 1 {
		t.Errorf("%d alerts of the silence, want 1", got)
	}
	s.chained()
}

// A rule that is new says what it would have found, and alerts of what comes from then
// on; rules are reloaded while the worker runs.
func TestNewRuleLooksBackWithoutAlerts(t *testing.T) {
	s := newSite(t, `
title: reads
name: reads
status: experimental
logsource: {category: data_access}
detection: {s: {action: read}, condition: s}
`, "backfill: 1d")
	s.Start()
	read := func(accessor string, n int) {
		for range n {
			s.Send((&event{at: time.Now(), action: "read", accessor: accessor, subjects: []string{"u"}}).record())
		}
	}
	read("e-old", 3)
	s.Until("SELECT count() FROM {db}.access_events", 3)
	s.write(`
title: reads
name: reads
status: experimental
logsource: {category: data_access}
detection: {s: {action: read}, condition: s}
---
title: three reads
id: three
correlation: {type: event_count, rules: [reads], group-by: [accessor.id], timespan: 1h, condition: {gte: 3}}
`)
	s.Until("SELECT countIf(rule = 'three' AND status = 'filled' AND alerts = 1) FROM {db}.correlation_runs", 1)
	read("e-new", 3)
	s.Until("SELECT count() FROM {db}.alerts", 1)
	if got := s.One("SELECT countIf(accessor_id != 'e-new') FROM {db}.alerts"); got != 0 {
		t.Error("an alert of what was there before the rule")
	}
	if got := s.One("SELECT count() FROM {db}.incidents"); got == 0 {
		s.Until("SELECT count() FROM {db}.incidents", 1)
	}
	if got := s.One("SELECT count() FROM {db}.incident_events(incident = (SELECT any(incident) FROM {db}.incidents))"); got != 3 {
		t.Errorf("%d events behind the incident, want 3", got)
	}
}
