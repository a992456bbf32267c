package sigma

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The automaton finds each literal that strings.Contains finds.
func TestAutomaton(t *testing.T) {
	text := rapid.StringOfN(rapid.SampledFrom([]rune("abcä")), 1, 5, -1)
	rapid.Check(t, func(t *rapid.T) {
		literals := rapid.SliceOfNDistinct(text, 1, 20, rapid.ID[string]).Draw(t, "literals")
		in := rapid.StringOfN(rapid.SampledFrom([]rune("abcäx")), 0, 40, -1).Draw(t, "text")
		findsAll(t, literals, in)
	})
	// A literal below a state below another, neither of which is one.
	findsAll(t, []string{"abcdx", "bcdx", "cdx", "d", "bcy"}, "abcd")
	findsAll(t, []string{"she", "he", "hers", "e"}, "ushers")
}

func findsAll(t interface{ Fatalf(string, ...any) }, literals []string, in string) {
	found := map[int]bool{}
	newAutomaton(literals).find(in, func(i int) { found[i] = true })
	for i, literal := range literals {
		if want := strings.Contains(in, literal); found[i] != want {
			t.Fatalf("%q in %q: got %t, want %t", literal, in, found[i], want)
		}
	}
}

// The literal of a regular expression is in every text that it matches.
func TestLiteralOfRegexp(t *testing.T) {
	for source, want := range map[string]string{
		`evil`: "evil", `^Evil$`: "evil", `(?i)EVIL`: "evil", `ab+cde`: "cde", `(xyz)+`: "xyz", `a(bcd){2,}e`: "bcd",
		`(abc)?d`: "d", `(abc)*`: "", `abc|abd`: "ab", `evil|bad`: "", `.`: "", ``: "", `[a-c]x`: "x", `\x{fffd}`: "", `(abc){0,3}`: "", `(?i)\x{212a}`: "k",
	} {
		if got := rarest(literalsOfRegexp(regexp.MustCompile(source)), nil); got != want {
			t.Errorf("%s: got %q, want %q", source, got, want)
		}
	}
}

func TestRarestLiteral(t *testing.T) {
	users := map[string]int{"user_id": 30, "'u-12": 1, "ab": 0, "other": 30}
	for want, literals := range map[string][]string{
		"": nil, "user_id": {"user_id"}, "'u-12": {"user_id", "'u-12", "ab"}, "other": {"other", "user_id"}, "ab": {"ab"},
	} {
		if got := rarest(literals, users); got != want {
			t.Errorf("%q: got %q, want %q", literals, got, want)
		}
	}
}

// What is left open holds where the whole does, whatever is known.
func TestUndecided(t *testing.T) {
	set := mustParse(t, "s_a: {a: 1}\ns_b: {b: 1}\nc: {c: 1}\nd: {d: 1}\ncondition: s_a and (s_b or not c) or all of s_* and not (c and d)", Options{AnyField: true})
	condition := &set.rules[0].condition
	for bits := range 1 << 8 { // which hold, and which are known
		is := func(p int) bool { return bits>>p&1 == 1 }
		known := func(p int) verdict {
			switch {
			case bits>>(4+p)&1 == 0:
				return open
			case is(p):
				return holds
			}
			return fails
		}
		whole, v := condition.holds(is), condition.judge(known)
		got := v == holds
		if v == open {
			rest := condition.undecided(known)
			got = rest.holds(is)
		}
		if got != whole {
			t.Fatalf("%08b: got %t, want %t", bits, got, whole)
		}
	}
}

func TestTriggers(t *testing.T) {
	set := mustParse(t, "a:\n    a: x\nb:\n    b: y\nc:\n    c|exists: true\nd:\n    d|gt: 5\ncondition: a and b and c and d", Options{AnyField: true})
	a, b, c := node{pred: 0}, node{pred: 1}, node{pred: 2}
	not := func(n node) node { return node{op: opNot, kids: []node{n}} }
	join := func(o op, kids ...node) node { return node{op: o, need: 2, kids: kids} }
	for _, probe := range []struct {
		name string
		node node
		want []int
		ok   bool
	}{
		{"itself", a, []int{0}, true},
		{"and: the cheapest", join(opAnd, c, b), []int{1}, true},
		{"and: not counts for nothing", join(opAnd, not(b), c), []int{2}, true},
		{"or: all of them", join(opOr, a, join(opAnd, b, c)), []int{0, 1}, true},
		{"or: one without triggers", join(opOr, a, not(b)), nil, false},
		{"at least: all of them", join(opAtLeast, a, b, c), []int{0, 1, 2}, true},
		{"not", not(a), nil, false},
		{"nothing is always true", join(opAnd), nil, false},
		{"nothing is never true", join(opOr), nil, true},
	} {
		got, ok := triggersOf(&probe.node, func(p int) float64 { return set.predicates[p].likely() })
		if ok != probe.ok || !slices.Equal(got.predicates, probe.want) {
			t.Errorf("%s: got %v, %t, want %v, %t", probe.name, got.predicates, ok, probe.want, probe.ok)
		}
	}
}

// A memo says what it was told, or nothing, and keeps to its bound.
func TestMemo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := memo[int]{limit: rapid.SampledFrom([]int{0, 1, 2, 16}).Draw(t, "limit")}
		told := map[string]int{}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			key := rapid.StringN(0, 2, -1).Draw(t, "key")
			hash := uint64(len(key) * 7) // many keys of one hash
			value, ok := m.find(hash, key)
			if want := told[key]; ok && value != want {
				t.Fatalf("%q: got %d, want %d", key, value, want)
			}
			if !ok {
				told[key] = len(told) + 1
				m.keep(hash, key, told[key])
				if again, ok := m.find(hash, key); m.limit > 0 && (!ok || again != told[key]) {
					t.Fatalf("%q is forgotten at once", key)
				}
			}
			if len(m.places) > m.limit {
				t.Fatalf("%d places, want at most %d", len(m.places), m.limit)
			}
			if rapid.IntRange(0, 20).Draw(t, "forget") == 0 {
				m.forget()
				for _, key := range slices.Sorted(maps.Keys(told)) {
					if _, ok := m.find(uint64(len(key)*7), key); ok {
						t.Fatalf("%q is still there", key)
					}
				}
			}
		}
	})
}

// Rules that nothing but numbers brings up: those within their bounds are looked
// at, and few others.
func TestGates(t *testing.T) {
	var files []ruleFile
	for i := range 100 {
		files = append(files, numbered(i, fmt.Sprintf("s:\n    rows|%s: %d\ncondition: s", []string{"gt", "gte", "lt", "lte"}[i%4], 1000+i)))
	}
	set, err := load(files, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(set.index.always); n != 0 {
		t.Errorf("%d rules are always looked at, want none", n)
	}
	m := set.NewMatcher()
	for _, rows := range []uint64{0, 999, 1000, 1001, 1050, 1099, 1100, 1 << 60} {
		ev := sampleEvent()
		ev.Rows = rows
		got, want := idsOf(m.Match(ev)), wanted(set, typedEvent{ev})
		if !slices.Equal(got, want) {
			t.Errorf("%d rows: got %v, want %v", rows, got, want)
		}
		if n := len(m.candidate); n > len(want)+2 {
			t.Errorf("%d rows: looked at %d rules for %d", rows, n, len(want))
		}
	}
}
