package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/watchglass/watchglass/internal/sigma"
	"github.com/watchglass/watchglass/schema"
)

func newRulesCoverageCommand() *cobra.Command {
	var dir string
	var asJSON bool
	c := &cobra.Command{
		Use:   "coverage",
		Short: "Show what no rule looks at",
		Long: `Show how many rules look at each field of an event, and how many ask for each category
of data of the default taxonomy by name (a value, a wildcard or an expression that takes
it, not under "not"). Rules that ask for no category see all of them. No database is asked.`,
		Example: "  watchglass rules coverage --rules deploy/policy/rules",
		Args:    noArgs,
	}
	rulesFlag(c, &dir)
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	c.RunE = func(c *cobra.Command, _ []string) error {
		_, set, err := openRules(c, dir)
		if err != nil {
			return err
		}
		report := coverageOf(set)
		if asJSON {
			return json.NewEncoder(c.OutOrStdout()).Encode(report)
		}
		return report.print(c.OutOrStdout())
	}
	return c
}

// coverage is what the rules of a set look at.
type coverage struct {
	Rules      int        `json:"rules"`
	Keywords   int        `json:"keyword_rules"` // look at every text
	Anywhere   int        `json:"rules_for_any_category"`
	Fields     []covering `json:"fields"`
	Categories []covering `json:"categories"`
}

// covering is one field or category, and how many rules there are for it.
type covering struct {
	Name  string `json:"name"`
	Rules int    `json:"rules"`
	doc   string
}

func coverageOf(set *sigma.Set) coverage {
	const categories = "data.categories"
	rules := set.Rules()
	report := coverage{Rules: len(rules)}
	looking := map[string]int{}
	for _, r := range rules {
		paths := set.LooksAt(r)
		for _, path := range paths {
			looking[path]++
		}
		if !slices.Contains(paths, categories) {
			report.Anywhere++
		}
	}
	report.Keywords = looking[""]
	delete(looking, "")
	for _, def := range schema.Fields() {
		report.Fields = append(report.Fields, covering{def.Path, looking[def.Path], def.Doc})
		delete(looking, def.Path)
	}
	var free []string
	for path := range looking {
		free = append(free, path)
	}
	slices.Sort(free)
	for _, path := range free {
		report.Fields = append(report.Fields, covering{path, looking[path], ""})
	}
	for _, category := range schema.Taxonomy() {
		n := 0
		for _, r := range rules {
			if set.AsksFor(r, categories, category.Name) {
				n++
			}
		}
		report.Categories = append(report.Categories, covering{category.Name, n, category.Doc})
	}
	return report
}

// print shows first what no rule looks at.
func (r coverage) print(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, part := range []struct {
		none, some string
		list       []covering
	}{
		{"CATEGORIES THAT NO RULE ASKS FOR", "CATEGORY", r.Categories},
		{"FIELDS THAT NO RULE LOOKS AT", "FIELD", r.Fields},
	} {
		fmt.Fprintf(table, "%s\t\n", part.none)
		for _, c := range part.list {
			if c.Rules == 0 {
				fmt.Fprintf(table, "  %s\t%s\n", c.Name, c.doc)
			}
		}
		fmt.Fprintf(table, "\n%s\tRULES\n", part.some)
		ordered := slices.Clone(part.list)
		slices.SortStableFunc(ordered, func(a, b covering) int { return b.Rules - a.Rules })
		for _, c := range ordered {
			if c.Rules > 0 {
				fmt.Fprintf(table, "  %s\t%d\n", c.Name, c.Rules)
			}
		}
		fmt.Fprintln(table)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	notes := []string{fmt.Sprintf("%d rules", r.Rules), fmt.Sprintf("%d ask for no category, and see all", r.Anywhere)}
	if r.Keywords > 0 {
		notes = append(notes, fmt.Sprintf("%d look for keywords in every text", r.Keywords))
	}
	_, err := fmt.Fprintln(out, strings.Join(notes, "; "))
	return err
}

// lookedAt reports that a rule's comparisons look at a field.
func lookedAt(set *sigma.Set, r *sigma.Rule, path string) bool {
	paths := set.LooksAt(r)
	return slices.Contains(paths, path) || slices.Contains(paths, "")
}
