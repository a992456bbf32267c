package rules

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/watchglass/watchglass/internal/store"
)

// built is the product, built once for all tests of the package.
var built struct {
	once sync.Once
	dir  string
	err  error
}

func build() (string, error) {
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "watchglass-rules-"); built.err != nil {
			return
		}
		c := exec.Command("go", "build", "-o", built.dir, "github.com/watchglass/watchglass/cmd/watchglass")
		c.Env = append(os.Environ(), "CGO_ENABLED=0")
		if text, err := c.CombinedOutput(); err != nil {
			built.err = fmt.Errorf("build the program: %w\n%s", err, text)
		}
	})
	return filepath.Join(built.dir, "watchglass"), built.err
}

func removeProgram() { _ = os.RemoveAll(built.dir) }

// program is the product with a configuration and rules of its own.
type program struct{ path, config, rules string }

func newProgram(t *testing.T, cfg store.Config, rules ...string) program {
	t.Helper()
	dir := t.TempDir()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	p := program{path, filepath.Join(dir, "watchglass.yaml"), filepath.Join(dir, "rules")}
	if err := os.Mkdir(p.rules, 0o700); err != nil {
		t.Fatal(err)
	}
	for i, text := range rules {
		if err := os.WriteFile(filepath.Join(p.rules, fmt.Sprintf("%d.yml", i)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text := fmt.Sprintf("clickhouse: {addresses: [%q], database: %s}\n", cfg.Addr[0], cfg.Database)
	if err := os.WriteFile(p.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// run runs `watchglass rules` and demands an exit code; it returns what was
// printed, with errors if there was to be one.
func (p program) run(t *testing.T, code int, args ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), p.path, append(append([]string{"rules"}, args...), "--config", p.config, "--rules", p.rules)...)
	var out, wrong bytes.Buffer
	c.Stdout, c.Stderr = &out, &wrong
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if got := c.ProcessState.ExitCode(); got != code {
		t.Fatalf("rules %v exits with %d, want %d: %s", args, got, code, wrong.String())
	}
	if code != 0 {
		return out.String() + wrong.String()
	}
	return out.String()
}
