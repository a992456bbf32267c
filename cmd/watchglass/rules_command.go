package main

import "github.com/spf13/cobra"

func newRulesCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "rules",
		Short:   "Work on rules: match, lint, sql, backtest, coverage",
		Example: "  watchglass rules lint deploy/policy/rules",
		Args:    cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return c.Help()
			}
			return usagef("unknown command %q for rules: it is one of match, lint, sql, backtest, coverage", args[0])
		},
	}
	c.AddCommand(newRulesMatchCommand(), newRulesLintCommand(), newRulesSQLCommand(), newRulesBacktestCommand(), newRulesCoverageCommand())
	return c
}
