package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// finding is that a rule over time held for a group, or that a rule on single
// events was printed, at an event.
type finding struct {
	event int
	rule  string
	group string
}

// correlated runs a folder of rules, and says what both engines find.
func correlated(ours, theirs string, all []correlation, events []map[string]any) (found [2]map[finding]bool, err error) {
	dir, err := os.MkdirTemp("", "sigmacompare-")
	if err != nil {
		return found, err
	}
	defer os.RemoveAll(dir)
	rules, file := filepath.Join(dir, "rules"), filepath.Join(dir, "events.jsonl")
	explicit := filepath.Join(dir, "explicit")
	if err := errors.Join(writeTimed(rules, all, false), writeTimed(explicit, all, true), writeEvents(file, events)); err != nil {
		return found, err
	}
	found = [2]map[finding]bool{{}, {}}
	in, err := os.Open(file)
	if err != nil {
		return found, err
	}
	defer in.Close()
	c := exec.Command(ours, "rules", "match", "--rules", rules, "--no-enrich")
	c.Stdin = in
	err = eachLine(c, func(line []byte) error {
		var m struct {
			Event int
			Rule  string
			Group map[string]string
		}
		if err := json.Unmarshal(line, &m); err != nil {
			return err
		}
		var parts []string
		for name, value := range m.Group {
			parts = append(parts, name+"="+value)
		}
		found[0][finding{m.Event, m.Rule, groupText(parts)}] = true
		return nil
	})
	if err != nil {
		return found, err
	}
	at := -1 // rsigma writes what an event matches, then what it completes
	c = exec.Command(theirs, "--output-format", "ndjson", "engine", "eval", "--input-format", "json", "--rules", explicit, "--event", "@"+file, "--timestamp-field", "time", "--include-event", "--no-detections")
	err = eachLine(c, func(line []byte) error {
		var m struct {
			Rule  string      `json:"rule_id"`
			Kind  string      `json:"correlation_type"`
			Group [][2]string `json:"group_key"`
			Event map[string]json.RawMessage
		}
		if err := json.Unmarshal(line, &m); err != nil {
			return err
		}
		if m.Kind == "" {
			n, err := readMark(m.Event[markField])
			at = n
			found[1][finding{event: n, rule: m.Rule}] = true
			return err
		}
		var parts []string
		for _, p := range m.Group {
			parts = append(parts, p[0]+"="+p[1])
		}
		found[1][finding{at, m.Rule, groupText(parts)}] = true
		return nil
	})
	return found, err
}

// writeTimed writes the rules over time and those on single events.
func writeTimed(dir string, all []correlation, explicit bool) error {
	err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, "singles.yml"), []byte(singlesText()), 0o644))
	for _, c := range all {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, c.id+".yml"), []byte(c.yaml(explicit)), 0o644))
	}
	return err
}

// groupText leaves out what is not there, which the engines write differently.
func groupText(parts []string) string {
	parts = slices.DeleteFunc(parts, func(p string) bool { return strings.HasSuffix(p, "=") })
	slices.Sort(parts)
	return strings.Join(parts, " ")
}

// overTime compares rules over time, folder by folder: first with all that there
// is, then without what the engines are known to differ about.
func overTime(ours, theirs string, p plan, folders int) error {
	return errors.Join(overTimeOnce(ours, theirs, p, folders, false), overTimeOnce(ours, theirs, p, folders, true))
}

func overTimeOnce(ours, theirs string, p plan, folders int, plain bool) error {
	g := newGenerator(p.seed, false)
	g.plain = plain
	classes, refused := map[string][]timedCase{}, map[string]int{}
	rules, both, only := 0, 0, [2]int{}
	for range folders {
		all, err := acceptedByBoth(ours, theirs, g.correlations(25), refused)
		if err != nil {
			return err
		}
		events := g.timed(p.events)
		found, err := correlated(ours, theirs, all, events)
		if err != nil {
			return err
		}
		rules += len(all)
		different := map[string][2][]finding{}
		for i := range found {
			for f := range found[i] {
				switch {
				case !found[1-i][f]:
					only[i]++
					d := different[f.rule]
					d[i] = append(d[i], f)
					different[f.rule] = d
				case i == 0:
					both++
				}
			}
		}
		for _, id := range slices.Sorted(maps.Keys(different)) {
			c := timedCase{id, withNamed(id, all), events, different[id], plain}
			classes[c.class()] = append(classes[c.class()], c)
		}
	}
	fmt.Printf("== Rules over time, plain: %t\nrules that both accept %d, events %d, findings of both %d, only watchglass %d, only rsigma %d\n", plain, rules, p.events*folders, both, only[0], only[1])
	for _, reason := range slices.SortedFunc(maps.Keys(refused), func(a, b string) int { return cmp.Compare(refused[b], refused[a]) }) {
		fmt.Printf("  %6d  %s\n", refused[reason], reason)
	}
	for _, name := range slices.Sorted(maps.Keys(classes)) {
		fmt.Printf("\n== %s: %d rules\n", cmp.Or(name, "UNDECIDED"), len(classes[name]))
		n := min(p.each, len(classes[name]))
		if name == "generate" {
			n = 0 // it is about all rules of a folder together
		}
		for i := range n {
			least, found, err := classes[name][i].reduce(ours, theirs)
			if err != nil {
				return err
			}
			fmt.Println(least.show(found))
		}
	}
	if n := len(classes[""]); n > 0 {
		return fmt.Errorf("%d rules over time differ in no class of known_timed.go", n)
	}
	return nil
}

// acceptedByBoth drops what one refuses, and what names it.
func acceptedByBoth(ours, theirs string, all []correlation, refused map[string]int) ([]correlation, error) {
	dir, err := os.MkdirTemp("", "sigmacompare-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := writeTimed(dir, all, false); err != nil {
		return nil, err
	}
	for _, e := range []engine{watchglass{ours}, rsigma{program: theirs}} {
		reasons, err := e.refused(dir)
		if err != nil {
			return nil, err
		}
		for _, reason := range reasons {
			refused[e.name()+": "+reasonClass(reason)]++
		}
		for dropped := reasons; len(dropped) > 0; {
			next := map[string]string{}
			all = slices.DeleteFunc(slices.Clone(all), func(c correlation) bool {
				gone := dropped[c.id] != "" || slices.ContainsFunc(c.rules, func(r string) bool { return dropped[r] != "" })
				if gone && dropped[c.id] == "" {
					next[c.id] = "names one that is refused"
				}
				return gone
			})
			dropped = next
		}
	}
	return all, nil
}

// withNamed is a rule and all that it names, however far away.
func withNamed(id string, all []correlation) (list []correlation) {
	for _, c := range all {
		if c.id != id {
			continue
		}
		for _, named := range c.rules {
			for _, inner := range withNamed(named, all) {
				if !slices.ContainsFunc(list, func(c correlation) bool { return c.id == inner.id }) {
					list = append(list, inner)
				}
			}
		}
		return append(list, c)
	}
	return nil
}
