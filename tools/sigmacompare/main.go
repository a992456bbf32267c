// Sigmacompare holds Watchglass's Sigma engine against another one, rsigma, which
// has nothing in common with it: generated rules over generated events, each
// disagreement reduced to one rule and one event, and the speed of both.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "sigmacompare:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) == 0 {
		return fmt.Errorf("expected verdicts, overtime, speed or rules")
	}
	flags := flag.NewFlagSet("sigmacompare", flag.ExitOnError)
	ours := flags.String("watchglass", "../bin/watchglass", "our program")
	theirs := flags.String("rsigma", "bin/rsigma", "the other program")
	seed := flags.Uint64("seed", 1, "start of the random sequence")
	events := flags.Int("events", 300, "number of events")
	atoms := flags.Int("atoms", 6000, "verdicts: rules of one field or of keywords")
	compounds := flags.Int("compounds", 3000, "verdicts: rules of several searches and a condition")
	transforms := flags.Bool("transforms", true, "verdicts: windash, base64…, utf16…, wide and time parts too")
	each := flags.Int("each", 2, "verdicts: reduce so many disagreements of each kind")
	rules := flags.Int("rules", 1000, "speed, rules: number of rules")
	rounds := flags.Int("rounds", 5, "speed: rounds, each program in turn")
	folders := flags.Int("folders", 20, "overtime: folders of 25 rules over time, each with events of its own")
	file := flags.String("input", "", "speed: file of events (default: watchglass generate --stdout)")
	dir := flags.String("dir", "", "rules: folder to write the rules to")
	if err := flags.Parse(arguments[1:]); err != nil {
		return err
	}
	other := rsigma{program: *theirs}
	switch arguments[0] {
	case "verdicts":
		return verdicts([2]engine{watchglass{*ours}, other}, plan{*seed, *events, *atoms, *compounds, *each, *transforms})
	case "overtime":
		return overTime(*ours, *theirs, plan{seed: *seed, events: *events, each: *each}, *folders)
	case "speed":
		fast := rsigma{*theirs, []string{"--cross-rule-ac"}}
		return speed([]engine{watchglass{*ours}, other, fast}, *seed, *rules, *events, *rounds, *file, *ours)
	case "rules":
		return writeRules(*dir, mix(*seed, *rules))
	}
	return fmt.Errorf("unknown %q: expected verdicts, overtime, speed or rules", arguments[0])
}

func ruleID(n int) string { return fmt.Sprintf("r%06d", n) }
