package store

import (
	"context"
	"database/sql"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// dedupTime is how long replicated tables remember tokens.
const dedupTime = 24 * time.Hour

// maxSkew is how far the clocks may be apart at start: a quarter of the fence.
const maxSkew = LateBound / 4

// MinVersion is the oldest ClickHouse whose row policies and views hold.
const MinVersion = "26.3.22.6"

// CheckWindows reads back what exactness rests on: the deduplication windows
// and the fence of every table that is inserted into, and the clocks. What is
// too small is a [FatalError] that names the setting.
func (d *DB) CheckWindows(ctx context.Context) error {
	for _, table := range []string{EventsTable, AlertsTable, IncidentsTable, DeliveriesTable, LedgerTable, RunsTable, DeadTable} {
		definition, err := d.definition(ctx, table)
		if err != nil {
			return err
		}
		if err := checkTable(d.cfg.Database+"."+table, definition); err != nil {
			return err
		}
	}
	return d.checkClock(ctx)
}

// checkTable decides on a table's definition, as SHOW CREATE TABLE prints it.
func checkTable(table, definition string) error {
	type window struct {
		setting string
		atLeast int
	}
	windows := []window{{"non_replicated_deduplication_window", DedupWindow}}
	if engine.FindString(definition) != "" {
		windows = []window{
			{"replicated_deduplication_window", DedupWindow},
			{"replicated_deduplication_window_seconds", int(dedupTime.Seconds())},
		}
	}
	for _, w := range windows {
		if got := setting(definition, w.setting); got < w.atLeast {
			return fatalf("table %s: %s is %d, and repeated inserts would be stored twice: "+
				"ALTER TABLE %s MODIFY SETTING %s = %d", table, w.setting, got, table, w.setting, w.atLeast)
		}
	}
	if !strings.Contains(definition, "CONSTRAINT fence CHECK") {
		return fatalf("table %s has no constraint `fence`, and a paused worker could store twice: restore it as schema/migrations has it", table)
	}
	return nil
}

var engine = regexp.MustCompile(`ENGINE = (Shared|Replicated)\w*MergeTree`)

// setting reads a number from the SETTINGS of a table's definition; 0 when it
// is not there, which is the server's default for plain tables.
func setting(definition, name string) int {
	m := regexp.MustCompile(`[ ,]` + name + ` = (\d+)`).FindStringSubmatch(definition)
	if m == nil {
		return 0
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return 0
	}
	return n
}

// checkClock compares the clocks: the fence judges our time by the server's.
func (d *DB) checkClock(ctx context.Context) error {
	var server time.Time
	before := time.Now()
	if err := d.conn.QueryRow(ctx, "SELECT now64(3, 'UTC')").Scan(&server); err != nil {
		return classify("ask clickhouse for the time", err)
	}
	return judgeClock(before, time.Now(), server)
}

// judgeClock decides on the server's time, read between before and after.
func judgeClock(before, after, server time.Time) error {
	var skew time.Duration
	switch {
	case server.Before(before):
		skew = before.Sub(server)
	case server.After(after):
		skew = server.Sub(after)
	}
	if skew > maxSkew {
		return fatalf("the clocks of this host and of clickhouse are %s apart, at most %s is allowed: synchronise them (NTP)", skew.Round(time.Second), maxSkew)
	}
	return nil
}

// CheckVersion refuses a ClickHouse older than [MinVersion].
func (d *DB) CheckVersion(ctx context.Context) error {
	var version string
	if err := d.conn.QueryRow(ctx, "SELECT version()").Scan(&version); err != nil {
		return classify("ask clickhouse for its version", err)
	}
	if older(version, MinVersion) {
		return fatalf("clickhouse %s is too old: %s or later is needed", version, MinVersion)
	}
	return nil
}

// older compares dotted versions by their numbers.
func older(version, than string) bool {
	a, b := strings.Split(version, "."), strings.Split(than, ".")
	for i := range b {
		var x, y int
		if i < len(a) {
			x, _ = strconv.Atoi(a[i])
		}
		y, _ = strconv.Atoi(b[i])
		if x != y {
			return x < y
		}
	}
	return false
}

// definition is a table's CREATE statement, on one line.
func (d *DB) definition(ctx context.Context, table string) (string, error) {
	var definition string
	err := d.conn.QueryRow(exactly(ctx), "SELECT create_table_query FROM system.tables WHERE database = ? AND name = ?",
		d.cfg.Database, table).Scan(&definition)
	if errors.Is(err, sql.ErrNoRows) {
		return "", fatalf("table %s.%s is not there: run `watchglass migrate`", d.cfg.Database, table)
	}
	return definition, classify("read the definition of "+table, err)
}
