package main

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// generator makes rules and events, the same ones for the same seed.
type generator struct {
	r            *rand.Rand
	words        []string
	encoded      []string
	firstAddress int
	events       []map[string]any
	transforms   bool // windash, base64…, utf16…, wide and time parts too
	rules        int
	plain        bool // rules over time: only what both should agree on
}

func newGenerator(seed uint64, transforms bool) *generator {
	words := plainWords()
	return &generator{
		r: rand.New(rand.NewPCG(seed, 0)), words: words, encoded: encodedWords(),
		firstAddress: slices.Index(words, "10.1.2.3"), transforms: transforms,
	}
}

func (g *generator) named(r rule) rule {
	r.id = ruleID(g.rules)
	g.rules++
	return r
}

func fields() []string {
	return []string{
		"user", "user", "cmd", "cmd", "path", "path", "encoded", "ip", "n", "n", "flag", "when", "tags", "tags", "mixed", "mixed",
		"deep.user", "deep.more.n", "items.name", "items.n", "a.b", "missing", "deep", "items",
	}
}

// atom is a rule of one search with one field, or with keywords.
func (g *generator) atom() rule {
	if g.r.IntN(12) == 0 {
		return g.named(atom(g.keywords()))
	}
	return g.named(atom(search{maps: [][]item{{g.item()}}}))
}

func (g *generator) keywords() search {
	s := search{all: g.r.IntN(4) == 0}
	n := 1 + g.r.IntN(3)
	if s.all {
		n++
	}
	for range n {
		v := g.wordValue(g.part(pick(g.r, g.words)))
		switch g.r.IntN(12) {
		case 0:
			v = value{number, pick(g.r, numbers())}
		case 1:
			v = value{boolean, pick(g.r, []string{"true", "false"})}
		}
		s.words = append(s.words, v)
	}
	return s
}

// item is one field with modifiers and values, most of which some event satisfies.
func (g *generator) item() item {
	it := item{field: pick(g.r, fields())}
	seen := lookup(pick(g.r, g.events), it.field)
	switch g.r.IntN(20) {
	case 0, 1:
		it.modifiers = []string{"re"}
		for _, m := range []string{"i", "m", "s"} {
			if g.r.IntN(4) == 0 {
				it.modifiers = append(it.modifiers, m)
			}
		}
		g.values(&it, func() value { return value{text, pick(g.r, expressions())} })
	case 2:
		it.modifiers = []string{"cidr"}
		it.field = pick(g.r, []string{"ip", "ip", "ip", it.field})
		g.values(&it, func() value { return value{text, pick(g.r, networks())} })
	case 3:
		it.modifiers = []string{"exists"}
		it.values = []value{{boolean, pick(g.r, []string{"true", "false"})}}
	case 4, 5:
		it.modifiers = []string{pick(g.r, []string{"gt", "gte", "lt", "lte"})}
		it.field = pick(g.r, []string{"n", "items.n", "deep.more.n", it.field})
		it.values = []value{{number, pick(g.r, numbers())}}
	case 6:
		it.modifiers = []string{"fieldref"}
		for _, m := range []string{"neq", "cased"} {
			if g.r.IntN(4) == 0 {
				it.modifiers = append(it.modifiers, m)
			}
		}
		it.values = []value{{text, pick(g.r, fields())}}
	case 7, 8, 9:
		if g.transforms {
			g.transformed(&it)
			return it
		}
		g.textual(&it, seen)
	default:
		g.textual(&it, seen)
	}
	return it
}

// transformed takes one of the modifiers that change the value, or a part of a time.
func (g *generator) transformed(it *item) {
	switch g.r.IntN(4) {
	case 0:
		part := pick(g.r, []string{"minute", "hour", "day", "week", "month", "year"})
		it.field, it.modifiers = pick(g.r, []string{"when", "when", "n", "mixed"}), []string{part}
		choices := map[string][]string{
			"minute": {"0", "5", "7", "30", "59"}, "hour": {"0", "7", "9", "12", "14", "23"}, "day": {"1", "5", "29", "30", "31"},
			"week": {"1", "9", "10", "52", "53"}, "month": {"1", "2", "3", "12"}, "year": {"2020", "2023", "2024", "1970"},
		}
		if g.r.IntN(4) == 0 {
			it.modifiers = append(it.modifiers, pick(g.r, []string{"gt", "gte", "lt", "lte", "neq"}))
			it.values = []value{{number, pick(g.r, choices[part])}}
			return
		}
		g.values(it, func() value { return value{number, pick(g.r, choices[part])} })
	case 1:
		it.field = pick(g.r, []string{"cmd", "user", "path"})
		it.modifiers = []string{"windash"}
		g.place(it)
		g.values(it, func() value {
			return g.wordValue(pick(g.r, []string{" -add", "net user /add", "net user -add", "rm -rf /tmp", "-a", "-", "/a /b", "—enc", "-a*", "power -enc -x", "net"}))
		})
	default:
		it.field = pick(g.r, []string{"encoded", "encoded", "encoded", "cmd"})
		it.modifiers = pick(g.r, [][]string{
			{"base64"},
			{"base64"},
			{"base64offset"},
			{"base64offset"},
			{"wide", "base64"},
			{"utf16le", "base64"},
			{"utf16be", "base64"},
			{"utf16", "base64"},
			{"wide", "base64offset"},
			{"utf16le", "base64offset"},
			{"utf16be", "base64offset"},
			{"wide"},
			{"utf16le"},
			{"utf16be"},
			{"utf16"},
		})
		it.modifiers = slices.Clone(it.modifiers)
		g.place(it)
		g.values(it, func() value {
			return value{text, pick(g.r, []string{"cmd.exe", "alice", "net user", "é", `a\*b`, "a*b", "-enc x", "日本"})}
		})
	}
}

// place adds contains, startswith, endswith, or none.
func (g *generator) place(it *item) {
	if p := pick(g.r, []string{"", "contains", "contains", "startswith", "endswith"}); p != "" {
		it.modifiers = append(it.modifiers, p)
	}
	if g.r.IntN(8) == 0 {
		it.modifiers = append(it.modifiers, "cased")
	}
}

// textual is equality with wildcards, contains, startswith, endswith; cased, neq, all.
func (g *generator) textual(it *item, seen any) {
	if p := pick(g.r, []string{"", "", "contains", "startswith", "endswith"}); p != "" {
		it.modifiers = append(it.modifiers, p)
	}
	if g.r.IntN(8) == 0 {
		it.modifiers = append(it.modifiers, "cased")
	}
	if g.r.IntN(12) == 0 {
		it.modifiers = append(it.modifiers, "neq")
	}
	g.values(it, func() value { return g.like(seen, it.modifiers) })
}

// values gives one value or a list, with all now and then.
func (g *generator) values(it *item, make func() value) {
	n := 1
	if g.r.IntN(3) == 0 {
		n, it.list = 1+g.r.IntN(3), true
	}
	for range n {
		it.values = append(it.values, make())
	}
	if n > 1 && g.r.IntN(3) == 0 && !it.has("neq") {
		it.modifiers = append(it.modifiers, "all")
	}
}

// like is a value that resembles what an event has: the same, a part of it, in
// another case, with wildcards; or any value at all.
func (g *generator) like(seen any, modifiers []string) value {
	if list, ok := seen.([]any); ok && len(list) > 0 {
		seen = pick(g.r, list)
	}
	if g.r.IntN(5) == 0 {
		seen = g.any(0)
	}
	switch seen := seen.(type) {
	case nil:
		if len(modifiers) == 0 && g.r.IntN(2) == 0 {
			return value{null, ""}
		}
	case bool:
		if g.r.IntN(2) == 0 {
			return value{boolean, strconv.FormatBool(seen)}
		}
		return value{text, strconv.FormatBool(seen)}
	case json.Number:
		if g.r.IntN(3) > 0 {
			return value{number, seen.String()}
		}
		return g.wordValue(seen.String())
	case string:
		s := seen
		if len(modifiers) > 0 {
			s = g.part(s)
		}
		return g.wordValue(s)
	}
	return g.wordValue(pick(g.r, g.words))
}

// part is a piece of a text.
func (g *generator) part(s string) string {
	runes := []rune(s)
	if len(runes) < 2 || g.r.IntN(4) == 0 {
		return s
	}
	switch g.r.IntN(3) {
	case 0:
		return string(runes[:1+g.r.IntN(len(runes)-1)])
	case 1:
		return string(runes[g.r.IntN(len(runes)-1):])
	}
	from := g.r.IntN(len(runes) - 1)
	return string(runes[from : from+1+g.r.IntN(len(runes)-from)])
}

// wordValue writes a text: escaped or not, in another case, with wildcards.
func (g *generator) wordValue(s string) value {
	var b strings.Builder
	swap, escape := g.r.IntN(4) == 0, g.r.IntN(3) > 0
	holes := g.r.IntN(3) == 0
	for _, r := range s {
		switch {
		case holes && g.r.IntN(4) == 0:
			b.WriteString(pick(g.r, []string{"?", "*"}))
			continue
		case escape && strings.ContainsRune(`*?\`, r):
			b.WriteByte('\\')
		case swap && unicode.IsLower(r):
			r = unicode.ToUpper(r)
		case swap:
			r = unicode.ToLower(r)
		}
		b.WriteRune(r)
	}
	if holes && g.r.IntN(3) == 0 {
		b.WriteString(pick(g.r, []string{"*", `\*`, `\\*`, `\\\*`, `\`, `\\`, `\\\`, `\\\\`, "?"}))
	}
	return value{text, b.String()}
}
