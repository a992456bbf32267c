package fleet

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/watchglass/watchglass/test/engines"
)

// folder is where the product is built, once for all tests of a binary.
var folder = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "watchglass-test-") })

var built = sync.OnceValues(func() (string, error) {
	dir, err := folder()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "watchglass")
	build := exec.Command("go", "build", "-o", path, "github.com/watchglass/watchglass/cmd/watchglass")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the program: %w\n%s", err, text)
	}
	return path, nil
})

// Main is [engines.Main] for tests that use a fleet.
func Main(m *testing.M) {
	engines.Main(m, func() {
		if dir, err := folder(); err == nil {
			_ = os.RemoveAll(dir)
		}
	})
}

// Program is the path of the program.
func Program(t testing.TB) string {
	t.Helper()
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Run runs a subcommand to its end and returns its exit code and what it
// printed, on both streams. It goes by the installation's configuration, unless
// the arguments name another.
func (f *Fleet) Run(args ...string) (code int, text string) {
	f.T.Helper()
	if !slices.Contains(args, "--config") {
		args = append(args, "--config", f.Config)
	}
	c := exec.CommandContext(f.T.Context(), Program(f.T), args...)
	out, err := c.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		f.T.Fatal(err)
	}
	return c.ProcessState.ExitCode(), string(out)
}

// Command is Run where nothing may go wrong.
func (f *Fleet) Command(args ...string) (text string) {
	f.T.Helper()
	code, text := f.Run(args...)
	if code != 0 {
		f.T.Fatalf("watchglass %s: exit code %d\n%s", strings.Join(args, " "), code, text)
	}
	return text
}

// Migrate makes the database.
func (f *Fleet) Migrate() { f.T.Helper(); f.Command("migrate") }
