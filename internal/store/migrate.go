package store

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/watchglass/watchglass/schema"
)

// SchemaStatus is what the ledger says about one migration.
type SchemaStatus struct {
	Number  uint32
	Name    string
	Applied bool
}

// Migrate brings the database to the schema of this program: it makes the
// database, applies what the ledger does not have, refuses when the text of an
// applied migration has changed, and sets the retention. It may be repeated,
// also after it was cut off half-way, and it may run while workers do.
//
// Views read with the rights of the user that migrates.
func (d *DB) Migrate(ctx context.Context, r Retention) error {
	if err := d.migrate(ctx, schema.Migrations); err != nil {
		return err
	}
	return d.applyRetention(ctx, r)
}

func (d *DB) migrate(ctx context.Context, files fs.FS) error {
	all, err := readMigrations(files)
	if err != nil {
		return err
	}
	v := variablesFor(d.cfg)
	if err := d.makeDatabase(ctx); err != nil {
		return err
	}
	ledger := "CREATE TABLE IF NOT EXISTS " + v.Database + ".schema_migrations (" +
		"number UInt32 COMMENT 'of the migration', name String COMMENT 'of the migration', checksum String COMMENT 'SHA-256 of its text', " +
		"applied_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'when') ENGINE = " + v.ReplacingMergeTree + " ORDER BY number"
	if err := d.exec(ctx, "make the ledger of migrations", ledger); err != nil {
		return err
	}
	applied, err := d.ledger(ctx)
	if err != nil {
		return err
	}
	for _, m := range all {
		if sum, ok := applied[m.number]; ok {
			if sum != m.checksum {
				return fatalf("migration %04d_%s was applied with another text: restore the released file, or point clickhouse.database at the right database",
					m.number, m.name)
			}
			continue
		}
		if err := d.apply(ctx, m, v); err != nil {
			return err
		}
	}
	return nil
}

// makeDatabase asks first: whoever migrates need not have the right to make one.
func (d *DB) makeDatabase(ctx context.Context) error {
	var there uint64
	if err := d.conn.QueryRow(ctx, "SELECT count() FROM system.databases WHERE name = ?", d.cfg.Database).Scan(&there); err != nil {
		return classify("look for the database", err)
	}
	if there > 0 {
		return nil
	}
	return d.exec(ctx, "make the database", "CREATE DATABASE IF NOT EXISTS "+quote(d.cfg.Database))
}

func (d *DB) apply(ctx context.Context, m migration, v variables) error {
	statements, err := m.statements(v)
	if err != nil {
		return err
	}
	for i, s := range statements {
		if err := d.exec(ctx, fmt.Sprintf("apply migration %04d_%s, statement %d", m.number, m.name, i+1), s); err != nil {
			return err
		}
	}
	return d.exec(ctx, "write the ledger of migrations",
		"INSERT INTO "+d.Name("schema_migrations")+" (number, name, checksum) SETTINGS async_insert = 0 VALUES (?, ?, ?)", m.number, m.name, m.checksum)
}

func (d *DB) exec(ctx context.Context, doing, statement string, args ...any) error {
	return classifyDDL(doing, d.conn.Exec(ctx, statement, args...))
}

// ledger returns the checksums of the applied migrations, by number.
func (d *DB) ledger(ctx context.Context) (map[uint32]string, error) {
	rows, err := d.conn.Query(exactly(ctx), "SELECT number, checksum FROM "+d.Name("schema_migrations"))
	if err != nil {
		return nil, classify("read the ledger of migrations", err)
	}
	defer rows.Close()
	applied := make(map[uint32]string)
	for rows.Next() {
		var (
			number uint32
			sum    string
		)
		if err := rows.Scan(&number, &sum); err != nil {
			return nil, classify("read the ledger of migrations", err)
		}
		applied[number] = sum
	}
	return applied, classify("read the ledger of migrations", rows.Err())
}

// Status lists the migrations of this program and whether they are applied. A
// database without a ledger has none.
func (d *DB) Status(ctx context.Context) ([]SchemaStatus, error) {
	all, err := readMigrations(schema.Migrations)
	if err != nil {
		return nil, err
	}
	applied, err := d.ledger(ctx)
	if code, _, ok := exception(err); ok && (code == codeUnknownTable || code == codeUnknownDatabase) {
		applied, err = nil, nil
	}
	if err != nil {
		return nil, err
	}
	status := make([]SchemaStatus, len(all))
	for i, m := range all {
		_, ok := applied[m.number]
		status[i] = SchemaStatus{m.number, m.name, ok}
	}
	return status, nil
}

// CheckSchema returns a [FatalError] when the schema is older than this
// program. A newer one is tolerated: migrations only add.
func (d *DB) CheckSchema(ctx context.Context) error {
	status, err := d.Status(ctx)
	if err != nil {
		return err
	}
	for _, s := range status {
		if !s.Applied {
			return fatalf("database %s: migration %04d_%s is not applied: run `watchglass migrate`", d.cfg.Database, s.Number, s.Name)
		}
	}
	return nil
}
