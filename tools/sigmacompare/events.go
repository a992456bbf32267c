package main

import (
	"encoding/json"
	"math/rand/v2"
)

// member says what an event holds under a name.
type member struct {
	path string
	make func(g *generator) any
}

// members are the fields of generated events; each is in most of them, not in all.
func members() []member {
	words := func(g *generator) any { return g.mostly(pick(g.r, g.words)) }
	return []member{
		{"user", words},
		{"cmd", words},
		{"path", words},
		{"encoded", func(g *generator) any { return g.mostly(pick(g.r, g.encoded)) }},
		{"ip", func(g *generator) any { return g.mostly(pick(g.r, g.words[g.firstAddress:g.firstAddress+10])) }},
		{"n", func(g *generator) any { return g.mostly(json.Number(pick(g.r, numbers()[1:]))) }},
		{"flag", func(g *generator) any { return g.mostly(g.r.IntN(2) == 0) }},
		{"when", func(g *generator) any { return g.mostly(pick(g.r, times())) }},
		{"tags", func(g *generator) any { return g.list(3) }},
		{"mixed", func(g *generator) any { return g.any(2) }},
	}
}

// event makes one: members of each kind at the top, within an object, within
// objects of a list, and under a name with a dot.
func (g *generator) event(n int) map[string]any {
	e := map[string]any{markField: mark(n)}
	for _, m := range members() {
		if g.r.IntN(5) > 0 {
			e[m.path] = m.make(g)
		}
	}
	if g.r.IntN(3) > 0 {
		e["deep"] = map[string]any{"user": g.any(1), "more": map[string]any{"n": g.any(1)}}
	}
	if g.r.IntN(3) > 0 {
		var list []any
		for range g.r.IntN(4) {
			element := map[string]any{}
			for _, name := range []string{"name", "n"} {
				if g.r.IntN(4) > 0 {
					element[name] = g.any(1)
				}
			}
			list = append(list, element)
		}
		e["items"] = list
	}
	if g.r.IntN(4) == 0 {
		e["a.b"] = g.any(1)
	}
	if g.r.IntN(3) == 0 {
		e["a"] = map[string]any{"b": g.any(1)}
	}
	return e
}

// mostly is the value, and now and then something of another type.
func (g *generator) mostly(v any) any {
	if g.r.IntN(6) > 0 {
		return v
	}
	return g.any(2)
}

func (g *generator) any(depth int) any {
	switch g.r.IntN(12) {
	case 0:
		return nil
	case 1:
		return ""
	case 2:
		return g.r.IntN(2) == 0
	case 3, 4:
		return json.Number(pick(g.r, numbers()[1:15]))
	case 5:
		if depth > 1 {
			return map[string]any{"user": pick(g.r, g.words)}
		}
	case 6:
		if depth > 0 {
			return g.list(depth)
		}
	}
	return pick(g.r, g.words)
}

func (g *generator) list(depth int) any {
	list := []any{}
	for range g.r.IntN(4) {
		list = append(list, g.any(depth-1))
	}
	return list
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// lookup follows a path the simplest way, for rules that shall find something.
func lookup(e map[string]any, path string) any {
	if v, ok := e[path]; ok {
		return v
	}
	for i := range path {
		if path[i] != '.' {
			continue
		}
		switch v := e[path[:i]].(type) {
		case map[string]any:
			return lookup(v, path[i+1:])
		case []any:
			for _, element := range v {
				if m, ok := element.(map[string]any); ok {
					if found := lookup(m, path[i+1:]); found != nil {
						return found
					}
				}
			}
		}
	}
	return nil
}
