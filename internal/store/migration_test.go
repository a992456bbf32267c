package store

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/watchglass/watchglass/schema"
)

func TestReadMigrations(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	for name, c := range map[string]struct {
		files fstest.MapFS
		want  string
	}{
		"good":        {fstest.MapFS{"migrations/0001_a.sql": file("x"), "migrations/0002_b.sql": file("y")}, ""},
		"gap":         {fstest.MapFS{"migrations/0001_a.sql": file("x"), "migrations/0003_b.sql": file("y")}, "number 0002"},
		"same number": {fstest.MapFS{"migrations/0001_a.sql": file("x"), "migrations/0001_b.sql": file("y")}, "number 0002"},
		"bad name":    {fstest.MapFS{"migrations/1-a.sql": file("x")}, "NNNN_name.sql"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readMigrations(c.files)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// Both engines fill in every template; statements may be repeated and only add.
func TestMigrationsOnlyAdd(t *testing.T) {
	all, err := readMigrations(schema.Migrations)
	if err != nil {
		t.Fatal(err)
	}
	for _, engine := range []Engine{Plain, Replicated} {
		for _, m := range all {
			statements, err := m.statements(variablesFor(Config{Database: "d", Engine: engine}))
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range statements {
				if !repeatable(s) {
					t.Errorf("%04d_%s: cannot be repeated, or does not only add: %.60s", m.number, m.name, s)
				}
				if engine == Replicated && strings.Contains(s, "CREATE TABLE") && !strings.Contains(s, "ENGINE = Replicated") {
					t.Errorf("%04d_%s: a table is not replicated: %.60s", m.number, m.name, s)
				}
			}
		}
	}
}

func repeatable(statement string) bool {
	lines := strings.Split(statement, "\n")
	for len(lines) > 0 && (strings.HasPrefix(lines[0], "--") || strings.TrimSpace(lines[0]) == "") {
		lines = lines[1:]
	}
	text := strings.Join(lines, "\n")
	for _, allowed := range []string{"CREATE TABLE IF NOT EXISTS ", "CREATE OR REPLACE VIEW ", "ALTER TABLE "} {
		if strings.HasPrefix(text, allowed) {
			return !strings.HasPrefix(text, "ALTER TABLE ") || strings.Contains(text, " ADD ") && strings.Contains(text, " IF NOT EXISTS ")
		}
	}
	return false
}

func TestEventsTTL(t *testing.T) {
	r := Retention{EventsDays: 400, CategoryDays: map[string]int{"keystroke": 30, "it's": 60}}
	want := `toDateTime(time) + toIntervalDay(60) DELETE WHERE has(data_categories, 'it\'s'), ` +
		`toDateTime(time) + toIntervalDay(30) DELETE WHERE has(data_categories, 'keystroke'), ` +
		`toDateTime(time) + toIntervalDay(400) DELETE WHERE empty(data_categories) OR NOT hasAll(['it\'s', 'keystroke'], data_categories)`
	if got := r.eventsTTL(); got != want {
		t.Errorf("got %s", got)
	}
}
