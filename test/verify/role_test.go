package verify

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"

	deployment "github.com/watchglass/watchglass/deploy/clickhouse"
	"github.com/watchglass/watchglass/internal/embedded"
	"github.com/watchglass/watchglass/test/engines"
)

// The role overseer is enough to check the record, and sees nobody's data.
func TestOverseer(t *testing.T) {
	server := engines.OwnClickHouse(t, embedded.ClickHouseConfig{Users: deployment.Users()})
	as := func(user string) clickhouse.Conn {
		db, err := clickhouse.Open(&clickhouse.Options{Addr: []string{server.Native()}, Auth: clickhouse.Auth{Username: user}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		return db
	}
	must := func(db clickhouse.Conn, statement string) {
		t.Helper()
		if err := db.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	run := func(user string, args ...string) (string, error) {
		t.Helper()
		path, err := program()
		if err != nil {
			t.Fatal(err)
		}
		config := write(t, fmt.Sprintf("kafka: {brokers: [\"127.0.0.1:1\"]}\nclickhouse: {addresses: [%q], database: watchglass, username: %s}\n", server.Native(), user))
		text, err := exec.CommandContext(t.Context(), path, append(args, "--config", config)...).CombinedOutput()
		return string(text), err
	}
	must(as("default"), "CREATE DATABASE watchglass")
	if text, err := run("watchglass", "migrate"); err != nil {
		t.Fatal(text)
	}
	worker := as("watchglass")
	must(worker, "INSERT INTO watchglass.access_events (time, accessor_id, kafka_topic, kafka_offset, kafka_time, stored_at) SELECT now64(3), 'e-1', 'access-events', number, now64(3), now64(3) FROM numbers(10) WHERE number != 4")
	must(worker, "INSERT INTO watchglass.dead_letters_stored (reason, source_topic, source_offset, source_end, kafka_time, stored_at) VALUES ('malformed', 'access-events', 4, 5, now64(3), now64(3))")
	// Two days of the entry are past their retention, so all questions are asked.
	must(worker, "INSERT INTO watchglass.stored_ranges_stored (source_topic, range_from, range_to, rows, dead, days, kafka_time, stored_at) "+
		"SELECT 'access-events', 0, 12, 11, '4', map('2020-01-01', '2', toString(toDate(now('UTC'))), '9'), now64(3), now64(3)")
	text, err := run("overseer", "verify", "--kafka", "no", "--from", "2020-01-01T00:00:00Z")
	if err != nil || !strings.Contains(text, "2  expired") || !strings.Contains(text, "every offset is accounted for") {
		t.Errorf("the overseer verifies: %v\n%s", err, text)
	}
	overseer := as("overseer")
	for _, allowed := range []string{"SELECT * FROM watchglass.completeness", "SELECT * FROM watchglass.stored_ranges", "SELECT * FROM watchglass.erasures"} {
		must(overseer, allowed)
	}
	for _, refused := range []string{
		"SELECT accessor_id FROM watchglass.access_events", "SELECT count() FROM watchglass.access_events WHERE has(subject_ids, 'u-1')", "SELECT * FROM watchglass.events",
		"SELECT value FROM watchglass.dead_letters_stored", "SELECT * FROM watchglass.dead_letters", "SELECT * FROM watchglass.alerts",
		"INSERT INTO watchglass.erasures (kafka_topic) VALUES ('x')", "ALTER TABLE watchglass.access_events DELETE WHERE 1",
	} {
		mustNot(t, overseer, refused)
	}
	// Whoever takes a worker's password can add to the record, and not change it.
	for _, refused := range []string{
		"ALTER TABLE watchglass.access_events DELETE WHERE 1", "DELETE FROM watchglass.access_events WHERE 1", "ALTER TABLE watchglass.access_events UPDATE accessor_id = '' WHERE 1",
		"ALTER TABLE watchglass.access_events DROP COLUMN statement", "ALTER TABLE watchglass.access_events DROP PARTITION tuple()", "ALTER TABLE watchglass.access_events DROP CONSTRAINT fence",
		"ALTER TABLE watchglass.access_events RESET SETTING non_replicated_deduplication_window", "TRUNCATE TABLE watchglass.access_events", "DROP TABLE watchglass.access_events",
		"OPTIMIZE TABLE watchglass.access_events FINAL DEDUPLICATE",
	} {
		mustNot(t, worker, refused)
	}
}

// mustNot runs a statement that takes a right which the user has not.
func mustNot(t *testing.T, db clickhouse.Conn, statement string) {
	t.Helper()
	const accessDenied = 497
	var refused *clickhouse.Exception
	if err := db.Exec(t.Context(), statement); !errors.As(err, &refused) || refused.Code != accessDenied {
		t.Errorf("%s: %v, want that the right is missing", statement, err)
	}
}
