package main

import (
	"maps"
	"slices"
	"strings"
)

// reduce leaves out of a disagreement whatever can go without ending it, as long
// as keep says that it is still what is looked for.
func reduce(engines [2]engine, d disagreement, keep func(disagreement) bool) (disagreement, error) {
	for range 60 {
		smaller, found, err := reduceOnce(engines, d, keep)
		if err != nil || !found {
			return d, err
		}
		d = smaller
	}
	return d, nil
}

// reduceOnce tries every single simplification of the event, then of the rule.
func reduceOnce(engines [2]engine, d disagreement, keep func(disagreement) bool) (disagreement, bool, error) {
	if events := smallerEvents(d.event, d.rule); len(events) > 0 {
		c, err := compare(engines, []rule{d.rule}, events)
		if err != nil {
			return d, false, err
		}
		// The first event that does: the bigger simplifications come first.
		for _, e := range events {
			for _, smaller := range c.disagreements {
				if smaller.event[markField] == e[markField] && keep(smaller) {
					return smaller, true, nil
				}
			}
		}
	}
	if rules := smallerRules(d.rule); len(rules) > 0 {
		for i := range rules {
			rules[i].id = ruleID(i)
		}
		c, err := compare(engines, rules, []map[string]any{maps.Clone(d.event)})
		if err != nil {
			return d, false, err
		}
		if i := slices.IndexFunc(c.disagreements, keep); i >= 0 {
			return c.disagreements[i], true, nil
		}
	}
	return d, false, nil
}

// smallerRules are all rules with one part less.
func smallerRules(r rule) []rule {
	var all []rule
	add := func(searches []search, conditions []condition) {
		all = append(all, rule{searches: searches, conditions: conditions})
	}
	if len(r.conditions) > 1 {
		for _, c := range r.conditions {
			add(r.searches, []condition{c})
		}
	} else {
		for _, c := range smallerConditions(r.conditions[0]) {
			add(r.searches, []condition{c})
		}
	}
	for i, s := range r.searches {
		if len(r.searches) > 1 {
			add(slices.Delete(slices.Clone(r.searches), i, i+1), r.conditions)
		}
		for _, smaller := range smallerSearches(s) {
			searches := slices.Clone(r.searches)
			searches[i] = smaller
			add(searches, r.conditions)
		}
	}
	return all
}

func smallerConditions(c condition) []condition {
	all := slices.Clone(c.kids)
	for i, kid := range c.kids {
		if len(c.kids) > 2 {
			all = append(all, condition{op: c.op, kids: slices.Delete(slices.Clone(c.kids), i, i+1)})
		}
		for _, smaller := range smallerConditions(kid) {
			kids := slices.Clone(c.kids)
			kids[i] = smaller
			all = append(all, condition{op: c.op, kids: kids})
		}
	}
	return all
}

func smallerSearches(s search) []search {
	var all []search
	for i := range s.words {
		if len(s.words) > 1 || len(s.maps) > 0 {
			smaller := s
			smaller.words = slices.Delete(slices.Clone(s.words), i, i+1)
			smaller.all = s.all && len(smaller.words) > 1
			all = append(all, smaller)
		}
		for _, v := range smallerValues(s.words[i]) {
			smaller := s
			smaller.words = slices.Clone(s.words)
			smaller.words[i] = v
			all = append(all, smaller)
		}
	}
	for i, m := range s.maps {
		if len(s.maps) > 1 || len(s.words) > 0 {
			smaller := s
			smaller.maps = slices.Delete(slices.Clone(s.maps), i, i+1)
			all = append(all, smaller)
		}
		for k, it := range m {
			var replaced [][]item
			if len(m) > 1 {
				replaced = append(replaced, slices.Delete(slices.Clone(m), k, k+1))
			}
			for _, smaller := range smallerItems(it) {
				one := slices.Clone(m)
				one[k] = smaller
				replaced = append(replaced, one)
			}
			for _, one := range replaced {
				smaller := s
				smaller.maps = slices.Clone(s.maps)
				smaller.maps[i] = one
				all = append(all, smaller)
			}
		}
	}
	return all
}

func smallerItems(it item) []item {
	var all []item
	for i := range it.modifiers {
		smaller := it
		smaller.modifiers = slices.Delete(slices.Clone(it.modifiers), i, i+1)
		all = append(all, smaller)
	}
	if it.list && len(it.values) == 1 {
		smaller := it
		smaller.list = false
		all = append(all, smaller)
	}
	for i := range it.values {
		if len(it.values) > 1 {
			smaller := it
			smaller.values = slices.Delete(slices.Clone(it.values), i, i+1)
			smaller.modifiers = slices.Clone(it.modifiers)
			if len(smaller.values) == 1 {
				smaller.modifiers = slices.DeleteFunc(smaller.modifiers, func(m string) bool { return m == "all" })
			}
			all = append(all, smaller)
		}
		if it.has("fieldref") {
			continue
		}
		for _, v := range smallerValues(it.values[i]) {
			smaller := it
			smaller.values = slices.Clone(it.values)
			smaller.values[i] = v
			all = append(all, smaller)
		}
	}
	return all
}

func smallerValues(v value) []value {
	if v.kind != text {
		return nil
	}
	var all []value
	for _, s := range smallerTexts(v.text) {
		all = append(all, value{text, s})
	}
	return all
}

// smallerTexts are halves, and the text without each of its characters; never the empty text.
func smallerTexts(s string) []string {
	runes := []rune(s)
	if len(runes) < 2 {
		return nil
	}
	all := []string{string(runes[:len(runes)/2]), string(runes[len(runes)/2:])}
	for i := range runes {
		if len(runes) > 2 {
			all = append(all, string(runes[:i])+string(runes[i+1:]))
		}
	}
	return all
}

// smallerEvents are the event with nothing but what the rule names, then with
// one part less.
func smallerEvents(e map[string]any, r rule) []map[string]any {
	var all []map[string]any
	named := maps.Clone(e)
	written := r.detection()
	maps.DeleteFunc(named, func(name string, _ any) bool { return name != markField && !strings.Contains(written, name) })
	if len(named) < len(e) {
		all = append(all, named)
	}
	for _, smaller := range smallerParts(e) {
		all = append(all, smaller.(map[string]any))
	}
	return all
}

func smallerParts(v any) []any {
	var all []any
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if name == markField {
				continue
			}
			without := maps.Clone(v)
			delete(without, name)
			all = append(all, without)
			for _, part := range smallerParts(v[name]) {
				with := maps.Clone(v)
				with[name] = part
				all = append(all, with)
			}
		}
	case []any:
		if len(v) == 1 {
			all = append(all, v[0])
		}
		for i := range v {
			all = append(all, slices.Delete(slices.Clone(v), i, i+1))
			for _, part := range smallerParts(v[i]) {
				with := slices.Clone(v)
				with[i] = part
				all = append(all, with)
			}
		}
	case string:
		for _, s := range smallerTexts(v) {
			all = append(all, s)
		}
	}
	return all
}
