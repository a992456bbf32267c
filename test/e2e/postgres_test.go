package e2e

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/watchglass/watchglass/test/engines"
)

// TestReadsMadeWithPsqlArriveAndFire asks a real PostgreSQL as several users
// and follows its own log into ClickHouse and to the webhook.
func TestReadsMadeWithPsqlArriveAndFire(t *testing.T) {
	pg := engines.Postgres(t, map[string]string{
		"log_timezone": "UTC", "pgaudit.log": "read, write, role", "pgaudit.log_relation": "on", "pgaudit.log_rows": "on", "pgaudit.log_catalog": "off",
	})
	database := "postgres"
	sql := func(user, text string) {
		t.Helper()
		if _, err := pg.SQL(t.Context(), user, database, text); err != nil {
			t.Fatal(err)
		}
	}
	sql("postgres", "CREATE DATABASE profiles") // the catalog's name of the store
	database = "profiles"
	sql("postgres", `
		CREATE EXTENSION IF NOT EXISTS pgaudit;
		CREATE SCHEMA "us.users";
		CREATE TABLE "us.users".sessions (user_id text, ip inet);
		INSERT INTO "us.users".sessions VALUES ('u-5501', '203.0.113.9'), ('u-5502', '203.0.113.10');
		CREATE ROLE "e-wei-zhao" LOGIN; CREATE ROLE "e-nobody" LOGIN;
		GRANT USAGE ON SCHEMA "us.users" TO PUBLIC; GRANT SELECT ON "us.users".sessions TO PUBLIC;`)
	sql("e-wei-zhao", `SELECT ip FROM "us.users".sessions WHERE user_id = 'u-5501' /*ticket='SUP-1',subject='u-5501',purpose='support'*/`)
	sql("e-nobody", `SELECT count(*) FROM "us.users".sessions`)

	r := newReceiver(t)
	f := newFleet(t, site{format: "pgaudit", destinations: r.destination()})
	f.migrate()
	f.createTopic(3)
	producer := f.producer()
	producer.send(jsonLog(t, pg.LogDir())...)
	producer.flush()
	w := f.start()
	f.until("SELECT count() FROM {db}.access_events WHERE accessor_id IN ('e-wei-zhao', 'e-nobody') AND resource_dataset = 'us.users.sessions'", 2)
	for question, want := range map[string]uint64{
		"SELECT count() FROM {db}.access_events WHERE accessor_id = 'e-wei-zhao' AND action = 'query' AND purpose_ticket = 'SUP-1' AND purpose_kind = 'support' AND has(subject_ids, 'u-5501') AND rows = 1": 1,
		"SELECT count() FROM {db}.access_events WHERE accessor_id = 'e-wei-zhao' AND has(subject_groups, 'journalist')":                                                                                      1,
		"SELECT count() FROM {db}.access_events WHERE accessor_id = 'e-nobody' AND NOT accessor_known":                                                                                                       1,
		"SELECT count() FROM {db}.dead_letters": 0,
	} {
		if got := f.one(question); got != want {
			t.Errorf("%s: %d, want %d", question, got, want)
		}
	}
	// An accessor that the directory does not know (15), and a protected
	// journalist (3) read by one it knows.
	f.until("SELECT uniqExact(accessor_id) FROM {db}.alerts WHERE accessor_id IN ('e-wei-zhao', 'e-nobody')", 2)
	r.wait(2)
	w.stop(t)
}

// jsonLog reads every line that PostgreSQL has logged.
func jsonLog(t *testing.T, dir string) (lines []*kgo.Record) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no JSON log in %s: %v", dir, err)
	}
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		scanner := bufio.NewScanner(file)
		scanner.Buffer(nil, 1<<20)
		for scanner.Scan() {
			lines = append(lines, &kgo.Record{Value: []byte(strings.TrimSpace(scanner.Text()))})
		}
		if err := scanner.Err(); err != nil {
			t.Fatal(err)
		}
	}
	return lines
}
