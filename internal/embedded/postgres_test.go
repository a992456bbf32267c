package embedded

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"
)

func TestPostgresWritesItsAuditLogAsJSON(t *testing.T) {
	defer goleak.VerifyNone(t)
	_, host := installed(t)
	began := time.Now()
	p := must(StartPostgres(soon(t), PostgresConfig{
		Host: host, Settings: map[string]string{"pgaudit.log": "read"}, Log: zerolog.Nop(),
	}))(t)
	t.Logf("up after %v", time.Since(began))
	dir := filepath.Dir(p.LogDir())
	for _, sql := range []string{"CREATE ROLE ana LOGIN", "CREATE TABLE t (a int)", "GRANT SELECT ON t TO ana"} {
		if _, err := p.SQL(soon(t), "postgres", "postgres", sql); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.SQL(soon(t), "ana", "postgres", "SELECT a FROM t"); err != nil {
		t.Fatal(err)
	}
	var line struct{ User, Message string }
	log, err := os.ReadFile(filepath.Join(p.LogDir(), "postgresql.json"))
	if err != nil {
		t.Fatal(err)
	}
	for text := range strings.Lines(string(log)) {
		var l struct{ User, Message string }
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if strings.HasPrefix(l.Message, "AUDIT: ") && l.User == "ana" {
			line = l
		}
	}
	if !strings.Contains(line.Message, "SELECT a FROM t") {
		t.Errorf("no audit line of ana's read in:\n%s", log)
	}
	p.Close()
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("%s is still there after Close: %v", dir, err)
	}
}
