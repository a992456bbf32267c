package main

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/watchglass/watchglass/internal/embedded"
)

// demoProcess prepares `watchglass demo` as `make demo` runs it, with a folder
// of its own for temporary files.
func demoProcess(t *testing.T, args ...string) (command *exec.Cmd, temporary string) {
	t.Helper()
	engines, err := embedded.Locate(".")
	if err != nil {
		t.Fatal(err)
	}
	host, err := engines.BuildHost(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "watchglass")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v: %s", err, out)
	}
	if err := os.Symlink(host, filepath.Join(dir, "watchglass-engine")); err != nil {
		t.Fatal(err)
	}
	temporary = filepath.Join(dir, "tmp")
	if err := os.Mkdir(temporary, 0o700); err != nil {
		t.Fatal(err)
	}
	command = exec.CommandContext(t.Context(), program, append([]string{"demo"}, args...)...)
	command.Env = append(os.Environ(), "TMPDIR="+temporary)
	return command, temporary
}

// nothingLeft fails when files or processes of the demo are still there.
func nothingLeft(t *testing.T, temporary string) {
	t.Helper()
	if files, err := os.ReadDir(temporary); err != nil || len(files) > 0 {
		t.Errorf("left behind: %v, %v", files, err)
	}
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil || len(lines) == 0 {
		t.Fatalf("list processes: %d, %v", len(lines), err)
	}
	for _, path := range lines {
		line, err := os.ReadFile(path)
		if err == nil && bytes.Contains(line, []byte(temporary)) { // a process that has just ended cannot be read
			t.Errorf("still running: %s", bytes.ReplaceAll(line, []byte{0}, []byte{' '}))
		}
	}
}

func TestDemoTellsItsStoryAndEndsByItself(t *testing.T) {
	command, temporary := demoProcess(t, "--count", "30000", "--rate", "5000")
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		"30,000 stored; 30,000 distinct", ": 0 lost, 0 twice; 0 dead letters", "28 of 28 expected delivered exactly once; 0 unexpected",
		"Question 4", "All as it should be",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the demo does not say %q:\n%s", want, out)
		}
	}
	nothingLeft(t, temporary)
}

func TestDemoInterruptedLeavesNothing(t *testing.T) {
	for name, moment := range map[string]string{"at the start": "started Kafka", "in the middle": "notified"} {
		command, temporary := demoProcess(t, "--count", "500000", "--rate", "5000")
		pipe, err := command.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(pipe)
		for lines.Scan() && !strings.HasPrefix(lines.Text(), moment) {
		}
		if err := command.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, pipe)
		if err := command.Wait(); command.ProcessState.ExitCode() != exitFailed {
			t.Errorf("%s: ended with %v, want exit code %d", name, err, exitFailed)
		}
		nothingLeft(t, temporary)
	}
}
