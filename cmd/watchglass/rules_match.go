package main

import (
	"bufio"
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"github.com/watchglass/watchglass/internal/sigma"
	"github.com/watchglass/watchglass/internal/source"
	"github.com/watchglass/watchglass/schema"
)

func newRulesMatchCommand() *cobra.Command {
	var judging judgeFlags
	var rulesDir, topic string
	var timeFields []string
	var noEnrich, explain bool
	x := explaining{}
	c := &cobra.Command{
		Use:   "match --rules DIR [--policy DIR]",
		Short: "Match events on standard input against rules",
		Long: `Read events from standard input, one a line, and print a JSON line
{"event":0,"rule":"<id>"} per match, in order; events are counted from 0. A rule
over time adds its group, and names the event that completes it.
With --policy, events are enriched as run does; without, they are any JSON objects,
matched as they are. The keys of the protected lists are --key-file, or else the
files ID.key in the policy folder.`,
		Example: `  watchglass generate --count 1000 --story --stdout |
    watchglass rules match --rules deploy/policy/rules --policy deploy/policy
  watchglass rules match --rules rules --no-enrich < events.jsonl`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			switch {
			case rulesDir == "":
				return usagef("--rules is missing: name a folder of rules")
			case judging.policy != "" && noEnrich:
				return usagef("give either --policy DIR or --no-enrich")
			}
			noEnrich = judging.policy == ""
			set, err := loadSet(rulesDir, sigma.Options{AnyField: noEnrich})
			if err != nil {
				return err
			}
			x.set, x.lines = set, sigma.Lines{TimeFields: timeFields}
			switch {
			case noEnrich && explain:
				return x.run(c.InOrStdin(), c.OutOrStdout())
			case noEnrich:
				return asInput(c.Context(), sigma.MatchLines(c.Context(), set, x.lines, c.InOrStdin(), c.OutOrStdout()))
			}
			judge, err := judging.open()
			if err != nil {
				return err
			}
			if explain {
				x.set, x.judge = set.For(topic, judging.format), judge
				return x.run(c.InOrStdin(), c.OutOrStdout())
			}
			return matchEnriched(c.Context(), c.InOrStdin(), c.OutOrStdout(), judge, set.For(topic, judging.format))
		},
	}
	flags := c.Flags()
	flags.StringVar(&rulesDir, "rules", "", "folder of rules")
	judging.register(c)
	flags.StringVar(&topic, "topic", "", "topic that the events are of, for rules whose logsource names one")
	flags.StringSliceVar(&timeFields, "time-field", nil, "with --no-enrich: field that holds an event's time, for rules over time (default time, @timestamp, timestamp)")
	flags.BoolVar(&explain, "explain", false, "show which part of which rule each event satisfies, on which values, instead of the matches")
	flags.StringSliceVar(&x.rules, "rule", nil, "with --explain: only the rule of this id or title; may be repeated")
	flags.IntVar(&x.event, "event", -1, "with --explain: only this event, counted from 0")
	flags.BoolVar(&noEnrich, "no-enrich", false, "match the events as they are; the same as no --policy")
	_ = c.MarkFlagDirname("rules")
	_ = c.MarkFlagDirname("policy")
	return c
}

// loadSet reads rules; rules that are wrong are wrong input.
func loadSet(dir string, o sigma.Options) (*sigma.Set, error) {
	set, err := sigma.LoadDir(dir, o)
	if err != nil {
		return nil, usageError{err}
	}
	return set, nil
}

// asInput marks an error about what was read as one of the input; an
// interrupted command is not.
func asInput(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return err
	}
	return usageError{err}
}

// matchEnriched does with each line what the access consumer does with each
// record. The output is that of sigma.MatchLines.
func matchEnriched(ctx context.Context, in io.Reader, out io.Writer, judge *judge, set *sigma.Set) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 64<<10), schema.MaxRecordBytes+2)
	w := set.NewMatchWriter(out)
	matcher := set.NewMatcher()
	var event schema.AccessEvent
	n := 0
	for line := 1; lines.Scan(); line++ {
		if len(lines.Bytes()) == 0 {
			continue
		}
		if ctx.Err() != nil {
			return errors.Join(ctx.Err(), w.Flush())
		}
		switch err := judge.event(lines.Bytes(), &event); {
		case errors.Is(err, source.ErrSkipped):
			continue
		case err != nil:
			return errors.Join(usagef("event on line %d: %w", line, err), w.Flush())
		}
		found := matcher.Match(&event)
		w.Timeline().Add(n, &event, found)
		if err := w.Matches(n, found); err != nil {
			return err
		}
		n++
	}
	if err := lines.Err(); err != nil {
		return errors.Join(usagef("read events: %w", err), w.Flush())
	}
	return w.Flush()
}
