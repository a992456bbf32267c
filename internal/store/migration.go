package store

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"
)

// migration is one numbered file. Its checksum is that of its text, before
// the template is filled in: engine and database may differ between hosts.
type migration struct {
	number   uint32
	name     string
	text     string
	checksum string
}

var fileName = regexp.MustCompile(`^([0-9]{4})_([a-z0-9_]+)\.sql$`)

// readMigrations reads all files, ascending; numbers are 1, 2, 3 …
func readMigrations(files fs.FS) ([]migration, error) {
	paths, err := fs.Glob(files, "migrations/*")
	if err != nil {
		return nil, err
	}
	slices.Sort(paths)
	all := make([]migration, 0, len(paths))
	for i, p := range paths {
		m := fileName.FindStringSubmatch(path.Base(p))
		if m == nil {
			return nil, fmt.Errorf("read migrations: %s is not named NNNN_name.sql", p)
		}
		number, err := strconv.ParseUint(m[1], 10, 32)
		if err != nil || number != uint64(i)+1 {
			return nil, fmt.Errorf("read migrations: %s should have number %04d", p, i+1)
		}
		text, err := fs.ReadFile(files, p)
		if err != nil {
			return nil, fmt.Errorf("read migrations: %w", err)
		}
		sum := sha256.Sum256(text)
		all = append(all, migration{uint32(number), m[2], string(text), hex.EncodeToString(sum[:])})
	}
	return all, nil
}

// variables are what a migration's template may use.
type variables struct {
	Database           string // quoted
	MergeTree          string
	ReplacingMergeTree string
	Settings           string // deduplication windows, and fsync where nobody else holds the data
}

func variablesFor(cfg Config) variables {
	v := variables{
		Database: quote(cfg.Database), MergeTree: "MergeTree", ReplacingMergeTree: "ReplacingMergeTree",
		Settings: fmt.Sprintf("non_replicated_deduplication_window = %d, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, "+
			"deduplicate_merge_projection_mode = 'rebuild'", DedupWindow),
	}
	if cfg.Engine == Replicated {
		v.MergeTree, v.ReplacingMergeTree = "ReplicatedMergeTree", "ReplicatedReplacingMergeTree"
		v.Settings = fmt.Sprintf("replicated_deduplication_window = %d, replicated_deduplication_window_seconds = %d, "+
			"deduplicate_merge_projection_mode = 'rebuild'", DedupWindow, int(dedupTime.Seconds()))
	}
	return v
}

// statements fills in the template and cuts the text at semicolons that end a
// line. Comments stay: ClickHouse shows them in its logs.
func (m migration) statements(v variables) ([]string, error) {
	t, err := template.New(m.name).Option("missingkey=error").Parse(m.text)
	if err != nil {
		return nil, fmt.Errorf("migration %04d_%s: %w", m.number, m.name, err)
	}
	var b strings.Builder
	if err := t.Execute(&b, v); err != nil {
		return nil, fmt.Errorf("migration %04d_%s: %w", m.number, m.name, err)
	}
	var all []string
	for _, s := range strings.Split(b.String(), ";\n") {
		if s = strings.TrimSpace(s); s != "" {
			all = append(all, s)
		}
	}
	return all, nil
}
