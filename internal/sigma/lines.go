package sigma

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// maxLineBytes bounds an event of MatchLines: the largest record of the contract
// and its line feed.
const maxLineBytes = 1<<20 + 2

// Lines says how MatchLines reads events.
type Lines struct {
	// TimeFields are the fields that may hold the time of an event, the first that does
	// counts; only rules over time need it. The default is time, @timestamp, timestamp.
	TimeFields []string
}

// MatchLines matches JSON Lines, as they are, and writes a line
// {"event":N,"rule":"<id>"} per match, in order; N counts the events from 0, empty
// lines do not count. A rule over time writes {"event":N,"rule":"<id>","group":{…}},
// where N is the event that completes it. It stops at the first line that is no
// JSON object, with an error that names the line, or when ctx ends.
func MatchLines(ctx context.Context, set *Set, o Lines, r io.Reader, w io.Writer) error {
	m, out := set.NewMatcher(), set.NewMatchWriter(w)
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 64<<10), maxLineBytes)
	times := o.fields()
	event := 0
	for line := 1; in.Scan(); line++ {
		if len(in.Bytes()) == 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return errors.Join(err, out.Flush())
		}
		rules, err := m.MatchJSON(in.Bytes())
		if err == nil && len(set.over) > 0 {
			err = out.timeline.addJSON(event, &m.json, times, rules)
		}
		if err != nil {
			return errors.Join(fmt.Errorf("event on line %d: %w", line, err), out.Flush())
		}
		if err := out.Matches(event, rules); err != nil {
			return err
		}
		event++
	}
	if err := in.Err(); err != nil {
		return errors.Join(fmt.Errorf("read events: %w", err), out.Flush())
	}
	return out.Flush()
}

func (o Lines) fields() (list []field) {
	if len(o.TimeFields) == 0 {
		o.TimeFields = []string{"time", "@timestamp", "timestamp"}
	}
	for _, path := range o.TimeFields {
		list = append(list, newField(path))
	}
	return list
}

// addJSON is Add for an event as it is.
func (t *Timeline) addJSON(index int, ev *jsonEvent, times []field, matched []*Rule) error {
	for i := range times {
		var v fieldValue
		ev.load(&times[i], &v)
		for j := range v.leaves {
			if at, ok := timeOf(&v.leaves[j]); ok {
				t.add(index, at, ev, matched)
				return nil
			}
		}
	}
	if !t.wants(matched) {
		return nil
	}
	return fmt.Errorf("a rule over time needs its time: expected one such as \"2026-11-23T20:14:05Z\" in %q", times[0].path)
}

// MatchWriter writes matches, a JSON line each. Where there are rules over time it
// holds the lines back until all events are there.
type MatchWriter struct {
	w        *bufio.Writer
	timeline *Timeline
	buffer   []byte
	held     []heldLines
}

// heldLines are the matches of one event.
type heldLines struct {
	event int
	rules []*Rule
}

// NewMatchWriter makes a writer for the rules of a set.
func (s *Set) NewMatchWriter(w io.Writer) *MatchWriter {
	return &MatchWriter{w: bufio.NewWriterSize(w, 64<<10), timeline: s.NewTimeline()}
}

// Timeline is what the writer's findings come from: add the events to it.
func (m *MatchWriter) Timeline() *Timeline { return m.timeline }

// Matches writes what matched an event; events come in the order of their indexes.
// Rules that are there for others alone are left out.
func (m *MatchWriter) Matches(event int, rules []*Rule) error {
	if len(rules) == 0 {
		return nil
	}
	if len(m.timeline.set.over) > 0 {
		m.held = append(m.held, heldLines{event, append([]*Rule(nil), rules...)})
		return nil
	}
	return m.write(event, rules)
}

func (m *MatchWriter) write(event int, rules []*Rule) error {
	m.buffer = AppendMatches(m.buffer[:0], event, rules)
	if _, err := m.w.Write(m.buffer); err != nil {
		return fmt.Errorf("write matches: %w", err)
	}
	return nil
}

// Flush evaluates the rules over time and writes all that is held back.
func (m *MatchWriter) Flush() error {
	findings := m.timeline.Findings()
	for _, lines := range m.held {
		for len(findings) > 0 && findings[0].Event < lines.event {
			m.finding(&findings[0])
			findings = findings[1:]
		}
		if err := m.write(lines.event, lines.rules); err != nil {
			return err
		}
	}
	for i := range findings {
		m.finding(&findings[i])
	}
	if err := m.w.Flush(); err != nil {
		return fmt.Errorf("write matches: %w", err)
	}
	return nil
}

func (m *MatchWriter) finding(f *Finding) {
	if !f.Rule.Quiet {
		_, _ = m.w.Write(AppendFinding(m.buffer[:0], f)) // Flush gives the error
	}
}

// AppendMatches appends the lines that MatchLines writes for one event.
func AppendMatches(to []byte, event int, rules []*Rule) []byte {
	for _, rule := range rules {
		if rule.Quiet {
			continue
		}
		to = append(to, `{"event":`...)
		to = strconv.AppendInt(to, int64(event), 10)
		to = append(to, `,"rule":`...)
		to = appendJSONText(to, rule.ID)
		to = append(to, "}\n"...)
	}
	return to
}

// AppendFinding appends the line of a finding.
func AppendFinding(to []byte, f *Finding) []byte {
	to = append(to, `{"event":`...)
	to = strconv.AppendInt(to, int64(f.Event), 10)
	to = append(to, `,"rule":`...)
	to = appendJSONText(to, f.Rule.ID)
	to = append(to, `,"group":{`...)
	for i, g := range f.Group {
		if i > 0 {
			to = append(to, ',')
		}
		name, _ := json.Marshal(g.Name)
		value, _ := json.Marshal(g.Value)
		to = append(append(append(to, name...), ':'), value...)
	}
	return append(to, "}}\n"...)
}

// appendJSONText quotes a text; an id holds no control characters.
func appendJSONText(to []byte, s string) []byte {
	to = append(to, '"')
	for i := range len(s) {
		if s[i] == '"' || s[i] == '\\' {
			to = append(to, '\\')
		}
		to = append(to, s[i])
	}
	return append(to, '"')
}
