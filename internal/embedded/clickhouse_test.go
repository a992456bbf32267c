package embedded

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"
)

const analyst = `<ana>
  <password>correct</password>
  <networks><ip>127.0.0.1</ip></networks>
  <profile>readers</profile>
  <quota>default</quota>
  <grants><query>GRANT SELECT ON d.open</query></grants>
  <databases><d><open><filter>a &gt; 7</filter></open></d></databases>
</ana>`

func startClickHouse(t *testing.T) *ClickHouse {
	t.Helper()
	e, host := installed(t)
	library := must(e.ClickHouseLibrary())(t)
	c := must(StartClickHouse(soon(t), ClickHouseConfig{
		Library: library, Host: host, Dir: t.TempDir(),
		Users: analyst, Profiles: `<readers><readonly>2</readonly></readers>`, Log: zerolog.Nop(),
	}))(t)
	t.Cleanup(c.Close)
	return c
}

// ask runs one statement over the native protocol and returns the first value of its
// answer, if there is one.
func ask(ctx context.Context, c *ClickHouse, user, password, sql string) (uint64, error) {
	conn, err := clickhouse.Open(&clickhouse.Options{
		Addr: []string{c.Native()}, Auth: clickhouse.Auth{Username: user, Password: password},
	})
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	if !strings.HasPrefix(sql, "SELECT") {
		return 0, conn.Exec(ctx, sql)
	}
	var n uint64
	err = conn.QueryRow(ctx, sql).Scan(&n)
	return n, err
}

func TestClickHouse(t *testing.T) {
	defer goleak.VerifyNone(t)
	t.Run("server", func(t *testing.T) {
		began := time.Now()
		c := startClickHouse(t)
		t.Logf("up after %v", time.Since(began))
		ctx := soon(t)
		for _, sql := range []string{
			"CREATE DATABASE d",
			"CREATE TABLE d.open (a UInt64) ENGINE = MergeTree ORDER BY a SETTINGS non_replicated_deduplication_window = 100",
			"CREATE TABLE d.closed (a UInt64) ENGINE = MergeTree ORDER BY a",
			"INSERT INTO d.open SELECT number FROM numbers(10)",
		} {
			if _, err := ask(ctx, c, "default", "", sql); err != nil {
				t.Fatalf("%s: %v", sql, err)
			}
		}
		t.Run("enforces users, grants, row policies and profiles", func(t *testing.T) {
			count := func(user, password, sql string) (uint64, error) { return ask(ctx, c, user, password, sql) }
			if n, err := count("ana", "correct", "SELECT count() FROM d.open"); err != nil || n != 2 {
				t.Errorf("ana sees %d rows, %v; want the 2 that her row policy lets through", n, err)
			}
			for name, try := range map[string][3]string{
				"wrong password":      {"ana", "wrong", "SELECT 1"},
				"unknown user":        {"bob", "", "SELECT 1"},
				"table without grant": {"ana", "correct", "SELECT count() FROM d.closed"},
				"write":               {"ana", "correct", "INSERT INTO d.open SELECT 1"},
			} {
				if _, err := count(try[0], try[1], try[2]); err == nil {
					t.Errorf("%s: was let through", name)
				}
			}
		})
		for name, end := range map[string]func(){"kill": c.Kill, "close": c.Close} {
			t.Run("keeps its data and ports after "+name, func(t *testing.T) {
				addr := c.Native()
				end()
				if _, err := ask(ctx, c, "default", "", "SELECT 1"); err == nil {
					t.Fatal("still answers after its end")
				}
				if err := c.Start(ctx); err != nil {
					t.Fatal(err)
				}
				if n, err := ask(ctx, c, "default", "", "SELECT count() FROM d.open"); err != nil || n != 10 || c.Native() != addr {
					t.Errorf("%d rows at %s, %v; want 10 at %s", n, c.Native(), err, addr)
				}
			})
		}
	})
}

func TestClickHouseThatCannotStartSaysWhy(t *testing.T) {
	e, host := installed(t)
	_, err := StartClickHouse(soon(t), ClickHouseConfig{
		Library: must(e.ClickHouseLibrary())(t), Host: host, Dir: t.TempDir(), Server: "<unclosed>", Log: zerolog.Nop(),
	})
	if err == nil || !strings.Contains(err.Error(), "config.xml") {
		t.Errorf("got %v, want an error that names the configuration", err)
	}
}

func TestMissingEngineNamesTheCommand(t *testing.T) {
	e := Engines{Dir: t.TempDir()}
	for name, find := range map[string]func() (string, error){
		"deploy/engines/install.sh clickhouse": e.ClickHouseLibrary,
		"deploy/engines/install.sh kafka":      e.KafkaJars,
		"deploy/engines/install.sh geo":        e.CountryDatabase,
	} {
		if _, err := find(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want an error with %q", err, name)
		}
	}
	// A folder without its stamp is a download that was cut off.
	if err := os.MkdirAll(e.Dir+"/kafka", 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := e.KafkaJars(); err == nil {
		t.Error("a folder without a stamp was taken for an engine")
	}
}
