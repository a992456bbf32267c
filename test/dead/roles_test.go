package dead

import (
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/watchglass/watchglass/internal/embedded"
	"github.com/watchglass/watchglass/test/engines"
)

// With the grants of deploy/clickhouse, the role of dead letters sees them and
// no rows, and analysts see none.
func TestRoles(t *testing.T) {
	text, err := os.ReadFile("../../deploy/clickhouse/users.xml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Users struct {
			Inner string `xml:",innerxml"`
		} `xml:"users"`
	}
	if err := xml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	server := engines.OwnClickHouse(t, embedded.ClickHouseConfig{Users: file.Users.Inner})
	s := &site{t: t, dir: t.TempDir()}
	if s.program, err = program(); err != nil {
		t.Fatal(err)
	}
	as := func(user string) {
		s.config = filepath.Join(s.dir, user+".yaml")
		text := fmt.Sprintf("clickhouse:\n  addresses: [%s]\n  database: watchglass\n  username: %s\n", server.Native(), user)
		if err := os.WriteFile(s.config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	db, err := clickhouse.Open(&clickhouse.Options{Addr: []string{server.Native()}, Auth: clickhouse.Auth{Username: "default"}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Exec(t.Context(), "CREATE DATABASE IF NOT EXISTS watchglass"); err != nil {
		t.Fatal(err)
	}
	as("watchglass")
	s.command(0, "migrate")
	insert := "INSERT INTO watchglass.dead_letters_stored (reason, detail, source_topic, source_offset, source_time, value, kafka_topic, kafka_time, stored_at) VALUES ('malformed', 'at byte 0', 'in', 7, now64(3), 'x', 'dead', now64(3), now64(3))"
	if err := db.Exec(t.Context(), insert); err != nil {
		t.Fatal(err)
	}
	contains(t, s.command(0, "dead", "list"), "in/0/7", "malformed  1      -         at byte 0")
	as("dead_letter_reader")
	contains(t, s.command(0, "dead", "list"), "in/0/7", "not known")
	contains(t, s.command(0, "dead", "show", "in/0/7"), "mend the producer")
	as("analyst")
	contains(t, s.command(1, "dead", "list"), "needs the role dead_letter_reader")
}
