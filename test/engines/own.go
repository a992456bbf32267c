package engines

import (
	"context"
	"testing"

	"github.com/rs/zerolog"

	"github.com/watchglass/watchglass/internal/embedded"
)

// OwnKafka starts a cluster for this test alone, to be killed and restarted at will.
// It ends with the test.
func OwnKafka(t testing.TB, brokers int) *embedded.Kafka {
	t.Helper()
	return OwnKafkaWith(t, embedded.KafkaConfig{Brokers: brokers})
}

// OwnKafkaWith starts a cluster for this test alone, with the version, listeners
// and properties of cfg (its Jars, Host, Dir and Log are filled in).
func OwnKafkaWith(t testing.TB, cfg embedded.KafkaConfig) *embedded.Kafka {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startWithin)
	defer cancel()
	k, err := startKafka(ctx, t.TempDir(), cfg)
	if err != nil {
		t.Fatalf("a kafka for this test alone: %v", err)
	}
	t.Cleanup(k.Close)
	return k
}

// OwnClickHouse starts a server for this test alone, with the users, profiles and
// memory of cfg (its Library, Host and Log are filled in, and Dir where it is empty). It
// ends with the test.
func OwnClickHouse(t testing.TB, cfg embedded.ClickHouseConfig) *embedded.ClickHouse {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startWithin)
	defer cancel()
	dir := cfg.Dir
	if dir == "" {
		dir = t.TempDir()
	}
	c, err := startClickHouse(ctx, dir, cfg)
	if err != nil {
		t.Fatalf("a clickhouse for this test alone: %v", err)
	}
	t.Cleanup(c.Close)
	return c
}

// Postgres starts a server with pgaudit for this test alone. It ends with the test.
func Postgres(t testing.TB, settings map[string]string) *embedded.Postgres {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startWithin)
	defer cancel()
	_, host, err := locate(ctx)
	if err != nil {
		t.Fatalf("a postgres for this test: %v", err)
	}
	p, err := embedded.StartPostgres(ctx, embedded.PostgresConfig{Host: host, Settings: settings, Log: zerolog.Nop()})
	if err != nil {
		t.Fatalf("a postgres for this test: %v", err)
	}
	t.Cleanup(p.Close)
	return p
}

// CountryDatabase is the path of the free country database (MMDB).
func CountryDatabase(t testing.TB) string {
	t.Helper()
	e, err := embedded.Locate(".")
	if err != nil {
		t.Fatal(err)
	}
	path, err := e.CountryDatabase()
	if err != nil {
		t.Fatal(err)
	}
	return path
}
