package main

import "fmt"

// compound is a rule of several searches and a condition over them, made of items
// on which both engines are of one mind: what differs then is the structure.
func (g *generator) compound(items []item, words []value) rule {
	var r rule
	names := []string{"sel_a", "sel_b", "filter_a", "filter_b", "_hidden_a", "other"}
	g.r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	names = names[:1+g.r.IntN(len(names))]
	for _, name := range names {
		r.searches = append(r.searches, g.search(name, items, words))
	}
	n := 1
	if g.r.IntN(10) == 0 {
		n = 2
	}
	for range n {
		r.conditions = append(r.conditions, g.condition(names, 3))
	}
	return g.named(r)
}

func (g *generator) search(name string, items []item, words []value) search {
	s := search{name: name}
	shape := g.r.IntN(10)
	if shape < 2 && len(words) > 0 {
		for range 1 + g.r.IntN(3) {
			s.words = append(s.words, pick(g.r, words))
		}
	}
	if shape == 0 && len(words) > 0 {
		return s
	}
	n := 1
	if shape < 5 {
		n, s.list = 1+g.r.IntN(3), true
	}
	for range n {
		var m []item
		taken := map[string]bool{}
		for range 1 + g.r.IntN(3) {
			it := pick(g.r, items)
			if key := fmt.Sprint(it.field, it.modifiers); !taken[key] {
				taken[key] = true
				m = append(m, it)
			}
		}
		s.maps = append(s.maps, m)
	}
	return s
}

func (g *generator) condition(names []string, depth int) condition {
	if depth > 0 {
		switch g.r.IntN(5) {
		case 0:
			return condition{op: "not", kids: []condition{g.condition(names, depth-1)}}
		case 1, 2:
			c := condition{op: pick(g.r, []string{"and", "or"})}
			for range 2 + g.r.IntN(2) {
				c.kids = append(c.kids, g.condition(names, depth-1))
			}
			return c
		}
	}
	if g.r.IntN(3) > 0 {
		return condition{leaf: pick(g.r, names)}
	}
	of := pick(g.r, []string{"1", "all", "any", "2", "1", "all", "3"})
	return condition{leaf: of + " of " + pick(g.r, []string{"them", "sel_*", "filter_*", "*", "_hidden*", "*_a", "sel*a", "oth*"})}
}
