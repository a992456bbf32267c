package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/watchglass/watchglass/internal/sigma"
	"github.com/watchglass/watchglass/schema"
)

func newRulesTestCommand() *cobra.Command {
	var judging judgeFlags
	var junit string
	var strict bool
	c := &cobra.Command{
		Use:   "test DIR",
		Short: "Run the tests beside the rules",
		Long: `Run every NAME.test.yml of a policy folder (or of a folder of rules, with --policy):
its events are decoded and enriched as run does, and must match, or not, as it says;
those of a rule over time must make the alerts that it lists. Rules that lack a
match or a near miss are named.`,
		Example: `  watchglass rules test deploy/policy
  watchglass rules test deploy/policy --strict --junit report.xml`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("rules test takes one folder, got %d", len(args))
			}
			return nil
		},
	}
	judging.register(c)
	c.Flags().StringVar(&junit, "junit", "", "file to write a report to, in JUnit's XML")
	c.Flags().BoolVar(&strict, "strict", false, "fail on rules that lack a match or a near miss")
	_ = c.MarkFlagDirname("policy")
	c.RunE = func(c *cobra.Command, args []string) error {
		policy, rules, err := policyAndRules(args[0], judging.policy)
		if err != nil {
			return err
		}
		judging.policy = policy
		results, set, err := tryRules(&judging, rules)
		if err != nil {
			return err
		}
		if junit != "" {
			if err := writeJUnit(junit, results); err != nil {
				return err
			}
		}
		return reportTests(c.OutOrStdout(), set, results, strict)
	}
	return c
}

// testResult is a test, and what is wrong; "" if it passed.
type testResult struct {
	*sigma.Case
	wrong string
}

func tryRules(judging *judgeFlags, dir string) ([]testResult, *sigma.Set, error) {
	set, err := loadSet(dir, sigma.Options{})
	if err != nil {
		return nil, nil, err
	}
	cases, err := sigma.LoadCases(os.DirFS(dir), ".")
	if err != nil {
		return nil, nil, usageError{err}
	}
	judge, err := judging.open()
	if err != nil {
		return nil, nil, err
	}
	results := make([]testResult, len(cases))
	for i := range cases {
		results[i] = testResult{&cases[i], judge.try(set, &cases[i])}
	}
	return results, set, nil
}

func (j *judge) try(set *sigma.Set, c *sigma.Case) string {
	events := make([]*schema.AccessEvent, len(c.Events))
	for i, raw := range c.Events {
		events[i] = new(schema.AccessEvent)
		if err := j.event(raw, events[i]); err != nil {
			return fmt.Sprintf("event %d: %v", i, err)
		}
	}
	return set.Try(c, events)
}

func reportTests(w io.Writer, set *sigma.Set, results []testResult, strict bool) error {
	failed := 0
	for _, r := range results {
		if r.wrong != "" {
			failed++
			_, _ = fmt.Fprintf(w, "FAIL %s:%d: %s: %s\n", r.File, r.Line, r.Name, r.wrong)
		}
	}
	lacking := untested(set, results)
	for _, text := range lacking {
		_, _ = fmt.Fprintln(w, text)
	}
	rules := len(set.All())
	_, _ = fmt.Fprintf(w, "%d rules, %d tests, %d failed; %d rules without a match and a near miss\n", rules, len(results), failed, len(lacking))
	switch {
	case failed > 0:
		return fmt.Errorf("%d of %d tests failed", failed, len(results))
	case strict && len(lacking) > 0:
		return fmt.Errorf("%d rules lack a match or a near miss, and --strict", len(lacking))
	}
	return nil
}

// untested names the rules that lack a match or a near miss. Those that are there for
// rules over time alone are tested with them.
func untested(set *sigma.Set, results []testResult) (lines []string) {
	for _, r := range set.All() {
		matches := slices.ContainsFunc(results, func(t testResult) bool { return t.Rule == r.ID && (t.Match || len(t.Alerts) > 0) })
		misses := slices.ContainsFunc(results, func(t testResult) bool { return t.Rule == r.ID && !t.Match && len(t.Alerts) == 0 })
		var lacks []string
		if !matches {
			lacks = append(lacks, "match")
		}
		if !misses {
			lacks = append(lacks, "near miss")
		}
		if len(lacks) > 0 && !r.Quiet {
			lines = append(lines, fmt.Sprintf("%s: no test has a %s for %s", r.File, strings.Join(lacks, ", nor a "), r.ID))
		}
	}
	return lines
}
