package sigma

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// maxLineBytes bounds an event of MatchLines: the largest record of the contract
// and its line feed.
const maxLineBytes = 1<<20 + 2

// MatchLines matches JSON Lines, as they are, and writes a line
// {"event":N,"rule":"<id>"} per match, in order; N counts the events from 0, empty
// lines do not count. It stops at the first line that is no JSON object, with
// an error that names the line, or when ctx ends.
func MatchLines(ctx context.Context, set *Set, r io.Reader, w io.Writer) error {
	m := set.NewMatcher()
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 64<<10), maxLineBytes)
	out := bufio.NewWriterSize(w, 64<<10)
	var buffer []byte
	event := 0
	for line := 1; in.Scan(); line++ {
		if len(in.Bytes()) == 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return errors.Join(err, out.Flush())
		}
		rules, err := m.MatchJSON(in.Bytes())
		if err != nil {
			return errors.Join(fmt.Errorf("event on line %d: %w", line, err), out.Flush())
		}
		buffer = AppendMatches(buffer[:0], event, rules)
		if _, err := out.Write(buffer); err != nil {
			return fmt.Errorf("write matches: %w", err)
		}
		event++
	}
	if err := in.Err(); err != nil {
		return errors.Join(fmt.Errorf("read events: %w", err), out.Flush())
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write matches: %w", err)
	}
	return nil
}

// AppendMatches appends the lines that MatchLines writes for one event.
func AppendMatches(to []byte, event int, rules []*Rule) []byte {
	for _, rule := range rules {
		to = append(to, `{"event":`...)
		to = strconv.AppendInt(to, int64(event), 10)
		to = append(to, `,"rule":`...)
		to = appendJSONText(to, rule.ID)
		to = append(to, "}\n"...)
	}
	return to
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
