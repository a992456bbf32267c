package dead

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/watchglass/watchglass/docs"
	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/schema"
)

const timeLayout = "2006-01-02T15:04:05.000Z"

// line is one letter as a line of JSON.
type line struct {
	Position  string          `json:"position"`
	Source    schema.Position `json:"source"`
	End       int64           `json:"end"` // offset behind the last one it stands for
	Time      string          `json:"time,omitempty"`
	Reason    schema.Reason   `json:"reason"`
	Detail    string          `json:"detail"`
	Bytes     uint64          `json:"bytes"`
	Origin    string          `json:"replay_of,omitempty"` // of a record that was a replay
	Row       string          `json:"row,omitempty"`
	DeadAgain string          `json:"dead_again,omitempty"`
}

// PrintJSON prints a line for each letter.
func PrintJSON(out io.Writer, entries []store.DeadEntry, fates []Fate) error {
	encoder := json.NewEncoder(out)
	for i := range entries {
		e, f := &entries[i], fates[i]
		l := line{
			Position: Text(e.Source), Source: e.Source, End: e.End, Time: when(e.Time), Reason: e.Reason, Detail: e.Detail, Bytes: e.Value, Origin: replayOf(e),
		}
		if f.Row != nil {
			l.Row = Text(*f.Row)
		}
		if f.Again != nil {
			l.DeadAgain = Text(*f.Again)
		}
		if err := encoder.Encode(l); err != nil {
			return err
		}
	}
	return nil
}

// Print prints a table of letters.
func Print(out io.Writer, entries []store.DeadEntry, fates []Fate) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "POSITION\tKAFKA TIME\tREASON\tBYTES\tREPLAYED\tDETAIL")
	for i := range entries {
		e := &entries[i]
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s\t%s\n", clean(span(e)), orDash(when(e.Time)), clean(string(e.Reason)), e.Value, fates[i], clean(e.Detail))
	}
	return table.Flush()
}

// PrintCounts prints a table of reasons.
func PrintCounts(out io.Writer, counts []store.DeadCount) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "REASON\tTOPIC\tLETTERS\tBYTES\tOLDEST\tNEWEST")
	for _, c := range counts {
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%s\t%s\n", clean(string(c.Reason)), clean(c.Topic), c.Letters, c.Bytes, orDash(when(c.Oldest)), orDash(when(c.Newest)))
	}
	return table.Flush()
}

// PrintCountsJSON prints a line for each reason and topic.
func PrintCountsJSON(out io.Writer, counts []store.DeadCount) error {
	encoder := json.NewEncoder(out)
	for _, c := range counts {
		err := encoder.Encode(struct {
			Reason  schema.Reason `json:"reason"`
			Topic   string        `json:"topic"`
			Letters uint64        `json:"letters"`
			Bytes   uint64        `json:"bytes"`
			Oldest  string        `json:"oldest,omitempty"`
			Newest  string        `json:"newest,omitempty"`
		}{c.Reason, c.Topic, c.Letters, c.Bytes, when(c.Oldest), when(c.Newest)})
		if err != nil {
			return err
		}
	}
	return nil
}

// PrintOne prints all about one letter but the bytes of its value. letter is
// nil unless its key and headers are wanted too.
func PrintOne(out io.Writer, e *store.DeadEntry, f Fate, letter *store.DeadLetter) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) {
		fmt.Fprintf(table, "%s\t"+format+"\n", append([]any{name}, args...)...)
	}
	row("position", "%s", clean(span(e)))
	row("kafka time", "%s", orDash(when(e.Time)))
	row("reason", "%s", clean(string(e.Reason)))
	row("detail", "%s", clean(e.Detail))
	if remedy, ok := docs.Remedies()[string(e.Reason)]; ok {
		row("what is wrong", "%s", remedy.Wrong)
		row("what to do", "%s", remedy.Do)
	}
	row("value", "%d bytes", e.Value)
	if letter == nil {
		row("key", "%d bytes", e.Key)
	} else {
		row("key", "%q", letter.Key)
	}
	for i, name := range e.Headers {
		if letter == nil {
			row("header", "%s: %d bytes", clean(name), e.HeaderOf[i])
		} else {
			row("header", "%s: %q", clean(name), letter.Headers[i].Value)
		}
	}
	if origin := replayOf(e); origin != "" {
		row("replay of", "%s", clean(origin))
	}
	row("replayed", "%s", f)
	return table.Flush()
}

// replayOf is the origin of a letter whose record was a replay.
func replayOf(e *store.DeadEntry) string {
	if origin := Origin(e); origin != Text(e.Source) {
		return origin
	}
	return ""
}

// span is a letter's position, with the last offset where it stands for several.
func span(e *store.DeadEntry) string {
	text := Text(e.Source)
	if e.End > e.Source.Offset+1 {
		text += "-" + strconv.FormatInt(e.End-1, 10)
	}
	return text
}

// when is a Kafka timestamp; "" for a letter without a record.
func when(t time.Time) string {
	if t.UnixMilli() == 0 {
		return ""
	}
	return t.UTC().Format(timeLayout)
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// clean makes text harmless that anybody may have written who can write to the
// topic of the dead letters: a terminal must not obey it.
func clean(text string) string {
	if quoted := strconv.Quote(text); strings.ContainsRune(quoted, '\\') {
		return quoted
	}
	return text
}
