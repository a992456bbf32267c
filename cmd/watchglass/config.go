package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func newConfigCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "config",
		Short:   "Show the settings in force, secrets hidden",
		Long:    "Show every setting: what the file says, and the defaults for the rest. The output is a configuration file itself.",
		Example: "  watchglass config --config watchglass.yaml",
		Args:    noArgs,
	}
	configFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		cfg, err := loadConfig(c)
		if err != nil {
			return err
		}
		text, err := cfg.Effective()
		if err != nil {
			return err
		}
		_, err = fmt.Fprint(c.OutOrStdout(), text)
		return err
	}
	return c
}
