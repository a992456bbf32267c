package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/watchglass/watchglass/cmd/watchglass/internal/dead"
	"github.com/watchglass/watchglass/internal/config"
	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/schema"
)

func newDeadCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "dead",
		Short:   "Work on dead letters: list, show, replay",
		Example: "  watchglass dead list --summary",
		Args:    cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return c.Help()
			}
			return usagef("unknown command %q for dead: it is one of list, show, replay", args[0])
		},
	}
	c.AddCommand(newDeadListCommand(), newDeadShowCommand(), newDeadReplayCommand())
	return c
}

// deadFlags say which dead letters are meant.
type deadFlags struct {
	reason, since, until, topic string
	partition                   int32
}

func (d *deadFlags) add(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&d.reason, "reason", "", "only this reason, see docs/dead-letters.md")
	f.StringVar(&d.since, "since", "", "only records from this time on (Kafka timestamp; RFC 3339, or how long ago, such as 24h)")
	f.StringVar(&d.until, "until", "", "only records before this time")
	f.StringVar(&d.topic, "topic", "", "only this topic; access-events#2 is its second incarnation alone")
	f.Int32Var(&d.partition, "partition", -1, "only this partition")
}

// filter reads the flags.
func (d *deadFlags) filter(now time.Time, positions []string) (f store.DeadFilter, err error) {
	f = store.DeadFilter{Reason: schema.Reason(d.reason), Topic: d.topic}
	if d.reason != "" && !slices.Contains(schema.Reasons(), f.Reason) {
		var known []string
		for _, r := range schema.Reasons() {
			known = append(known, string(r))
		}
		return f, usagef("--reason %q: it is one of %s", d.reason, strings.Join(known, ", "))
	}
	if f.Since, err = parseMoment("--since", d.since, now); err != nil {
		return f, err
	}
	if f.Until, err = parseMoment("--until", d.until, now); err != nil {
		return f, err
	}
	if d.partition >= 0 {
		f.Partition = &d.partition
	}
	for _, text := range positions {
		p, err := dead.ParsePosition(text)
		if err != nil {
			return f, usageError{err}
		}
		f.Positions = append(f.Positions, p)
	}
	return f, nil
}

// parseMoment reads a time, or how long ago it was; "" is none.
func parseMoment(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	if ago, err := config.ParseDuration(text); err == nil && ago >= 0 {
		return now.Add(-ago), nil
	}
	return time.Time{}, usagef("%s %q is neither a time such as 2026-11-24T06:00:00Z, nor how long ago, such as 24h", flag, text)
}

// openDead connects to ClickHouse as the user of the configuration, who needs
// the roles dead_letter_reader and analyst. Close it.
func openDead(ctx context.Context, cfg *config.Config) (*store.DB, error) {
	target, err := storeConfig(cfg.ClickHouse)
	if err != nil {
		return nil, err
	}
	return store.Open(ctx, target)
}

// deadError explains what a user without the rights sees.
func deadError(doing string, err error) error {
	if store.AccessDenied(err) {
		return fmt.Errorf("dead %s: clickhouse.username needs the role dead_letter_reader: dead letters hold raw personal data, see docs/dead-letters.md: %w", doing, err)
	}
	return fmt.Errorf("dead %s: %w", doing, err)
}
