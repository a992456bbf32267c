package store

import (
	"context"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// DB asks and migrates. It is safe for concurrent use.
type DB struct {
	cfg  Config
	conn driver.Conn
}

// Open is [New], and checks that ClickHouse answers with this user and password.
// The database need not exist yet: only Migrate may be called then.
func Open(ctx context.Context, cfg Config) (*DB, error) {
	d, err := New(cfg)
	if err != nil {
		return nil, err
	}
	if err := d.Ping(ctx); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// New checks the configuration; it connects to nothing. The caller closes the DB.
func New(cfg Config) (*DB, error) {
	if err := cfg.Validate(); err != nil {
		return nil, &FatalError{Advice: err.Error()}
	}
	conn, err := clickhouse.Open(&clickhouse.Options{
		Addr:         cfg.Addr,
		Auth:         clickhouse.Auth{Username: cfg.User, Password: cfg.Password}, // every statement names its database
		TLS:          cfg.TLS,
		DialTimeout:  cfg.DialTimeout,
		Compression:  &clickhouse.Compression{Method: clickhouse.CompressionLZ4},
		ClientInfo:   clickhouse.ClientInfo{Products: []struct{ Name, Version string }{{Name: "watchglass"}}},
		MaxOpenConns: 4,
		MaxIdleConns: 2,
	})
	if err != nil {
		return nil, classify("open clickhouse", err)
	}
	return &DB{cfg: cfg, conn: conn}, nil
}

// Ping asks whether ClickHouse answers.
func (d *DB) Ping(ctx context.Context) error { return classify("ask clickhouse", d.conn.Ping(ctx)) }

// Close ends all connections.
func (d *DB) Close() error { return d.conn.Close() }

// Conn is the connection itself, for queries that no method covers. Statements
// must name the database: see [DB.Name].
func (d *DB) Conn() driver.Conn { return d.conn }

// Name is `database`.`table`, quoted.
func (d *DB) Name(table string) string { return quote(d.cfg.Database) + "." + quote(table) }
