package chaos

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/watchglass/watchglass/internal/alert"
	"github.com/watchglass/watchglass/internal/sigma"
	"github.com/watchglass/watchglass/schema"
)

// overTime are rules over time on events that come up to a day late and in any order.
const overTime = `
title: a read of late data
name: late_reads
logsource: {category: data_access}
detection: {s: {subject.ids|startswith: 'late-', action: read}, condition: s}
---
title: an export of late data
name: late_exports
logsource: {category: data_access}
detection: {s: {subject.ids|startswith: 'late-', action: export}, condition: s}
---
title: four reads in ten minutes
id: chaos-count
correlation: {type: event_count, rules: [late_reads], group-by: [subject.ids], timespan: 10m, condition: {gte: 4}}
---
title: three sessions in half an hour
id: chaos-values
correlation: {type: value_count, rules: [late_reads, late_exports], group-by: [subject.ids], timespan: 30m, condition: {gte: 3, field: accessor.session}}
---
title: read, then exported
id: chaos-order
correlation: {type: temporal_ordered, rules: [late_reads, late_exports], group-by: [accessor.session, subject.ids], timespan: 5m}
`

// lateEvery is how many records there are to one late event.
const lateEvery = 100

// late is an event of the last day, some of which make alerts of the rules over time.
func late(n int, seed uint64) []byte {
	x := (uint64(n) + seed) * 0x9e3779b97f4a7c15 //nolint:gosec // small
	pick := func(most uint64) uint64 {
		x ^= x >> 29
		x *= 0xbf58476d1ce4e5b9
		return (x >> 33) % most
	}
	at := time.Now().Add(-time.Duration(pick(86_000)) * time.Second)
	action := []string{"read", "read", "export"}[pick(3)]
	return fmt.Appendf(nil, `{"time":%q,"action":%q,"accessor":{"id":"e-dana-cole","session":"s-%d"},"resource":{"store":"profiles","dataset":"us.users.accounts"},"subject":{"ids":["late-%d"]},"purpose":{"kind":"support","ticket":"SUP-1"}}`,
		at.UTC().Format("2006-01-02T15:04:05.000Z"), action, pick(4), pick(6))
}

// rulesDir has the default rules and these.
func (s *site) rulesDir(root string) string {
	s.t.Helper()
	dir := filepath.Join(s.logs, "rules")
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(root, "deploy", "policy", "rules"))); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "overtime.yml"), []byte(overTime), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return dir
}

// undisturbed evaluates the rules over time once, over all that is stored: the ids of
// their alerts.
func (s *site) undisturbed() (ids []string, err error) {
	set, err := sigma.Parse("overtime.yml", []byte(overTime), sigma.Options{})
	if err != nil {
		return nil, err
	}
	for _, r := range set.OverTime() {
		query, err := set.SQLAlerts(r, sigma.Query{Table: s.name + ".access_events", From: time.UnixMilli(0), To: time.Now().Add(time.Hour)})
		if err != nil {
			return nil, err
		}
		rows, err := s.db.Query(s.t.Context(), "SELECT groups, bucket FROM ("+query+")")
		if err != nil {
			return nil, err
		}
		for rows.Next() {
			var groups []string
			var bucket int64
			if err := rows.Scan(&groups, &bucket); err != nil {
				return nil, err
			}
			o := alert.OverTime{Rule: schema.RuleRef{ID: r.ID}, Bucket: time.UnixMilli(bucket)}
			for i, g := range r.Correlation.Groups {
				o.Group = append(o.Group, schema.Pair{Field: g.Name, Value: groups[i]})
			}
			ids = append(ids, o.ID())
		}
		if err := rows.Err(); err != nil {
			return nil, err
		}
	}
	slices.Sort(ids)
	return ids, nil
}

// correlated waits for the alerts of the rules over time, and gives those that are missing
// and those that should not be there.
func (s *site) correlated() (want int, missing, extra []string) {
	ids, err := s.undisturbed()
	if err != nil {
		s.t.Fatal(err)
	}
	poll := time.NewTicker(200 * time.Millisecond)
	defer poll.Stop()
	last, since := -1, time.Now()
	for {
		var got []string
		ctx, cancel := context.WithTimeout(s.t.Context(), 10*time.Second)
		_ = s.db.QueryRow(ctx, "SELECT arraySort(groupArray(id)) FROM "+s.name+".alerts WHERE startsWith(rule, 'chaos-')").Scan(&got)
		cancel()
		missing, extra = without(ids, got), without(got, ids)
		if len(missing) == 0 || time.Since(since) > settleMost || s.t.Context().Err() != nil {
			return len(ids), missing, extra
		}
		if len(got) != last {
			last, since = len(got), time.Now()
		}
		<-poll.C
	}
}

// without are the texts of one sorted list that are not in another.
func without(list, other []string) (rest []string) {
	for _, text := range list {
		if _, found := slices.BinarySearch(other, text); !found {
			rest = append(rest, text)
		}
	}
	return rest
}
