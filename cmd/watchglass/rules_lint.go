package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/watchglass/watchglass/internal/sigma"
)

func newRulesLintCommand() *cobra.Command {
	var strict bool
	c := &cobra.Command{
		Use:   "lint [DIR]",
		Short: "Find mistakes in rules",
		Long: `Read every rule of a folder (default: that of the configuration), refuse what is wrong
with file:line:column, and warn of what is legal but suspicious.`,
		Example: "  watchglass rules lint deploy/policy/rules --strict",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("rules lint takes one folder, got %d", len(args))
			}
			return nil
		},
	}
	configFlag(c)
	c.Flags().BoolVar(&strict, "strict", false, "fail on warnings")
	c.RunE = func(c *cobra.Command, args []string) error {
		dir, err := lintDir(c, args)
		if err != nil {
			return err
		}
		set, err := loadSet(dir, sigma.Options{})
		if err != nil {
			return err
		}
		warnings := set.Lint()
		for _, w := range warnings {
			_, _ = fmt.Fprintln(c.OutOrStdout(), w)
		}
		_, _ = fmt.Fprintf(c.OutOrStdout(), "%d rules, %d warnings\n", len(set.All()), len(warnings))
		if strict && len(warnings) > 0 {
			return fmt.Errorf("%d warnings, and --strict", len(warnings))
		}
		return nil
	}
	return c
}

func lintDir(c *cobra.Command, args []string) (string, error) {
	if len(args) == 1 {
		return args[0], nil
	}
	cfg, err := loadConfig(c)
	if err != nil {
		return "", err
	}
	return cfg.RulesDir(), nil
}
