package main

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/watchglass/watchglass/internal/sigma"
	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/schema"
)

func newRulesSQLCommand() *cobra.Command {
	var dir, since, until string
	c := &cobra.Command{
		Use:   "sql [ID|TITLE]...",
		Short: "Print rules as ClickHouse queries",
		Long: `Print the query that finds in table access_events exactly the events that a rule
matches, for each rule that is named by its id or title, or for all. No database is
asked. The texts are those of the tables, as they were enriched when they were stored.`,
		Example: `  watchglass rules sql --rules deploy/policy/rules "Silo data read without the silo's clearance"
  watchglass rules sql --since 7d 086c90f7-4ad2-4e35-91c8-b3d7e5f2601a | clickhouse-client`,
	}
	rulesFlag(c, &dir)
	f := c.Flags()
	f.StringVar(&since, "since", "", "only events from this time on (RFC 3339, or how long ago, such as 24h or 30d)")
	f.StringVar(&until, "until", "", "only events before this time")
	c.RunE = func(c *cobra.Command, args []string) error {
		from, to, err := parseSpan(since, until, time.Now())
		if err != nil {
			return err
		}
		cfg, set, err := openRules(c, dir)
		if err != nil {
			return err
		}
		chosen, err := chooseRules(set, args)
		if err != nil {
			return err
		}
		var failed []error
		for _, r := range chosen {
			if r.Correlation != nil {
				if err := printOverTimeQuery(c.OutOrStdout(), set, r, cfg.ClickHouse.Database, from, to); err != nil {
					failed = append(failed, err)
				}
				continue
			}
			where, err := set.SQL(r)
			if err != nil {
				failed = append(failed, err)
				continue
			}
			if err := printRuleQuery(c.OutOrStdout(), r, cfg.ClickHouse.Database, timeBounds(from, to)+where); err != nil {
				return err
			}
		}
		return errors.Join(failed...)
	}
	return c
}

// printRuleQuery writes a whole query: when, who, what, the fields that the
// rule looks at, and where the record stands.
func printRuleQuery(out io.Writer, r *sigma.Rule, database, where string) error {
	columns := []string{"time", "accessor_id", "action", "outcome", "resource_store", "resource_dataset"}
	for _, path := range r.Fields {
		if def, ok := schema.Lookup(path); ok && !slices.Contains(columns, def.Column) {
			columns = append(columns, def.Column)
		}
	}
	columns = append(columns, "kafka_topic", "kafka_partition", "kafka_offset")
	_, err := fmt.Fprintf(out, "-- %s\n-- %s, %s\nSELECT %s\nFROM %s.%s\nWHERE %s\nORDER BY time;\n\n",
		strings.Join(strings.Fields(r.Title), " "), r.ID, r.Level, strings.Join(columns, ", "), sqlName(database), store.EventsTable, where)
	return err
}

// sqlName quotes a name where it has to be.
func sqlName(name string) string {
	if regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`).MatchString(name) {
		return name
	}
	return "`" + strings.NewReplacer("\\", "\\\\", "`", "\\`").Replace(name) + "`"
}

// printOverTimeQuery writes the query of a rule over time: the first finding of each group
// in each bucket of time, which is an alert.
func printOverTimeQuery(out io.Writer, set *sigma.Set, r *sigma.Rule, database string, from, to time.Time) error {
	if from.IsZero() {
		from = time.UnixMilli(0)
	}
	if to.IsZero() {
		to = time.Now()
	}
	query, err := set.SQLAlerts(r, sigma.Query{Table: database + "." + store.EventsTable, From: from, To: to, ByCondition: true})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "-- %s\n-- %s, %s\n%s;\n\n", strings.Join(strings.Fields(r.Title), " "), r.ID, r.Level, query)
	return err
}

// timeBounds is a span as the beginning of a condition.
func timeBounds(from, to time.Time) string {
	bound := func(at time.Time, order string) string {
		if at.IsZero() {
			return ""
		}
		return fmt.Sprintf("time %s toDateTime64('%s', 3, 'UTC') AND ", order, at.UTC().Format("2006-01-02 15:04:05.000"))
	}
	return bound(from, ">=") + bound(to, "<")
}

// parseSpan reads --since and --until.
func parseSpan(since, until string, now time.Time) (from, to time.Time, err error) {
	if from, err = parseMoment("--since", since, now); err != nil {
		return from, to, err
	}
	if to, err = parseMoment("--until", until, now); err != nil {
		return from, to, err
	}
	if !from.IsZero() && !to.IsZero() && !from.Before(to) {
		return from, to, usagef("--since %s --until %s is an empty span", since, until)
	}
	return from, to, nil
}
