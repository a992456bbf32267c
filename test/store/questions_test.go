package store_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	deployment "github.com/watchglass/watchglass/deploy/clickhouse"
	"github.com/watchglass/watchglass/docs"
	"github.com/watchglass/watchglass/internal/embedded"
	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/schema"
	"github.com/watchglass/watchglass/test/engines"
)

const deployed = "../../deploy/clickhouse/"

// guarded is a server with the users of deploy/clickhouse/users.xml, migrated
// by the user `watchglass`.
func guarded(t *testing.T) (*embedded.ClickHouse, store.Config, *store.DB) {
	t.Helper()
	server := engines.OwnClickHouse(t, embedded.ClickHouseConfig{Users: deployment.Users()})

	// The administrator's part of roles.sql.
	cfg := store.Config{Addr: []string{server.Native()}, Database: "watchglass"}
	exec(t, open(t, cfg), "CREATE DATABASE watchglass")
	cfg.User = "watchglass"
	db := open(t, cfg)
	if err := db.Migrate(t.Context(), store.Retention{SubjectIDsDays: 200, CategoryDays: map[string]int{"keystroke": 30}}); err != nil {
		t.Fatal(err)
	}
	return server, cfg, db
}

// query runs a statement over HTTP and returns the answer's lines, tab
// separated, with the names of the columns first.
func query(t *testing.T, server *embedded.ClickHouse, user, statement string, parameters map[string]string) ([]string, error) {
	t.Helper()
	values := url.Values{"user": {user}, "database": {"watchglass"}, "default_format": {"TSVWithNames"}}
	for name, value := range parameters {
		values.Set("param_"+name, value)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+server.HTTP()+"/?"+values.Encode(), strings.NewReader(statement))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s", body)
	}
	return strings.Split(strings.TrimRight(string(body), "\n"), "\n"), nil
}

// columns keeps the named columns of an answer.
func columns(t *testing.T, lines []string, names ...string) []string {
	t.Helper()
	header := strings.Split(lines[0], "\t")
	kept := make([]string, 0, len(lines)-1)
	for _, line := range lines[1:] {
		cells := strings.Split(line, "\t")
		var row []string
		for _, name := range names {
			i := slices.Index(header, name)
			if i < 0 {
				t.Fatalf("no column %s in %v", name, header)
			}
			row = append(row, cells[i])
		}
		kept = append(kept, strings.Join(row, " "))
	}
	return kept
}

// story inserts five accessors' reads around a day, and one dead letter.
func story(t *testing.T, w *store.Writer, day time.Time) {
	t.Helper()
	b := store.NewBlock()
	offset := int64(0)
	read := func(accessor string, when time.Time, change func(*schema.AccessEvent)) {
		e := event(when)
		e.Accessor.ID = accessor
		e.Purpose.Ticket = "SUP-1"
		e.Statement = "SELECT ip FROM users.sessions"
		if change != nil {
			change(e)
		}
		if offset == 5 {
			offset++ // a dead letter
		}
		if offset == 8 {
			offset++ // missing
		}
		b.Append(e, at("access-events", 0, offset), when, "json", "")
		offset++
	}
	clock := func(hour, minute int) time.Time {
		return day.Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute)
	}
	for i := range 3 {
		read("e-1", clock(10, i), nil)
	}
	restricted := func(action string) func(*schema.AccessEvent) {
		return func(e *schema.AccessEvent) {
			e.Action, e.Purpose.Ticket = action, ""
			e.Enrichment.NetworkCountry, e.Enrichment.Employer, e.Enrichment.EmployerCountry = "CN", "hongyun-rd", "CN"
			e.Enrichment.Jurisdictions, e.Enrichment.Restricted, e.Enrichment.RestrictedBy = []string{"CN"}, true, []string{"network"}
			e.Enrichment.Groups = []string{"journalist"}
		}
	}
	read("e-2", clock(11, 0), restricted("query"))
	read("e-2", clock(11, 30), restricted("export"))
	for d := range 5 {
		read("e-3", clock(9-24*(d+1), 0), func(e *schema.AccessEvent) { e.Subject.IDs = []string{"u-7"} })
	}
	read("e-3", clock(9, 0), func(e *schema.AccessEvent) {
		e.Subject = schema.Subject{}
		for i := range 60 {
			e.Subject.IDs = append(e.Subject.IDs, fmt.Sprint("u-", 100+i))
		}
		e.Subject.Count = 60
	})
	read("e-4", clock(12, 0), func(e *schema.AccessEvent) { e.Subject = schema.Subject{} })
	read("e-4", clock(13, 0), func(e *schema.AccessEvent) { e.Subject = schema.Subject{}; e.Enrichment.NetworkCountry = "SG" })
	read("e-5", clock(14, 0), func(e *schema.AccessEvent) {
		e.Resource.Dataset, e.Enrichment.Categories, e.Subject = "chats", []string{"message"}, schema.Subject{}
		e.Enrichment.LocationState, e.Enrichment.NetworkCountry, e.Enrichment.EmployerCountry = "unknown", "", "IE"
	})
	insert(t, w, b, "access-events/0/0-16")

	dead := store.NewDeadBlock()
	for i := range 2 { // published twice
		dead.Append(&store.DeadLetter{Reason: schema.ReasonMalformed, Source: at("access-events", 0, 5), Value: []byte("{")}, at("dead", 0, int64(i)), day)
	}
	insert(t, w, dead, "dead/0/0-2")
}

func TestTwelveQuestions(t *testing.T) {
	server, cfg, _ := guarded(t)
	day := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -2)
	story(t, writer(t, cfg), day)
	date := day.Format(time.DateOnly)
	parameters := map[string]string{
		"from": date + " 00:00:00", "to": day.AddDate(0, 0, 1).Format(time.DateTime), "day": date,
		"subject": "u-1", "accessor": "e-1", "country": "CN", "residents": "US", "category": "location.ip",
	}
	want := []struct {
		columns []string
		rows    []string
	}{
		{[]string{"accessor_id", "action"}, []string{"e-2 export", "e-2 query", "e-1 query", "e-1 query", "e-1 query"}},
		{[]string{"action", "subject_ids", "kafka_offset"}, []string{"query ['u-1'] 0", "query ['u-1'] 1", "query ['u-1'] 2"}},
		{[]string{"day", "accessor_employer", "accessor_restricted_by", "reads", "accessors"}, []string{date + " hongyun-rd ['network'] 2 1"}},
		{[]string{"day", "reads", "subjects_read"}, []string{date + " 2 2"}},
		{[]string{"accessor_id", "subjects", "subjects_read", "reads"}, []string{"e-3 60 60 1", "e-1 1 3 3", "e-2 1 2 2", "e-4 0 0 2", "e-5 0 0 1"}},
		{[]string{"accessor_id", "today", "norm"}, []string{"e-3 60 0.2"}},
		{[]string{"accessor_id", "previous_country", "country"}, []string{"e-4 US SG"}},
		{[]string{"accessor_id", "steps"}, []string{"e-2 2"}},
		{[]string{"accessor_id", "reads", "subjects_in_common"}, []string{"e-2 2 1"}},
		{[]string{"accessor_id", "subject_groups"}, []string{"e-2 ['journalist']", "e-2 ['journalist']"}},
		{[]string{"accessor_employer_country", "resource_dataset", "accessor_location_state", "reads"}, []string{"IE chats unknown 1"}},
		{[]string{"topic", "partition", "first_offset", "last_offset", "rows_stored", "dead_letters", "missing"}, []string{"access-events 0 0 15 14 1 1"}},
	}
	questions := docs.Questions()
	if len(questions) != len(want) {
		t.Fatalf("%d questions in docs/analysts.md, want %d", len(questions), len(want))
	}
	for i, q := range questions {
		t.Run(fmt.Sprint(i+1), func(t *testing.T) {
			given := map[string]string{}
			for _, name := range q.Parameters {
				given[name] = parameters[name]
			}
			lines, err := query(t, server, "analyst", q.SQL, given)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want[i].rows, columns(t, lines, want[i].columns...)); d != "" {
				t.Errorf("%s\n%s", q.Title, d)
			}
		})
	}
}

// Every other SQL block of the document, so that none is left unrun.
func TestAnalystsOtherQueries(t *testing.T) {
	server, _, _ := guarded(t)
	text, err := os.ReadFile("../../docs/analysts.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```sql\n(.*?)\n```").FindAllStringSubmatch(string(text), -1)
	if want := len(docs.Questions()) + 1; len(blocks) != want {
		t.Fatalf("%d SQL blocks, want %d", len(blocks), want)
	}
	parameters := map[string]string{"from": "2026-11-01 00:00:00", "to": "2026-12-01 00:00:00"}
	if _, err := query(t, server, "analyst", blocks[len(blocks)-1][1], parameters); err != nil {
		t.Error(err)
	}
	for _, statement := range regexp.MustCompile("`(SET [^`]+)`").FindAllStringSubmatch(string(text), -1) {
		if _, err := query(t, server, "analyst", statement[1], nil); err != nil {
			t.Error(err)
		}
	}
}

func TestRoles(t *testing.T) {
	server, _, _ := guarded(t)
	may := map[string][]string{
		"analyst": {
			"events", "event_details(topic = 't', partition = 0, offset = 0)", "who_read(subject = 's', from = '2026-11-01', to = '2026-12-01')",
			"timeline_of(accessor = 'a', from = '2026-11-01', to = '2026-12-01')", "incident_events(incident = 'i')",
			"reads_hourly", "accessor_daily", "alerts", "incidents", "incident_changes", "deliveries", "completeness",
		},
		"dead_letter_reader": {"dead_letters"},
	}
	all := []string{
		store.EventsTable, store.AlertsTable, store.IncidentsTable, store.DeliveriesTable, store.DeadTable, "schema_migrations",
		"mergeTreeIndex(watchglass, access_events)", "merge('watchglass', '^access_events$')",
	}
	for _, objects := range may {
		all = append(all, objects...)
	}
	for user, objects := range may {
		for _, object := range all {
			_, err := query(t, server, user, "SELECT * FROM "+object+" LIMIT 1", nil)
			if allowed := slices.Contains(objects, object); allowed != (err == nil) {
				t.Errorf("%s reads %s: allowed %v, got %v", user, object, allowed, err)
			}
			if err != nil && !strings.Contains(err.Error(), "ACCESS_DENIED") && !strings.Contains(err.Error(), "no tables satisfied") {
				t.Errorf("%s reads %s: refused for another reason: %v", user, object, err)
			}
		}
		for _, statement := range []string{
			"INSERT INTO access_events (time) VALUES (now())", "DROP VIEW events", "ALTER TABLE access_events DELETE WHERE 1", "TRUNCATE TABLE access_events",
		} {
			if _, err := query(t, server, user, statement, nil); err == nil {
				t.Errorf("%s may %s", user, statement)
			}
		}
	}
}

// The two files grant the same.
func TestUsersAndRolesAgree(t *testing.T) {
	read := func(name, expression string) []string {
		text, err := os.ReadFile(deployed + name)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, m := range regexp.MustCompile(expression).FindAllStringSubmatch(string(text), -1) {
			all = append(all, m[1])
		}
		slices.Sort(all)
		return all
	}
	if d := cmp.Diff(read("roles.sql", `(?m)^(GRANT .*) TO \w+;$`), read("users.xml", `<query>(.*)</query>`)); d != "" {
		t.Error(d)
	}
}
