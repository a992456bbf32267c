package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/watchglass/watchglass/internal/sigma"
	"github.com/watchglass/watchglass/internal/source"
	"github.com/watchglass/watchglass/schema"
)

// explaining is what `rules match --explain` shows: which part of which rule an event
// satisfies, and on which values.
type explaining struct {
	set   *sigma.Set
	judge *judge // nil: events as they are
	lines sigma.Lines
	rules []string // ids or titles; none: all
	event int      // -1: all
}

func (x *explaining) run(in io.Reader, out io.Writer) error {
	chosen, err := x.chosen()
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 64<<10), schema.MaxRecordBytes+2)
	w := bufio.NewWriter(out)
	explainer, matcher, timeline := x.set.NewExplainer(), x.set.NewMatcher(), x.set.NewTimeline()
	n := 0
	for line := 1; lines.Scan(); line++ {
		if len(lines.Bytes()) == 0 {
			continue
		}
		explain, err := x.read(lines.Bytes(), n, explainer, matcher, timeline)
		if errors.Is(err, source.ErrSkipped) {
			continue
		}
		if err != nil {
			return errors.Join(usagef("event on line %d: %w", line, err), w.Flush())
		}
		for _, r := range chosen {
			if r.Correlation == nil && (x.event < 0 || x.event == n) {
				_, _ = fmt.Fprintf(w, "event %d, rule %s (%s): %s", n, r.ID, r.Title, explain(r))
			}
		}
		n++
	}
	if err := lines.Err(); err != nil {
		return errors.Join(usagef("read events: %w", err), w.Flush())
	}
	for _, r := range chosen {
		if r.Correlation != nil {
			_, _ = fmt.Fprintf(w, "rule %s (%s), over time:\n%s", r.ID, r.Title, timeline.Explain(r))
		}
	}
	return w.Flush()
}

// read takes one event in, and gives what explains a rule for it.
func (x *explaining) read(line []byte, n int, explainer *sigma.Explainer, matcher *sigma.Matcher, timeline *sigma.Timeline) (func(*sigma.Rule) string, error) {
	if x.judge == nil {
		matched, err := matcher.MatchJSON(line)
		if err == nil && len(x.set.OverTime()) > 0 {
			err = timeline.AddJSON(n, line, x.lines, matched)
		}
		return func(r *sigma.Rule) string {
			text, _ := explainer.ExplainJSON(r, line) // it was read above
			return text
		}, err
	}
	var ev schema.AccessEvent
	if err := x.judge.event(line, &ev); err != nil {
		return nil, err
	}
	timeline.Add(n, &ev, matcher.Match(&ev))
	return func(r *sigma.Rule) string { return explainer.Explain(r, &ev) }, nil
}

func (x *explaining) chosen() ([]*sigma.Rule, error) {
	all := x.set.All()
	if len(x.rules) == 0 {
		return all, nil
	}
	var chosen []*sigma.Rule
	for _, name := range x.rules {
		i := slices.IndexFunc(all, func(r *sigma.Rule) bool { return strings.EqualFold(r.ID, name) || strings.EqualFold(r.Title, name) })
		if i < 0 {
			return nil, usagef("no rule has the id or title %q", name)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}
