package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
)

// plan is how much to compare.
type plan struct {
	seed       uint64
	events     int
	atoms      int
	compounds  int
	each       int
	transforms bool
}

// verdicts compares in two steps: rules of one field; then rules with a
// structure, made of the fields on which both agreed.
func verdicts(engines [2]engine, p plan) error {
	g := newGenerator(p.seed, p.transforms)
	for i := range p.events {
		g.events = append(g.events, g.event(i))
	}
	var atoms []rule
	for range p.atoms {
		atoms = append(atoms, g.atom())
	}
	first, err := compare(engines, atoms, g.events)
	if err != nil {
		return err
	}
	report("Rules of one field, or of keywords", engines, len(atoms), p.events, first)
	items, words := agreed(first)
	var compounds []rule
	for range p.compounds {
		compounds = append(compounds, g.compound(items, words))
	}
	second, err := compare(engines, compounds, g.events)
	if err != nil {
		return err
	}
	report("Rules with a structure, of fields on which both agree", engines, len(compounds), p.events, second)
	return explain(engines, slices.Concat(first.disagreements, second.disagreements), p.each)
}

// agreed are the items and keywords about which nobody differs.
func agreed(c *comparison) (items []item, words []value) {
	bad := map[string]bool{}
	for _, d := range c.disagreements {
		bad[d.rule.id] = true
	}
	for _, r := range c.accepted {
		if bad[r.id] {
			continue
		}
		if it, ok := r.onlyItem(); ok {
			items = append(items, it)
		} else if list, ok := r.onlyWords(); ok && len(list) == 1 {
			words = append(words, list...)
		}
	}
	return items, words
}

func report(title string, engines [2]engine, rules, events int, c *comparison) {
	fmt.Printf("== %s\nrules %d, events %d, rules that both accept %d, verdicts %d, disagreements %d\n",
		title, rules, events, len(c.accepted), c.verdicts, len(c.disagreements))
	for i, e := range engines {
		fmt.Printf("%s: matches %d, refuses %d rules\n", e.name(), c.matches[i], len(c.refusals[i]))
		reasons := map[string]int{}
		for id, reason := range c.refusals[i] {
			alone := ""
			if c.refusals[1-i][id] == "" {
				alone = " (the other accepts)"
			}
			reasons[reasonClass(reason)+alone]++
		}
		for _, reason := range slices.SortedFunc(maps.Keys(reasons), func(a, b string) int {
			return cmp.Or(cmp.Compare(reasons[b], reasons[a]), cmp.Compare(a, b))
		}) {
			fmt.Printf("  %6d  %s\n", reasons[reason], reason)
		}
	}
}

// reasonClass leaves out of a message what belongs to one rule.
func reasonClass(reason string) string {
	reason, _, _ = strings.Cut(reason, "\n")
	for _, part := range []struct{ from, to string }{
		{`^[^ ]*\|[^ ]*: `, ""}, {`"[^"]*"`, `"…"`}, {"`[^`]*`", "`…`"}, {`^[: ]+`, ""}, {`\b\d+(\.\d+)*(/\d+)?\b`, "N"}, {` at line N column N`, ""}, {`detection\.[^ ]*: `, ""}, {`got .*`, ""}, {` [^ ]*\*[^ ]* can `, " … can "}, {` them can `, " … can "},
	} {
		reason = regexp.MustCompile(part.from).ReplaceAllString(reason, part.to)
	}
	if runes := []rune(reason); len(runes) > 150 {
		reason = string(runes[:150]) + "…"
	}
	return reason
}

// explain sorts the disagreements into the known classes and shows examples of
// each, reduced; it fails when some are in none.
func explain(engines [2]engine, all []disagreement, each int) error {
	classes := map[string][]disagreement{}
	for _, d := range all {
		name := classOf(d)
		classes[name] = append(classes[name], d)
	}
	unknown := map[string][]disagreement{}
	for _, d := range classes[""] {
		s := d.signature()
		unknown[s] = append(unknown[s], d)
	}
	var wrong error
	for _, name := range slices.Sorted(maps.Keys(classes)) {
		if name == "" {
			continue
		}
		alone := 0
		for _, d := range classes[name] {
			if d.first {
				alone++
			}
		}
		fmt.Printf("\n== %s: %d, in %d of them only %s matches\n", name, len(classes[name]), alone, engines[0].name())
		wrong = errors.Join(wrong, examples(engines, classes[name], each))
	}
	if len(unknown) == 0 {
		fmt.Printf("\n%d disagreements, all of %d known classes\n", len(all), len(classes)-len(unknown))
		return wrong
	}
	for _, s := range slices.Sorted(maps.Keys(unknown)) {
		fmt.Printf("\n== UNDECIDED, %s: %d\n", s, len(unknown[s]))
		wrong = errors.Join(wrong, examples(engines, unknown[s], each))
	}
	return errors.Join(wrong, fmt.Errorf("%d disagreements of %d kinds are in no class of known.go: decide them by the specification", len(classes[""]), len(unknown)))
}

// examples shows some, of different rules, reduced within their class. It fails
// when one of a known class is, reduced regardless of that, of none: then something
// else hides behind the class.
func examples(engines [2]engine, all []disagreement, n int) error {
	n = min(n, len(all))
	name := classOf(all[0])
	for i := range n {
		d := all[i*len(all)/n]
		within, err := reduce(engines, d, func(d disagreement) bool { return classOf(d) == name })
		if err != nil {
			return err
		}
		fmt.Println(within.show(engines))
		if name == "" {
			continue
		}
		least, err := reduce(engines, d, func(disagreement) bool { return true })
		if err != nil {
			return err
		}
		if classOf(least) == "" {
			return fmt.Errorf("something else hides behind %q: %s", name, least.show(engines))
		}
	}
	return nil
}

// show writes the rule's detection, the event, and who says what.
func (d disagreement) show(engines [2]engine) string {
	e := maps.Clone(d.event)
	delete(e, markField)
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(e); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	who := 0
	if !d.first {
		who = 1
	}
	return fmt.Sprintf("%s%s  only %s matches", d.rule.detection(), b.String(), engines[who].name())
}
