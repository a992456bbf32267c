package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/watchglass/watchglass/cmd/watchglass/internal/dead"
	"github.com/watchglass/watchglass/internal/config"
	"github.com/watchglass/watchglass/internal/store"
)

type deadListWish struct {
	which   deadFlags
	summary bool
	asJSON  bool
	limit   int
}

func newDeadListCommand() *cobra.Command {
	var wish deadListWish
	c := &cobra.Command{
		Use:   "list",
		Short: "List dead letters, newest first, without their bytes",
		Long: `List the dead letters that ClickHouse keeps, newest first: where each record was, when,
why it could not be handled, and what became of it by replaying. Nothing of the record
itself is printed. clickhouse.username needs the role dead_letter_reader, and the role
analyst for what became of replayed records.

Letters for spans of offsets (retention_gap, skipped_by_operator) have no record and no
time: --since and --until let them pass, and they come last.`,
		Example: `  watchglass dead list --summary
  watchglass dead list --reason time_too_old --since 24h
  watchglass dead list --topic access-events --partition 3 --json`,
		Args: noArgs,
	}
	configFlag(c)
	wish.which.add(c)
	f := c.Flags()
	f.BoolVar(&wish.summary, "summary", false, "count by reason and topic")
	f.BoolVar(&wish.asJSON, "json", false, "print a JSON line for each letter, or count")
	f.IntVar(&wish.limit, "limit", 100, "letters to print, at most; 0 for all")
	c.RunE = func(c *cobra.Command, _ []string) error {
		cfg, err := loadConfig(c)
		if err != nil {
			return err
		}
		return deadList(c, cfg, wish)
	}
	return c
}

func deadList(c *cobra.Command, cfg *config.Config, wish deadListWish) error {
	ctx, out := c.Context(), c.OutOrStdout()
	filter, err := wish.which.filter(time.Now(), nil)
	if err != nil {
		return err
	}
	if wish.limit < 0 {
		return usagef("--limit %d is negative", wish.limit)
	}
	db, err := openDead(ctx, cfg)
	if err != nil {
		return fmt.Errorf("dead list: %w", err)
	}
	defer func() { _ = db.Close() }()
	counts, err := db.DeadCounts(ctx, filter)
	if err != nil {
		return deadError("list", err)
	}
	if wish.summary {
		if wish.asJSON {
			return dead.PrintCountsJSON(out, counts)
		}
		return dead.PrintCounts(out, counts)
	}
	entries, err := db.DeadEntries(ctx, filter, true, wish.limit)
	if err != nil {
		return deadError("list", err)
	}
	fates, err := dead.Fates(ctx, db, entries)
	if err != nil {
		return deadError("list", err)
	}
	if wish.asJSON {
		return dead.PrintJSON(out, entries, fates)
	}
	if err := dead.Print(out, entries, fates); err != nil {
		return err
	}
	if more := total(counts) - uint64(len(entries)); total(counts) > uint64(len(entries)) {
		_, err = fmt.Fprintf(out, "and %d more: --limit 0 prints all, --summary counts them\n", more)
	}
	return err
}

func total(counts []store.DeadCount) (n uint64) {
	for _, c := range counts {
		n += c.Letters
	}
	return n
}
