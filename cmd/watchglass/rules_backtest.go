package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/watchglass/watchglass/cmd/watchglass/internal/backtest"
	"github.com/watchglass/watchglass/internal/config"
	"github.com/watchglass/watchglass/internal/sigma"
	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/schema"
)

// backtestWish is what the command line asks for.
type backtestWish struct {
	dir          string
	rules        []string
	since, until string
	top          int
	asJSON       bool
	bounds       store.Bounds
	memory       string
}

func newRulesBacktestCommand() *cobra.Command {
	wish := backtestWish{bounds: store.Bounds{Time: time.Minute, Threads: 2}, memory: "1GiB"}
	c := &cobra.Command{
		Use:   "backtest",
		Short: "Try rules on the events that are stored",
		Long: `Ask ClickHouse what each rule would have matched: events a day, the accessors and groups
behind them, the most frequent values of the fields that the rule looks at, how many
incidents that makes at least (different values of the rule's group-by), and what the
query read. Nothing is alerted or written.

Events are judged as they were enriched when they were stored. Each rule is one query,
which the server ends at the bounds of --max-time and --max-memory. The output names
accessors and values of events; clickhouse.username needs SELECT on access_events.`,
		Example: `  watchglass rules backtest --rules deploy/policy/rules --since 30d
  watchglass rules backtest --since 2026-11-01T00:00:00Z --until 2026-11-08T00:00:00Z --rule "Silo data read without the silo's clearance"
  watchglass rules backtest --since 7d --json`,
		Args: noArgs,
	}
	rulesFlag(c, &wish.dir)
	f := c.Flags()
	f.StringArrayVar(&wish.rules, "rule", nil, "only the rule of this id or title; may be repeated")
	f.StringVar(&wish.since, "since", "30d", "events from this time on (RFC 3339, or how long ago, such as 24h or 30d)")
	f.StringVar(&wish.until, "until", "", "events before this time (default: now)")
	f.IntVar(&wish.top, "top", 5, "values to show of each field")
	f.DurationVar(&wish.bounds.Time, "max-time", wish.bounds.Time, "the server ends the query of a rule after this time")
	f.StringVar(&wish.memory, "max-memory", wish.memory, "memory of a query at the server, at most, such as 512MiB")
	f.IntVar(&wish.bounds.Threads, "max-threads", wish.bounds.Threads, "threads of a query at the server")
	f.BoolVar(&wish.asJSON, "json", false, "print a JSON line for each rule")
	c.RunE = func(c *cobra.Command, _ []string) error {
		return runBacktest(c, wish)
	}
	return c
}

func runBacktest(c *cobra.Command, wish backtestWish) error {
	now := time.Now()
	from, to, err := parseSpan(wish.since, wish.until, now)
	switch {
	case err != nil:
		return err
	case from.IsZero():
		return usagef("--since is empty: it bounds what is read")
	case wish.top < 1:
		return usagef("--top %d is below 1", wish.top)
	case wish.bounds.Time < 0 || wish.bounds.Threads < 0:
		return usagef("--max-time and --max-threads are not negative; 0 leaves it to the server")
	}
	memory, err := config.ParseSize(wish.memory)
	if err != nil {
		return usagef("--max-memory %q is %w", wish.memory, err)
	}
	wish.bounds.Memory = uint64(memory)
	if to.IsZero() {
		to = now
	}
	cfg, set, err := openRules(c, wish.dir)
	if err != nil {
		return err
	}
	chosen, err := chooseRules(set, wish.rules)
	if err != nil {
		return err
	}
	target, err := storeConfig(cfg.ClickHouse)
	if err != nil {
		return err
	}
	db, err := store.Open(c.Context(), target)
	if err != nil {
		return fmt.Errorf("rules backtest: %w", err)
	}
	defer func() { _ = db.Close() }()
	b := backtester{db: db, set: set, from: from, to: to, wish: wish, blanked: cfg.ClickHouse.Retention.SubjectIDs, now: now}
	return b.run(c.Context(), c.OutOrStdout(), chosen)
}

// backtester tries rules one by one.
type backtester struct {
	db       *store.DB
	set      *sigma.Set
	from, to time.Time
	now      time.Time
	wish     backtestWish
	blanked  time.Duration // after which subject ids are gone; 0: with the event
}

// run goes on with the next rule where one has failed.
func (b *backtester) run(ctx context.Context, out io.Writer, rules []*sigma.Rule) error {
	var reports []*backtest.Report
	var failed []error
	for _, r := range rules {
		report, err := b.try(ctx, r)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, store.ErrBounds):
			failed = append(failed, fmt.Errorf("rule %s: %w: choose a shorter span, or raise --max-time or --max-memory", r.ID, err))
			continue
		case err != nil:
			return fmt.Errorf("rules backtest: rule %s: %w", r.ID, err)
		}
		reports = append(reports, report)
		print := backtest.Print
		if b.wish.asJSON {
			print = backtest.PrintJSON
		}
		if err := print(out, report); err != nil {
			return err
		}
	}
	if !b.wish.asJSON && len(reports) > 1 {
		if err := backtest.PrintSummary(out, reports); err != nil {
			return err
		}
	}
	return errors.Join(failed...)
}

func (b *backtester) try(ctx context.Context, r *sigma.Rule) (*backtest.Report, error) {
	if r.Correlation != nil {
		return b.tryOverTime(ctx, r)
	}
	where, err := b.set.SQL(r)
	if err != nil {
		return nil, err
	}
	ask := store.Backtest{Where: where, From: b.from, To: b.to, Top: b.wish.top, Bounds: b.wish.bounds}
	report := &backtest.Report{
		ID: r.ID, Title: r.Title, Level: r.Level, OnTrial: r.Staged(), From: b.from.UTC(), To: b.to.UTC(), GroupBy: r.GroupBy,
	}
	for _, path := range r.GroupBy {
		if def, ok := schema.Lookup(path); ok {
			ask.Group = append(ask.Group, def)
		}
	}
	for _, path := range b.set.LooksAt(r) {
		// Times differ from event to event; accessors are counted anyway.
		if def, ok := schema.Lookup(path); ok && def.Kind != schema.Time && path != "accessor.id" {
			ask.Fields = append(ask.Fields, def)
			report.Fields = append(report.Fields, path)
		}
	}
	if b.blanked > 0 && b.from.Before(b.now.Add(-b.blanked)) && lookedAt(b.set, r, "subject.ids") {
		report.Notes = append(report.Notes, "subject.ids of older events have been blanked (clickhouse.retention.subject_ids)")
	}
	found, err := b.db.Backtest(ctx, ask)
	if err != nil {
		return nil, err
	}
	return report, report.Fill(found)
}

// tryOverTime asks which alerts a rule over time would have made.
func (b *backtester) tryOverTime(ctx context.Context, r *sigma.Rule) (*backtest.Report, error) {
	report := &backtest.Report{
		ID: r.ID, Title: r.Title, Level: r.Level, OnTrial: r.Staged(), OverTime: true, From: b.from.UTC(), To: b.to.UTC(),
	}
	for _, g := range r.Correlation.Groups {
		report.GroupBy = append(report.GroupBy, g.Name)
	}
	query, err := b.set.SQLAlerts(r, sigma.Query{Table: b.db.Name(store.EventsTable), From: b.from, To: b.to, ByCondition: true})
	if err != nil {
		return nil, err
	}
	var cost store.Cost
	began := time.Now()
	found, err := b.db.OverTime(ctx, query, b.wish.bounds, &cost)
	if err != nil {
		return nil, err
	}
	cost.Took = time.Since(began)
	report.FillOverTime(found, b.wish.top, cost)
	return report, nil
}
