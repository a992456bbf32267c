package demo

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/watchglass/watchglass/internal/generate"
)

// verdict is whether everything was as it should be.
type verdict struct{ faults []string }

func (v *verdict) fault(format string, args ...any) {
	v.faults = append(v.faults, fmt.Sprintf(format, args...))
}

func (v *verdict) text(s *screen) string {
	if len(v.faults) == 0 {
		return s.paint(green, "All as it should be")
	}
	return s.paint(red, "NOT as it should be: "+strings.Join(v.faults, "; "))
}

func (v *verdict) err() error {
	if len(v.faults) == 0 {
		return nil
	}
	return errors.New("demo: " + strings.Join(v.faults, "; "))
}

// stored is what ClickHouse says.
type stored struct {
	rows, distinct, alerts, dead, delivered, attempts, matched uint64
}

// summary asks ClickHouse what is there, and says whether it is everything,
// once.
func (st *stage) summary(ctx context.Context, p played) (*verdict, error) {
	var in stored
	for query, into := range map[string]*uint64{
		"SELECT count() FROM %s.access_events":                                               &in.rows,
		"SELECT uniqExact(kafka_topic, kafka_partition, kafka_offset) FROM %s.access_events": &in.distinct,
		"SELECT countIf(hasAny(rules, " + st.tracker.rules() + ")) FROM %s.access_events":    &in.matched,
		"SELECT count() FROM %s.alerts":                                                      &in.alerts,
		"SELECT count() FROM %s.dead_letters":                                                &in.dead,
		"SELECT uniqExact(notification) FROM %s.deliveries WHERE verdict = 'delivered'":      &in.delivered,
		"SELECT count() FROM %s.deliveries":                                                  &in.attempts,
	} {
		query = fmt.Sprintf(query, database)
		if err := st.db.Conn().QueryRow(ctx, query).Scan(into); err != nil {
			return nil, fmt.Errorf("demo: ask clickhouse %q: %w", query, err)
		}
	}
	out := st.tracker.outcome()
	verified, refused, repeated := st.receiver.counts()
	v := judge(p, in, out, refused, repeated)

	s := st.screen
	row := func(what, text string) { s.linef("  %-15s %s", what, text) }
	s.line("")
	s.line(s.paint(bold, "Summary"))
	row("events", fmt.Sprintf("%s sent in %.1f s (%s/s), %d of them planted; the last was stored after %.1f s",
		number(p.sent), p.sending.Seconds(), number(int64(float64(p.sent)/p.sending.Seconds())), p.planted, p.complete.Seconds()))
	row("rows", fmt.Sprintf("%s stored; %s distinct (topic, partition, offset): %s lost, %s twice; %d dead letters",
		number(in.rows), number(in.distinct), number(p.sent-int64(in.distinct)), number(int64(in.rows-in.distinct)), in.dead)) //nolint:gosec // far below the limits
	row("alerts", fmt.Sprintf("%d, from %d events; %d events were planted", in.alerts, in.matched, p.planted))
	row("incidents", fmt.Sprintf("%d of %d expected delivered exactly once; %d unexpected", out.delivered, out.expected, len(out.unexpected)))
	if out.besides > 0 {
		row("", fmt.Sprintf("%d more of rules over time, for what a day of ordinary events looks like when it is told in a minute", out.besides))
	}
	row("notifications", fmt.Sprintf("%d received, each signature verified; %d refused, %d repeated; %d attempts recorded in ClickHouse", verified, refused, repeated, in.attempts))
	row("latency", fmt.Sprintf("from event to webhook: median %d ms, slowest %d ms", out.median.Milliseconds(), out.slowest.Milliseconds()))
	return v, nil
}

// judge compares what should be with what is.
func judge(p played, in stored, out outcome, refused, repeated int) *verdict {
	v := new(verdict)
	sent := uint64(max(0, p.sent))
	if in.distinct < sent {
		v.fault("%d events are not stored", sent-in.distinct)
	}
	if in.rows != in.distinct {
		v.fault("%d rows are there twice", in.rows-in.distinct)
	}
	if in.rows > sent {
		v.fault("%d rows more than events", in.rows-sent)
	}
	if in.dead > 0 {
		v.fault("%d dead letters", in.dead)
	}
	if planted := uint64(max(0, p.planted)); in.matched != planted {
		v.fault("%d events matched rules, %d were planted", in.matched, planted)
	}
	for what, incidents := range map[string][]generate.Incident{
		"not delivered": out.missing, "delivered more than once": out.repeated, "not expected": out.unexpected,
	} {
		if len(incidents) > 0 {
			v.fault("%d incidents %s (the first: rule %s)", len(incidents), what, incidents[0].Rule)
		}
	}
	if refused > 0 {
		v.fault("%d notifications without a valid signature", refused)
	}
	if repeated > 0 {
		v.fault("%d notifications came twice", repeated)
	}
	return v
}
