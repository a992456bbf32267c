// Package backtest shows what a rule would have found among stored events.
package backtest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/watchglass/watchglass/internal/store"
)

const dayLayout = "2006-01-02"

// Report is one rule's result.
type Report struct {
	ID        string    `json:"rule"`
	Title     string    `json:"title"`
	Level     string    `json:"level"`
	OnTrial   bool      `json:"on_trial"`            // matches, and does not alert
	OverTime  bool      `json:"over_time,omitempty"` // then events are alerts
	From      time.Time `json:"from"`
	To        time.Time `json:"to"`
	Events    uint64    `json:"events"`
	Days      []Day     `json:"days"`
	Accessors Values    `json:"accessors"`
	GroupBy   []string  `json:"group_by"`
	Incidents uint64    `json:"incidents"` // at least: different groups
	Groups    []Group   `json:"groups"`    // the most frequent
	Fields    []string  `json:"-"`
	Values    []Values  `json:"fields"`
	RowsRead  uint64    `json:"rows_read"`
	BytesRead uint64    `json:"bytes_read"`
	TookMS    int64     `json:"took_ms"`
	Notes     []string  `json:"notes,omitempty"`
}

// Day is a day of the span (UTC).
type Day struct {
	Day    string `json:"day"`
	Events uint64 `json:"events"`
}

// Values are the most frequent values of a field.
type Values struct {
	Field     string  `json:"field"`
	Different uint64  `json:"different"`
	Top       []Value `json:"top"`
}

// Value is a value and the events that have it.
type Value struct {
	Value  string `json:"value"`
	Events uint64 `json:"events"`
}

// Group is the values of the group-by fields, in their order.
type Group struct {
	Values []string `json:"values"`
	Events uint64   `json:"events"`
}

// Fill takes over what the database found.
func (r *Report) Fill(found *store.BacktestResult) error {
	r.Days = days(r.From, r.To, found.Days)
	for _, d := range r.Days {
		r.Events += d.Events
	}
	r.Accessors = values("accessor.id", found.Accessors)
	r.Incidents, r.Groups = found.Groups.Different, []Group{}
	for _, t := range found.Groups.Top {
		texts, err := groupTexts(t.Value)
		if err != nil {
			return err
		}
		r.Groups = append(r.Groups, Group{texts, t.Events})
	}
	r.Values = []Values{}
	for i, field := range r.Fields {
		r.Values = append(r.Values, values(field, found.Fields[i]))
	}
	r.RowsRead, r.BytesRead, r.TookMS = found.Cost.Rows, found.Cost.Bytes, found.Cost.Took.Milliseconds()
	return nil
}

// FillOverTime takes over the alerts of a rule over time: its groups are those that they
// are of.
func (r *Report) FillOverTime(found []store.OverTime, top int, cost store.Cost) {
	byDay, byGroup := map[string]uint64{}, map[string]Group{}
	for _, f := range found {
		byDay[f.At.UTC().Format(dayLayout)]++
		key := strings.Join(f.Groups, "\x00")
		g := byGroup[key]
		byGroup[key] = Group{f.Groups, g.Events + 1}
	}
	var tallies []store.Tally
	for day, n := range byDay {
		tallies = append(tallies, store.Tally{Value: day, Events: n})
	}
	r.Days, r.Events, r.Incidents = days(r.From, r.To, tallies), uint64(len(found)), uint64(len(byGroup))
	groups := slices.SortedFunc(maps.Values(byGroup), func(a, b Group) int {
		return cmp.Or(cmp.Compare(b.Events, a.Events), slices.Compare(a.Values, b.Values))
	})
	r.Groups, r.Values = append([]Group{}, groups[:min(top, len(groups))]...), []Values{}
	r.Accessors = Values{Field: "accessor.id", Top: []Value{}}
	r.RowsRead, r.BytesRead, r.TookMS = cost.Rows, cost.Bytes, cost.Took.Milliseconds()
}

func values(field string, t store.Tallies) Values {
	v := Values{Field: field, Different: t.Different, Top: []Value{}}
	for _, one := range t.Top {
		v.Top = append(v.Top, Value{one.Value, one.Events})
	}
	return v
}

// days are all days of the span in order, also those without an event.
func days(from, to time.Time, found []store.Tally) []Day {
	events := map[string]uint64{}
	for _, t := range found {
		events[t.Value] = t.Events
	}
	all := []Day{}
	for day := from.UTC().Truncate(24 * time.Hour); day.Before(to); day = day.AddDate(0, 0, 1) {
		name := day.Format(dayLayout)
		all = append(all, Day{name, events[name]})
	}
	return all
}

// groupTexts reads a JSON array of a group's values. The error holds nothing
// of them.
func groupTexts(text string) ([]string, error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var list []any
	if err := decoder.Decode(&list); err != nil {
		return nil, errors.New("the database's notation of a group is no JSON array")
	}
	texts := make([]string, len(list))
	for i, v := range list {
		texts[i] = plain(v)
	}
	return texts, nil
}

func plain(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []any:
		items := make([]string, len(v))
		for i := range v {
			items[i] = plain(v[i])
		}
		return strings.Join(items, ", ")
	}
	return fmt.Sprint(v)
}
