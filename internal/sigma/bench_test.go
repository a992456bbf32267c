package sigma

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/watchglass/watchglass/schema"
)

func BenchmarkDefaultRules(b *testing.B) {
	set, err := LoadDir("../../deploy/policy/rules", Options{})
	if err != nil {
		b.Fatal(err)
	}
	benchmark(b, set, usualEvents())
}

// A mix of rules, each with values of its own. The first one alone looks at every
// field that any number of them looks at.
func BenchmarkRules(b *testing.B) {
	for _, n := range []int{0, 1, 100, 1000, 10_000} {
		set := mixedSet(b, n)
		b.Run(fmt.Sprintf("usual/%d", n), func(b *testing.B) { benchmark(b, set, usualEvents()) })
		b.Run(fmt.Sprintf("unique/%d", n), func(b *testing.B) { benchmark(b, set, uniqueEvents()) })
	}
}

// The same from raw JSON: reading is part of it.
func BenchmarkRulesOnJSON(b *testing.B) {
	var lines [][]byte
	for _, ev := range usualEvents() {
		line, err := json.Marshal(map[string]any{
			"time": ev.Time, "action": ev.Action, "outcome": ev.Outcome, "accessor": map[string]any{"id": ev.Accessor.ID, "kind": ev.Accessor.Kind, "unit": ev.Enrichment.Unit},
			"origin":   map[string]any{"ip": ev.Origin.IP, "user_agent": ev.Origin.UserAgent},
			"resource": map[string]any{"dataset": ev.Resource.Dataset, "fields": ev.Resource.Fields}, "data": map[string]any{"categories": ev.Enrichment.Categories},
			"subject": map[string]any{"groups": ev.Enrichment.Groups, "count": ev.Subject.Count}, "rows": ev.Rows, "statement": ev.Statement, "purpose": map[string]any{"kind": ev.Purpose.Kind},
		})
		if err != nil {
			b.Fatal(err)
		}
		lines = append(lines, line)
	}
	for _, n := range []int{0, 1, 1000, 10_000} {
		set := mixedSet(b, n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			m, i := set.NewMatcher(), 0
			b.ReportAllocs()
			for b.Loop() {
				if _, err := m.MatchJSON(lines[i%len(lines)]); err != nil {
					b.Fatal(err)
				}
				i++
			}
		})
	}
}

// The text of every value of the event, against keywords.
func BenchmarkKeywords(b *testing.B) {
	var files []ruleFile
	for i := range 1000 {
		files = append(files, numbered(i, fmt.Sprintf("k: ['mimikatz-%d', 'x%dx.exe']\ncondition: k", i, i)))
	}
	set, err := load(files, Options{})
	if err != nil {
		b.Fatal(err)
	}
	benchmark(b, set, usualEvents())
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		mixedSet(b, 10_000)
	}
}

func benchmark(b *testing.B, set *Set, events []*schema.AccessEvent) {
	m, matched := set.NewMatcher(), 0
	for _, ev := range events {
		m.Match(ev)
	}
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		matched += len(m.Match(events[i%len(events)]))
		i++
	}
	b.ReportMetric(float64(matched)/float64(i), "rules/event")
}

// mixedSet is a rule that looks at every field, and more of ten kinds in turn.
func mixedSet(t testing.TB, n int) *Set {
	t.Helper()
	files := make([]ruleFile, n)
	for i := range files {
		files[i] = numbered(i, mixedDetection(i))
	}
	set, err := load(files, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func mixedDetection(i int) string {
	if i == 0 {
		return `
s_1:
    accessor.unit: unit-x
    data.categories: category-x
s_2:
    resource.dataset|startswith: x.
    action: [export, copy]
s_3:
    statement|contains: from secret_x
s_4:
    statement|contains: into outfile x
s_5:
    statement|re|i: 'select .* from +hidden_x'
s_6:
    origin.user_agent|contains: 'grabber-x/'
s_7:
    origin.ip|cidr: 192.0.2.0/24
s_8:
    rows|gte: 1000000
s_9:
    subject.groups: [journalist, staff]
    accessor.kind: person
    resource.dataset: vault-x.*
f:
    purpose.kind: audit
condition: 1 of s_* and not f`
	}
	switch i % 10 {
	case 0:
		return fmt.Sprintf("s:\n    accessor.unit: [unit-%d, unit-%d]\n    data.categories: category-%d\nf:\n    rows|lt: %d\ncondition: s and not f", i, i+10, i%40, i)
	case 1:
		return fmt.Sprintf("s:\n    resource.dataset|startswith: 'ring%d.'\nf:\n    rows|lt: %d\ncondition: s and not f", i, i)
	case 2:
		return fmt.Sprintf("s:\n    statement|contains: ['from secret_%d ', 'into outfile %d']\ncondition: s", i, i)
	case 3:
		return fmt.Sprintf("s:\n    origin.user_agent|contains: 'grabber-%d/'\nf:\n    accessor.kind: service\ncondition: s and not f", i)
	case 4:
		return fmt.Sprintf("s:\n    origin.ip|cidr: 10.%d.%d.0/24\nf:\n    accessor.unit: unit-%d\ncondition: s and not f", i/250%250, i%250, i%50)
	case 5:
		return fmt.Sprintf("s:\n    rows|gte: %d\n    resource.dataset: area-%d.table\ncondition: s", 10*i, i)
	case 6:
		return fmt.Sprintf("s:\n    rows|gte: %d\nf:\n    accessor.unit: [unit-%d, unit-%d]\ncondition: s and not f", 20_000+i, i, i+1)
	case 7:
		return fmt.Sprintf("s:\n    resource.dataset|endswith: '.log%d'\n    action: [export, copy]\nf:\n    purpose.kind: audit\ncondition: s and not f", i)
	case 8:
		return fmt.Sprintf("s:\n    statement|re|i: 'select .* from +hidden_%d'\ncondition: s", i)
	}
	return fmt.Sprintf("s:\n    subject.groups: [journalist, staff]\n    accessor.kind: person\n    resource.dataset: 'vault-%d.*'\nf:\n    purpose.kind: [support, audit]\ncondition: s and not f", i)
}

const (
	usualCount = 4096
	units      = 40
)

// usualEvents have few distinct values where few are expected, and values of their
// own where not: ids, times, counters, statements, rows.
func usualEvents() []*schema.AccessEvent {
	events := make([]*schema.AccessEvent, usualCount)
	for i := range events {
		events[i] = &schema.AccessEvent{
			ID: fmt.Sprint("event-", i), Time: time.Unix(1_795_000_000+int64(i), 0).UTC(), Action: schema.Actions()[i*7%len(schema.Actions())], Outcome: "allowed",
			Accessor:  schema.Accessor{ID: fmt.Sprint("e-", i), Kind: []string{"person", "service", "person", "model"}[i%4], Session: fmt.Sprint("session-", i)},
			Origin:    schema.Origin{IP: netip.AddrFrom4([4]byte{10, byte(i % 5), byte(i % 251), byte(i % 241)}), UserAgent: fmt.Sprintf("Client/%d.%d (X11; Linux x86_64)", i%6, i%5)},
			Resource:  schema.Resource{Store: "profiles", Region: "us-east-1", Dataset: fmt.Sprintf("area-%d.table", i*13%200), Fields: []string{"ip", "name"}},
			Subject:   schema.Subject{IDs: []string{fmt.Sprint("u-", i)}, Count: 1},
			Rows:      uint64(i * 7919 % 10_000),
			Purpose:   schema.Purpose{Kind: []string{"support", "", "moderation"}[i%3]},
			Statement: fmt.Sprintf("SELECT ip, name FROM area_%d WHERE user_id = %d AND day > '2026-11-01'", i*13%200, i),
			Producer:  schema.Producer{Name: "gateway", Sequence: uint64(i)},
			Enrichment: schema.Enrichment{
				Known: true, Status: "active", Employer: "north", EmployerCountry: "US", Unit: fmt.Sprintf("unit-%d", i*11%units),
				Categories: [][]string{{"category-1", "category-10"}, {"category-20"}, nil, {"category-7"}}[i*3%4], Groups: [][]string{nil, nil, nil, {"staff"}}[i*5%4],
			},
		}
	}
	return events
}

// uniqueEvents have a value of their own in every text, so that nothing that is
// remembered helps.
func uniqueEvents() []*schema.AccessEvent {
	const enough = 1 << 16 // more than a field remembers
	usual, events := usualEvents(), make([]*schema.AccessEvent, enough)
	for i := range events {
		ev := *usual[i%len(usual)]
		ev.Action, ev.Accessor.Kind, ev.Purpose.Kind = fmt.Sprint("action-", i), fmt.Sprint("kind-", i), fmt.Sprint("purpose-", i)
		ev.Origin.UserAgent, ev.Resource.Dataset = fmt.Sprintf("Client/%d (X11; Linux x86_64)", i), fmt.Sprintf("area-%d.table", i)
		ev.Enrichment.Unit, ev.Enrichment.Categories = fmt.Sprint("unit-", i), []string{fmt.Sprint("category-", i)}
		ev.Statement = fmt.Sprintf("SELECT ip, name FROM area WHERE user_id = %d", i)
		events[i] = &ev
	}
	return events
}
