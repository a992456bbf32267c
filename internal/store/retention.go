package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Retention says how long rows live, in days. Zero values mean the defaults.
type Retention struct {
	EventsDays      int            // from the event's time; default 400
	CategoryDays    map[string]int // data category → days; an event goes when the first of its categories does
	SubjectIDsDays  int            // subject ids are blanked this early; 0: they go with the event
	AlertsDays      int            // alerts, incident changes, deliveries and the ledger, from their time; default 1,100
	DeadLettersDays int            // from when they were published; default 30
}

// maxDays is 50 years. ClickHouse computes when a row is due in 32 bits, which end in
// 2106: a longer retention would be over at once.
const maxDays = 18_250

// Validate fills in the defaults.
func (r *Retention) Validate() error {
	for _, d := range []struct {
		name  string
		value *int
		def   int
	}{
		{"events_days", &r.EventsDays, 400},
		{"subject_ids_days", &r.SubjectIDsDays, 0},
		{"alerts_days", &r.AlertsDays, 1100},
		{"dead_letters_days", &r.DeadLettersDays, 30},
	} {
		if *d.value < 0 || *d.value > maxDays {
			return fmt.Errorf("retention.%s: %d is not between 1 and %d", d.name, *d.value, maxDays)
		}
		if *d.value == 0 {
			*d.value = d.def
		}
	}
	for category, days := range r.CategoryDays {
		if days < 1 || days > maxDays {
			return fmt.Errorf("retention.category_days.%s: %d is not between 1 and %d", category, days, maxDays)
		}
	}
	return nil
}

// eventsTTL is the TTL of access_events: one rule a category, and one for
// events that have any other category or none. The first that is due wins.
func (r Retention) eventsTTL() string {
	if len(r.CategoryDays) == 0 {
		return ttl("time", r.EventsDays)
	}
	var rules, named []string
	for _, category := range slices.Sorted(maps.Keys(r.CategoryDays)) {
		rules = append(rules, ttl("time", r.CategoryDays[category])+" DELETE WHERE has(data_categories, "+literal(category)+")")
		named = append(named, literal(category))
	}
	rules = append(rules, ttl("time", r.EventsDays)+" DELETE WHERE empty(data_categories) OR NOT hasAll(["+strings.Join(named, ", ")+"], data_categories)")
	return strings.Join(rules, ", ")
}

func ttl(column string, days int) string {
	return fmt.Sprintf("toDateTime(%s) + toIntervalDay(%d)", column, days)
}

// applyRetention alters the tables whose retention is not what is configured.
// A changed TTL rewrites parts, so it is not repeated without need.
func (d *DB) applyRetention(ctx context.Context, r Retention) error {
	if err := r.Validate(); err != nil {
		return &FatalError{Advice: err.Error()}
	}
	for _, t := range [][2]string{
		{EventsTable, r.eventsTTL()},
		{AlertsTable, ttl("time", r.AlertsDays)},
		{IncidentsTable, ttl("time", r.AlertsDays)},
		{DeliveriesTable, ttl("time", r.AlertsDays)},
		{LedgerTable, ttl("kafka_time", r.AlertsDays)},
		{RunsTable, ttl("started", r.AlertsDays)},
		{DeadTable, ttl("kafka_time", r.DeadLettersDays)},
	} {
		if err := d.setTTL(ctx, t[0], t[1]); err != nil {
			return err
		}
	}
	return d.blankSubjects(ctx, r.SubjectIDsDays)
}

// setTTL sets the TTL of a table. The server tells how it would print it, so
// that the table's definition can be compared.
func (d *DB) setTTL(ctx context.Context, table, rules string) error {
	definition, err := d.definition(ctx, table)
	if err != nil {
		return err
	}
	doing := "set the retention of " + table
	var printed string
	example := "CREATE TABLE t (a Int8) ENGINE = MergeTree ORDER BY a TTL " + rules
	if err := d.conn.QueryRow(ctx, "SELECT formatQuerySingleLine(?)", example).Scan(&printed); err != nil {
		return classify(doing, err)
	}
	if _, want, _ := strings.Cut(printed, " ORDER BY a "); strings.Contains(definition, " "+want+" SETTINGS ") {
		return nil
	}
	return d.exec(ctx, doing, "ALTER TABLE "+d.Name(table)+" MODIFY TTL "+rules)
}

// blankSubjects sets or removes the TTL of the column subject_ids.
func (d *DB) blankSubjects(ctx context.Context, days int) error {
	definition, err := d.definition(ctx, EventsTable)
	if err != nil {
		return err
	}
	const doing = "set the retention of subject ids"
	switch has := columnTTL(definition, "subject_ids"); {
	case days == 0 && has != "":
		return d.exec(ctx, doing, "ALTER TABLE "+d.Name(EventsTable)+" MODIFY COLUMN subject_ids REMOVE TTL")
	case days > 0 && has != ttl("time", days):
		return d.exec(ctx, doing, "ALTER TABLE "+d.Name(EventsTable)+" MODIFY COLUMN subject_ids TTL "+ttl("time", days))
	}
	return nil
}

// columnTTL finds the TTL of a column in a table's definition; "" for none.
func columnTTL(definition, column string) string {
	_, rest, _ := strings.Cut(definition, "`"+column+"` ")
	line, _, _ := strings.Cut(rest, ", `")
	_, expression, _ := strings.Cut(line, " TTL ")
	return expression
}
