package sigma

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/watchglass/watchglass/schema"
)

// Many rules in one set, which share predicates, classes and what is remembered;
// events that come again, in any order; and bounds so small that nearly everything is
// forgotten at once. Each rule still says what the plain evaluator says of it alone.

func drawSet(t *rapid.T, fields []string, o Options) *Set {
	var files []ruleFile
	for i := range rapid.IntRange(1, 12).Draw(t, "rules") {
		file := numbered(i, drawDetection(t, fields))
		if _, err := load([]ruleFile{file}, o); err == nil {
			files = append(files, file)
		}
	}
	set, err := load(files, o)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func drawLimits(t *rapid.T) limits {
	if rapid.Bool().Draw(t, "usual") {
		return usualLimits
	}
	bound := rapid.SampledFrom([]int{0, 1, 2, 8})
	return limits{texts: bound.Draw(t, "texts"), lists: bound.Draw(t, "lists"), tuples: bound.Draw(t, "tuples"), budget: rapid.SampledFrom([]int{0, 20, 100}).Draw(t, "budget")}
}

// drawOrder is a sequence of events by number, most of them several times.
func drawOrder(t *rapid.T, events int) []int {
	return rapid.SliceOfN(rapid.IntRange(0, events-1), events, 5*events).Draw(t, "order")
}

// wanted are the ids of the rules that match by the plain evaluator.
func wanted(set *Set, ev plainEvent) (ids []string) {
	for _, r := range set.rules {
		if plainMatch(r, ev) {
			ids = append(ids, r.ID)
		}
	}
	return ids
}

func idsOf(rules []*Rule) (ids []string) {
	for _, r := range rules {
		ids = append(ids, r.ID)
	}
	return ids
}

func TestManyRulesAgreeWithPlainEvaluatorOnJSON(t *testing.T) {
	names := []string{"action", "b", "action.b", "resource.fields", "rows"}
	fields := append(slices.Clone(names), "missing", "action.c.d")
	matched, asked := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		set := drawSet(t, fields, Options{AnyField: true})
		var lines [][]byte
		var want [][]string
		for range rapid.IntRange(1, 6).Draw(t, "events") {
			event := map[string]any{}
			for _, name := range names {
				if rapid.Bool().Draw(t, "there") {
					event[name] = drawJSON(t, 2)
				}
			}
			line, err := json.Marshal(event)
			if err != nil {
				t.Fatal(err)
			}
			d := json.NewDecoder(strings.NewReader(string(line)))
			d.UseNumber()
			var root any
			if err := d.Decode(&root); err != nil {
				t.Fatal(err)
			}
			lines, want = append(lines, line), append(want, wanted(set, rawEvent{root}))
		}
		m := set.newMatcher(drawLimits(t))
		for _, i := range drawOrder(t, len(lines)) {
			found, err := m.MatchJSON(lines[i])
			if err != nil {
				t.Fatal(err)
			}
			if got := idsOf(found); !slices.Equal(got, want[i]) {
				t.Fatalf("got %v, the plain evaluator %v: %s", got, want[i], lines[i])
			}
			matched, asked = matched+len(found), asked+len(set.rules)
		}
	})
	t.Logf("%d of %d matched", matched, asked)
	if matched < asked/10 || matched > asked*9/10 {
		t.Errorf("%d of %d matched: the generators miss the point", matched, asked)
	}
}

func TestManyRulesAgreeWithPlainEvaluatorOnAccessEvents(t *testing.T) {
	fields := []string{"action", "rows", "resource.fields", "origin.ip", "attributes.k", "subject.count", "accessor.device", "time", "accessor.restricted"}
	matched, asked := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		set := drawSet(t, fields, Options{})
		var events []*schema.AccessEvent
		var want [][]string
		for range rapid.IntRange(1, 6).Draw(t, "events") {
			ev := drawEvent(t)
			events, want = append(events, ev), append(want, wanted(set, typedEvent{ev}))
		}
		m := set.newMatcher(drawLimits(t))
		for _, i := range drawOrder(t, len(events)) {
			found := m.Match(events[i])
			if got := idsOf(found); !slices.Equal(got, want[i]) {
				t.Fatalf("got %v, the plain evaluator %v: %+v", got, want[i], events[i])
			}
			matched, asked = matched+len(found), asked+len(set.rules)
		}
	})
	t.Logf("%d of %d matched", matched, asked)
	if matched < asked/10 || matched > asked*9/10 {
		t.Errorf("%d of %d matched: the generators miss the point", matched, asked)
	}
}

func drawEvent(t *rapid.T) *schema.AccessEvent {
	ev := sampleEvent()
	ev.Action, ev.Accessor.Device = drawText(t), drawText(t)
	ev.Rows = rapid.SampledFrom([]uint64{0, 5, 50, 100}).Draw(t, "rows")
	ev.Resource.Fields = rapid.SliceOfN(rapid.Custom(drawText), 0, 3).Draw(t, "fields")
	ev.Attributes = schema.AttributeMap{{Key: "k", Value: drawText(t)}}
	ev.Enrichment.Restricted = rapid.Bool().Draw(t, "restricted")
	ev.Origin.IP = rapid.SampledFrom([]netip.Addr{{}, netip.MustParseAddr("10.0.0.5"), netip.MustParseAddr("2001:db8::5")}).Draw(t, "address")
	return ev
}

// Thousands of rules of the usual kinds on usual events: more predicates of a kind
// than the generated sets have, with literals that overlap.
func TestAThousandRulesAgreeWithPlainEvaluator(t *testing.T) {
	set := mixedSet(t, 1000)
	m, matched := set.NewMatcher(), 0
	events := usualEvents()
	for i := 0; i < len(events); i += 101 {
		ev := events[i]
		if i%2 == 0 { // what usual events do not do
			n := i % 1000 / 10 * 10
			ev.Statement += fmt.Sprintf(" from secret_%d into outfile %d; Select x from  Hidden_%d", n+2, n+12, n+8)
			ev.Origin.UserAgent = fmt.Sprintf("grabber-%d/1 Grabber-%d/2", n+3, n+13)
			ev.Resource.Dataset, ev.Rows = fmt.Sprintf("ring%d.x.log%d", n+1, n+7), uint64(20_000+n)
			ev.Action, ev.Enrichment.Groups = "export", []string{"x", "STAFF"}
		}
		got, want := idsOf(m.Match(ev)), wanted(set, typedEvent{ev})
		if !slices.Equal(got, want) {
			t.Fatalf("event %d: got %v, the plain evaluator %v", i, got, want)
		}
		matched += len(got)
	}
	if matched < 100 {
		t.Errorf("%d matches: the events miss the point", matched)
	}
}

// Lists whose elements have classes of their own: their combinations are numbered
// anew whenever the budget is spent.
func TestCombinationsAreForgotten(t *testing.T) {
	set := mustParse(t, "s:\n    resource.fields|all: [a, b]\nx:\n    resource.fields: [c, d]\ncondition: s and not x", Options{})
	rapid.Check(t, func(t *rapid.T) {
		m := set.newMatcher(limits{texts: 8, lists: 8, tuples: 8, budget: rapid.IntRange(0, 300).Draw(t, "budget")})
		for range 60 {
			ev := sampleEvent()
			ev.Resource.Fields = rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}), 0, 4).Draw(t, "fields")
			if got, want := idsOf(m.Match(ev)), wanted(set, typedEvent{ev}); !slices.Equal(got, want) {
				t.Fatalf("%v: got %v, the plain evaluator %v", ev.Resource.Fields, got, want)
			}
		}
	})
}

// What a matcher remembers is bounded, whatever it sees.
func TestMatcherIsBounded(t *testing.T) {
	set := mixedSet(t, 100)
	l := limits{texts: 4, lists: 4, tuples: 4, budget: 500}
	m := set.newMatcher(l)
	for _, ev := range usualEvents() {
		m.Match(ev)
		classes := 0
		for _, c := range m.classes {
			if n := len(c.texts.places); n > l.texts {
				t.Fatalf("%d places for texts, want at most %d", n, l.texts)
			}
			if n := len(c.unions.places); n > l.lists {
				t.Fatalf("%d places for lists, want at most %d", n, l.lists)
			}
			classes += len(c.all)
		}
		if n := len(m.outcomes.places); n > l.tuples {
			t.Fatalf("%d places for outcomes, want at most %d", n, l.tuples)
		}
		if classes > l.budget {
			t.Fatalf("%d classes on a budget of %d", classes, l.budget)
		}
	}
}

func TestNoAllocationWithAThousandRules(t *testing.T) {
	m, events := mixedSet(t, 1000).NewMatcher(), usualEvents()[:64]
	for range 200 { // keys that are in each other's way get more places
		for _, ev := range events {
			m.Match(ev)
		}
	}
	if n := testing.AllocsPerRun(20, func() {
		for _, ev := range events {
			m.Match(ev)
		}
	}); n != 0 {
		t.Errorf("%v allocations for %d events, want none", n, len(events))
	}
}
