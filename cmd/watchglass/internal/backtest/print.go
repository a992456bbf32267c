package backtest

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// PrintJSON prints a report as a line of JSON.
func PrintJSON(out io.Writer, r *Report) error { return json.NewEncoder(out).Encode(r) }

// Print prints a report for people.
func Print(out io.Writer, r *Report) error {
	trial := ""
	if r.OnTrial {
		trial = ", on trial"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s, %s%s)\n", clean(r.Title), clean(r.ID), r.Level, trial)
	if r.OverTime {
		fmt.Fprintf(&b, "  %s of %s (by %s)\n", count(r.Events, "alert"), count(r.Incidents, "group"), by(r.GroupBy))
	} else {
		fmt.Fprintf(&b, "  %s of %s, %s at least (by %s)\n", count(r.Events, "event"), count(r.Accessors.Different, "accessor"), count(r.Incidents, "incident"), by(r.GroupBy))
	}
	fmt.Fprintf(&b, "  read %s, %s in %s\n", count(r.RowsRead, "row"), size(r.BytesRead), time.Duration(r.TookMS)*time.Millisecond)
	for _, note := range r.Notes {
		fmt.Fprintf(&b, "  note: %s\n", note)
	}
	if _, err := io.WriteString(out, b.String()); err != nil || r.Events == 0 {
		return end(out, err)
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	r.days(table)
	if !r.OverTime {
		top(table, "top accessors", r.Accessors, r.Events)
	}
	if r.OverTime || len(r.GroupBy) > 1 || r.GroupBy[0] != r.Accessors.Field {
		groups := Values{Different: r.Incidents}
		for _, g := range r.Groups {
			groups.Top = append(groups.Top, Value{strings.Join(g.Values, " · "), g.Events})
		}
		top(table, "top groups", groups, r.Events)
	}
	for _, v := range r.Values {
		top(table, v.Field, v, r.Events)
	}
	return end(out, table.Flush())
}

func by(fields []string) string {
	if len(fields) == 0 {
		return "nothing"
	}
	return strings.Join(fields, ", ")
}

func end(out io.Writer, err error) error {
	if err == nil {
		_, err = fmt.Fprintln(out)
	}
	return err
}

// days prints the days that have events, each with its share of the fullest.
func (r *Report) days(out io.Writer) {
	var most uint64
	quiet := 0
	for _, d := range r.Days {
		most = max(most, d.Events)
		if d.Events == 0 {
			quiet++
		}
	}
	fmt.Fprintf(out, "  %s a day\n", map[bool]string{true: "alerts", false: "events"}[r.OverTime])
	for _, d := range r.Days {
		if d.Events > 0 {
			fmt.Fprintf(out, "    %s\t%d\t%s\n", d.Day, d.Events, bar(d.Events, most))
		}
	}
	if quiet > 0 {
		fmt.Fprintf(out, "    %d days without\n", quiet)
	}
}

// bar draws a share of the fullest, at least one character.
func bar(n, most uint64) string {
	const width = 30
	return strings.Repeat("#", max(1, int(float64(n)/float64(most)*width)))
}

// top prints the most frequent values, with how many there are besides.
func top(out io.Writer, name string, v Values, events uint64) {
	fmt.Fprintf(out, "  %s\n", name)
	for _, t := range v.Top {
		fmt.Fprintf(out, "    %s\t%d\t%.0f %%\n", clean(t.Value), t.Events, 100*float64(t.Events)/float64(events))
	}
	if more := v.Different - uint64(len(v.Top)); v.Different > uint64(len(v.Top)) {
		fmt.Fprintf(out, "    and %d more\n", more)
	}
}

// PrintSummary prints a line for each rule.
func PrintSummary(out io.Writer, reports []*Report) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "EVENTS\tA DAY\tINCIDENTS\tACCESSORS\tREAD\tTOOK\tLEVEL\tRULE")
	for _, r := range reports {
		days := max(r.To.Sub(r.From).Hours()/24, 1)
		fmt.Fprintf(table, "%d\t%.1f\t%d\t%d\t%s\t%s\t%s\t%s\n", r.Events, float64(r.Events)/days, r.Incidents, r.Accessors.Different,
			size(r.BytesRead), time.Duration(r.TookMS)*time.Millisecond, r.Level, clean(r.Title))
	}
	return table.Flush()
}

func count(n uint64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.FormatUint(n, 10) + " " + what + "s"
}

// size is a number of bytes, rounded.
func size(n uint64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	value, unit := float64(n), 0
	for value >= 1024 && unit < len(units)-1 {
		value /= 1024
		unit++
	}
	if unit == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", value, units[unit])
}

// clean makes a value of an event, which anybody may have written, harmless
// for a terminal; the empty text shows too.
func clean(text string) string {
	if quoted := strconv.Quote(text); text == "" || strings.ContainsRune(quoted, '\\') {
		return quoted
	}
	return text
}
