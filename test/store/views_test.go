package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/schema"
)

// The roll-ups, the text index and the positions are really used.
func TestPlans(t *testing.T) {
	cfg, db := migrated(t)
	w := writer(t, cfg)
	now := time.Now().UTC().Add(-24 * time.Hour)
	for p := range int32(3) {
		b := store.NewBlock()
		for i := range 20_000 {
			e := event(now.Add(time.Duration(i) * 100 * time.Millisecond))
			e.Accessor.ID = fmt.Sprint("e-", i%50)
			e.Subject.IDs = []string{fmt.Sprint("u-", i)}
			b.Append(e, at("access-events", p, int64(i)), e.Time, "json", "")
		}
		insert(t, w, b, fmt.Sprint("access-events/", p, "/0-20000"))
	}
	for name, c := range map[string]struct{ query, want string }{
		"reads_hourly": {
			"SELECT toDate(hour) AS day, sum(reads) FROM %[1]s.reads_hourly WHERE hour >= now() - INTERVAL 7 DAY AND has(data_categories, 'location.ip') AND accessor_network_country = 'US' GROUP BY day",
			"by_hour",
		},
		"accessor_daily": {"SELECT accessor_id, subjects FROM %[1]s.accessor_daily WHERE day >= today() - 2 ORDER BY subjects DESC", "by_accessor"},
		"offsets of a partition": {
			"SELECT kafka_offset FROM %[1]s.access_events WHERE kafka_topic = 'access-events' AND kafka_partition = 1 AND kafka_offset >= 19000 ORDER BY kafka_offset", "positions",
		},
		"completeness": {"SELECT * FROM %[1]s.completeness", "by_partition"},
		"last offset": {
			"SELECT count(), max(kafka_offset) FROM %[1]s.access_events WHERE kafka_topic = 'access-events' AND kafka_partition = 1", "by_partition",
		},
		"who_read": {"SELECT * FROM %[1]s.who_read(subject = 'u-77', from = '2020-01-01', to = '2099-01-01')", "subject_ids_text"},
		"subjects in common": {
			"SELECT count() FROM %[1]s.events WHERE hasAny(subject_ids, ['u-77', 'u-78'])", "subject_ids_text",
		},
		"timeline_of": {"SELECT * FROM %[1]s.timeline_of(accessor = 'e-1', from = '2020-01-01', to = '2099-01-01')", "accessor_id_bloom"},
	} {
		t.Run(name, func(t *testing.T) {
			rows, err := db.Conn().Query(t.Context(), "EXPLAIN indexes = 1, projections = 1 "+fmt.Sprintf(c.query, cfg.Database))
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			var plan strings.Builder
			for rows.Next() {
				var line string
				if err := rows.Scan(&line); err != nil {
					t.Fatal(err)
				}
				plan.WriteString(line + "\n")
			}
			if !strings.Contains(plan.String(), c.want) {
				t.Errorf("%s is not used:\n%s", c.want, plan.String())
			}
		})
	}
}

func TestArchive(t *testing.T) {
	cfg, db := migrated(t)
	w := writer(t, cfg)
	now := time.Now().UTC().Truncate(time.Second).Add(-time.Hour)
	insert(t, w, block("access-events", 0, 0, 5, now), "access-events/0/0-5")

	rule := schema.RuleRef{ID: "r-1", Title: "Journalist", Level: "high", Tags: []string{"t"}}
	group := []schema.Pair{{Field: "accessor.id", Value: "e-1"}}
	alerts := store.NewAlertBlock()
	for copies := range 2 {
		for i := range 3 { // of events 1, 2 and 3; the last is another accessor's
			a := schema.Alert{ID: fmt.Sprint("a-", i), Time: now.Add(time.Duration(i+1) * time.Second), Created: now, Rule: rule, Accessor: "e-1", Group: group, Source: at("access-events", 0, int64(i+1))}
			if i == 2 {
				a.Accessor, a.Group = "e-2", []schema.Pair{{Field: "accessor.id", Value: "e-2"}}
			}
			alerts.Append(&a, at("alerts", 0, int64(copies*3+i)), now)
		}
	}
	insert(t, w, alerts, "alerts/0/0-6")
	changes := store.NewIncidentBlock()
	for copies := range 2 {
		for i, status := range []string{"opened", "updated"} {
			changes.Append(&schema.IncidentChange{
				ID: fmt.Sprint("i-1/", i), Incident: "i-1", Generation: 1, Sequence: uint64(i + 1), Time: now, Status: status, Reason: status, Rule: rule,
				Accessor: "e-1", Group: group, Alerts: uint64(i + 1), First: now.Add(time.Second), Last: now.Add(time.Duration(i+1) * time.Second),
			}, at("incidents", 0, int64(copies*2+i)), now)
		}
	}
	insert(t, w, changes, "incidents/0/0-4")
	deliveries := store.NewDeliveryBlock()
	for i := range 2 {
		deliveries.Append(&schema.Delivery{ID: "d-1", Notification: "n-1", Incident: "i-1", Destination: "on-call", Attempt: 1, Time: now, Verdict: "delivered", Status: 204, Took: time.Second}, at("deliveries", 0, int64(i)), now)
	}
	insert(t, w, deliveries, "deliveries/0/0-2")
	dead := store.NewDeadBlock()
	value := []byte("\x00\xff{")
	for i := range 2 {
		dead.Append(&store.DeadLetter{
			Reason: schema.ReasonUTF8, Detail: "value", Source: at("access-events", 0, 9), Time: now, Key: []byte("k"), Value: value,
			Headers: []store.DeadHeader{{Name: "h", Value: []byte("1")}, {Name: "h", Value: []byte("2")}},
		}, at("dead", 0, int64(i)), now)
	}
	insert(t, w, dead, "dead/0/0-2")

	for query, want := range map[string]string{
		"SELECT toString(groupArray(id)) FROM (SELECT id FROM %s.alerts ORDER BY id)":                                 "['a-0','a-1','a-2']",
		"SELECT toString((status, alerts, rule, last_event - first_event)) FROM %s.incidents":                         "('updated',2,'r-1',1)",
		"SELECT toString(count()) FROM %s.incident_changes":                                                           "2",
		"SELECT toString((destination, verdict, status, took_ns)) FROM %s.deliveries":                                 "('on-call','delivered',204,1000000000)",
		"SELECT toString((reason, hex(value), key, header_names, header_values, source_offset)) FROM %s.dead_letters": "('invalid_utf8','00FF7B','k',['h','h'],['1','2'],9)",
		"SELECT toString(groupArray(kafka_offset)) FROM %s.incident_events(incident = 'i-1')":                         "[1,2]",
		"SELECT toString(groupArray(kafka_offset)) FROM %s.incident_events(incident = 'none')":                        "[]",
		"SELECT toString(count()) FROM %s.event_details(topic = 'access-events', partition = 0, offset = 3)":          "1",
	} {
		if got := ask[string](t, db, fmt.Sprintf(query, cfg.Database)); !strings.HasPrefix(got, strings.TrimSuffix(want, ")")) {
			t.Errorf("%s: got %s, want %s", query, got, want)
		}
	}
	// The first copy has collapsed; the last offset is there to be found.
	if last, found, err := db.MaxOffset(t.Context(), store.DeadTable, "dead", 0); err != nil || !found || last != 1 {
		t.Errorf("last offset %d, %v, %v", last, found, err)
	}
}

// Events go by category, subject ids go earlier, roll-ups follow, and nothing
// is altered twice.
func TestRetention(t *testing.T) {
	cfg, db := migrated(t)
	w := writer(t, cfg)
	b := store.NewBlock()
	for i, c := range []struct {
		age        int // days
		categories []string
	}{
		{10, []string{"keystroke"}},           // 0 stays
		{40, []string{"keystroke"}},           // 1 goes
		{40, []string{"keystroke", "device"}}, // 2 goes: the first that is due wins
		{40, []string{"device"}},              // 3 stays
		{300, []string{"device"}},             // 4 stays, without its subjects
		{390, nil},                            // 5 goes
		{390, []string{"algorithm"}},          // 6 stays: kept longer
	} {
		e := event(time.Now().AddDate(0, 0, -c.age))
		e.Enrichment.Categories = c.categories
		b.Append(e, at("access-events", 0, int64(i)), e.Time, "json", "")
	}
	insert(t, w, b, "access-events/0/0-7")
	r := store.Retention{EventsDays: 380, CategoryDays: map[string]int{"keystroke": 30, "algorithm": 1000}, SubjectIDsDays: 200}
	for range 2 {
		if err := db.Migrate(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	if n := ask[int64](t, db, "SELECT toInt64(metadata_version) FROM system.tables WHERE database = ? AND name = ?", cfg.Database, store.EventsTable); n > 3 {
		t.Errorf("altered %d times", n)
	}
	exec(t, db, "OPTIMIZE TABLE "+db.Name(store.EventsTable)+" FINAL SETTINGS mutations_sync = 1")
	for query, want := range map[string]string{
		"SELECT toString(arraySort(groupArray(kafka_offset))) FROM %s.events":                               "[0,3,4,6]",
		"SELECT toString(arraySort(groupArray(kafka_offset))) FROM %s.events WHERE has(subject_ids, 'u-1')": "[0,3]",
		"SELECT toString(sum(reads)) FROM %s.reads_hourly":                                                  "4",
		"SELECT toString(sum(reads)) FROM %s.accessor_daily":                                                "4",
	} {
		if got := ask[string](t, db, fmt.Sprintf(query, cfg.Database)); got != want {
			t.Errorf("%s: got %s, want %s", query, got, want)
		}
	}
	if err := db.Migrate(t.Context(), store.Retention{}); err != nil {
		t.Fatal(err)
	}
	definition := ask[string](t, db, "SELECT create_table_query FROM system.tables WHERE database = ? AND name = ?", cfg.Database, store.EventsTable)
	if strings.Contains(definition, "keystroke") || strings.Contains(definition, "toIntervalDay(200)") || !strings.Contains(definition, "toIntervalDay(400)") {
		t.Errorf("the defaults are not back: %s", definition)
	}
}
