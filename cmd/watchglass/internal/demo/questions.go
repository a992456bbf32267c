package demo

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"
)

// question is something an analyst asks, with its SQL.
type question struct {
	title string
	sql   string
}

// theQuestions are four of docs/analysts.md, about the story.
func theQuestions(from, to time.Time) []question {
	const layout = "2006-01-02 15:04:05"
	span := fmt.Sprintf("from = '%s', to = '%s'", from.UTC().Format(layout), to.UTC().Format(layout))
	return []question{
		{"Who read the journalist's data, and from where?", `SELECT time, accessor_id, accessor_employer AS employer, accessor_network_country AS country, accessor_location_state AS location,
       accessor_on_behalf_of AS on_behalf_of, data_categories
FROM ` + database + `.who_read(subject = 'u-5501', ` + span + `)
ORDER BY time`},
		{"Whom else did people of the same employer look up?", `SELECT accessor_id, arrayJoin(subject_ids) AS subject, any(subject_groups) AS groups, count() AS reads
FROM ` + database + `.events
WHERE notEmpty(subject_groups) AND accessor_employer IN
      (SELECT accessor_employer FROM ` + database + `.who_read(subject = 'u-5501', ` + span + `) WHERE accessor_restricted)
GROUP BY accessor_id, subject ORDER BY accessor_id DESC, reads DESC, subject`},
		{"Which data about US residents, or of a silo, was reached under the law of China?", `SELECT accessor_employer AS employer, accessor_restricted_by AS by, resource_dataset AS dataset, count() AS reads, uniqExact(accessor_id) AS people
FROM ` + database + `.events
WHERE has(accessor_jurisdictions, 'CN') AND (resource_residents = 'US' OR resource_silo != '')
GROUP BY employer, by, dataset ORDER BY reads DESC`},
		{"Is the record complete?", `SELECT * FROM ` + database + `.completeness
ORDER BY topic, partition`},
	}
}

// questions asks as an analyst would, and shows SQL and answer.
func (st *stage) questions(ctx context.Context, began time.Time) error {
	s := st.screen
	for i, q := range theQuestions(began.Add(-time.Minute), time.Now().Add(time.Minute)) {
		s.line("")
		s.line(s.paint(bold, fmt.Sprintf("Question %d: %s", i+1, q.title)))
		for l := range strings.SplitSeq(q.sql, "\n") {
			s.line(s.paint(dim, "  "+l))
		}
		asked := time.Now()
		answer, err := st.ask(ctx, q.sql)
		if err != nil {
			return fmt.Errorf("demo: question %d: %w", i+1, err)
		}
		for _, l := range answer {
			s.line("  " + l)
		}
		s.line(s.paint(dim, fmt.Sprintf("  %d rows, %d ms", max(0, len(answer)-1), time.Since(asked).Milliseconds())))
	}
	return nil
}

// ask runs a query and returns its answer as an aligned table, headings first.
func (st *stage) ask(ctx context.Context, sql string) ([]string, error) {
	rows, err := st.analyst.Conn().Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	table := [][]string{rows.Columns()}
	types := rows.ColumnTypes()
	for rows.Next() {
		values := make([]any, len(types))
		for i, t := range types {
			values[i] = reflect.New(t.ScanType()).Interface()
		}
		if err := rows.Scan(values...); err != nil {
			return nil, err
		}
		var line []string
		for _, v := range values {
			line = append(line, cell(reflect.ValueOf(v).Elem().Interface()))
		}
		table = append(table, line)
	}
	return align(table), rows.Err()
}

// cell writes one value of an answer.
func cell(v any) string {
	switch v := v.(type) {
	case time.Time:
		return v.UTC().Format("15:04:05.000")
	case []string:
		return strings.Join(v, ", ")
	case string:
		return orDash(v)
	}
	return fmt.Sprint(v)
}

// align pads the columns of a table to the same width.
func align(table [][]string) []string {
	var widths []int
	for _, row := range table {
		for i, text := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(text))
		}
	}
	var lines []string
	for _, row := range table {
		var b strings.Builder
		for i, text := range row {
			b.WriteString(text)
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text)+2))
			}
		}
		lines = append(lines, strings.TrimRight(b.String(), " "))
	}
	return lines
}

// showHowToConnect is what --keep prints.
func (st *stage) showHowToConnect() {
	s := st.screen
	s.line("")
	s.line(s.paint(bold, "Everything stays up until you press Ctrl-C:"))
	s.linef("  ClickHouse  native %s, HTTP http://%s/play (user analyst, no password, database %s: views only)", st.clickhouse.Native(), st.clickhouse.HTTP(), database)
	s.linef("              curl 'http://%s/?user=analyst&database=%s' --data-binary 'SELECT * FROM incidents FORMAT PrettyCompact'", st.clickhouse.HTTP(), database)
	s.linef("  Kafka       %s (imitated; topics %s, alerts, incidents, notifications, deliveries, dead)", st.kafka.Addrs()[0], topic)
	s.linef("              watchglass generate --brokers %s --topic %s --count 10000", st.kafka.Addrs()[0], topic)
	s.linef("  workers     http://%s/readyz and /metrics", st.listen)
	s.linef("  files       %s (configuration, policy; edit the policy and watch it take effect)", st.dir)
}
