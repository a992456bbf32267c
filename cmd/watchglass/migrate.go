package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/watchglass/watchglass/internal/store"
)

func newMigrateCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the ClickHouse schema up to date",
		Long: `Make the database and its tables, apply the migrations that are missing, and set how
long rows are kept. It only adds, may be repeated, and may run while workers do.`,
		Example: "  watchglass migrate --config watchglass.yaml",
		Args:    noArgs,
	}
	configFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		cfg, err := loadConfig(c)
		if err != nil {
			return err
		}
		target, err := storeConfig(cfg.ClickHouse)
		if err != nil {
			return err
		}
		db, err := store.Open(c.Context(), target)
		if err != nil {
			return err
		}
		defer func() { _ = db.Close() }()
		if err := db.Migrate(c.Context(), retention(cfg.ClickHouse.Retention)); err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		status, err := db.Status(c.Context())
		if err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		_, err = fmt.Fprintf(c.OutOrStdout(), "database %s is at migration %d of %d\n", cfg.ClickHouse.Database, applied(status), len(status))
		return err
	}
	return c
}

func applied(status []store.SchemaStatus) (n int) {
	for _, s := range status {
		if s.Applied {
			n++
		}
	}
	return n
}
