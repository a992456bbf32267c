package schema

import "embed"

// Migrations holds the ClickHouse migrations, `migrations/NNNN_name.sql`: text
// templates of statements that end in a semicolon at the end of a line. Every
// statement may be repeated, and only adds: a worker of the version before
// goes on working. A file that has been released never changes; internal/store
// applies them and keeps the ledger.
//
//go:embed migrations/*.sql
var Migrations embed.FS
