package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/watchglass/watchglass/cmd/watchglass/internal/dead"
	"github.com/watchglass/watchglass/internal/config"
	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/internal/telemetry"
	"github.com/watchglass/watchglass/schema"
)

func newDeadShowCommand() *cobra.Command {
	var raw, headers bool
	c := &cobra.Command{
		Use:   "show TOPIC/PARTITION/OFFSET",
		Short: "Show one dead letter: what is wrong with it, and what to do",
		Long: `Show everything about one dead letter but the record itself, which is raw personal data:
--raw writes its value, exactly its bytes, to standard output, and nothing else;
--headers shows its key and headers, quoted.`,
		Example: `  watchglass dead show access-events/3/120017
  watchglass dead show access-events/3/120017 --raw > record`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("dead show takes one argument, TOPIC/PARTITION/OFFSET, got %d", len(args))
			}
			return nil
		},
	}
	configFlag(c)
	c.Flags().BoolVar(&raw, "raw", false, "write the bytes of the value to standard output")
	c.Flags().BoolVar(&headers, "headers", false, "show the key and the values of the headers")
	c.MarkFlagsMutuallyExclusive("raw", "headers")
	c.RunE = func(c *cobra.Command, args []string) error {
		position, err := dead.ParsePosition(args[0])
		if err != nil {
			return usageError{err}
		}
		if raw && telemetry.IsTerminal(c.OutOrStdout()) {
			return usagef("--raw writes whatever bytes the record has, also such as a terminal obeys: send it to a file or a program")
		}
		cfg, err := loadConfig(c)
		if err != nil {
			return err
		}
		return deadShow(c, cfg, position, raw, headers)
	}
	return c
}

func deadShow(c *cobra.Command, cfg *config.Config, position schema.Position, raw, headers bool) error {
	ctx, out := c.Context(), c.OutOrStdout()
	db, err := openDead(ctx, cfg)
	if err != nil {
		return fmt.Errorf("dead show: %w", err)
	}
	defer func() { _ = db.Close() }()
	var letter *store.DeadLetter
	if raw || headers {
		letters, err := db.DeadLetters(ctx, []schema.Position{position})
		if err != nil {
			return deadError("show", err)
		}
		if found, ok := letters[position]; ok {
			letter = &found
		}
	}
	if raw && letter != nil {
		_, err := out.Write(letter.Value)
		return err
	}
	entries, err := db.DeadEntries(ctx, store.DeadFilter{Positions: []schema.Position{position}}, true, 1)
	if err != nil {
		return deadError("show", err)
	}
	if len(entries) == 0 {
		return fmt.Errorf("dead show: ClickHouse keeps no dead letter at %s: see `watchglass dead list`, and clickhouse.retention.dead_letters", dead.Text(position))
	}
	fates, err := dead.Fates(ctx, db, entries)
	if err != nil {
		return deadError("show", err)
	}
	return dead.PrintOne(out, &entries[0], fates[0], letter)
}
