package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/watchglass/watchglass/internal/telemetry"
)

func newVersionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Show the version and commit",
		Example: "  watchglass version",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			b := telemetry.BuildInfo(version)
			changed := ""
			if b.Dirty {
				changed = " (changed)"
			}
			_, err := fmt.Fprintf(c.OutOrStdout(), "watchglass %s\ncommit %s%s\n%s\n", b.Version, b.Commit, changed, b.Go)
			return err
		},
	}
}
