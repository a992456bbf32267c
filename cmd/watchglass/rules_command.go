package main

import "github.com/spf13/cobra"

func newRulesCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "rules",
		Short:   "Work on rules: lint, test, match, sql, backtest, coverage",
		Example: "  watchglass rules lint deploy/policy/rules",
		Args:    cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return c.Help()
			}
			return usagef("unknown command %q for rules: it is one of lint, test, match, sql, backtest, coverage", args[0])
		},
	}
	c.AddCommand(newRulesLintCommand(), newRulesTestCommand(), newRulesMatchCommand(), newRulesSQLCommand(), newRulesBacktestCommand(), newRulesCoverageCommand())
	return c
}
