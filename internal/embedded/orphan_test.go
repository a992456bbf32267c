package embedded

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// parentVariable makes this test binary the parent that TestNoEngineOutlivesItsParent
// kills.
const parentVariable = "WATCHGLASS_TEST_PARENT_DIR"

// postgresDir begins the line that tells where the parent's PostgreSQL writes.
const postgresDir = "postgres "

// TestNoEngineOutlivesItsParent starts every engine from a process of its own, kills
// that with kill -9, and looks for what is left.
func TestNoEngineOutlivesItsParent(t *testing.T) {
	installed(t)
	dir := t.TempDir()
	parent := exec.Command(os.Args[0], "-test.run=^TestParentOfEngines$", "-test.count=1")
	parent.Env = append(os.Environ(), parentVariable+"="+dir)
	out := must(parent.StdoutPipe())(t)
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	var lines []string
	up := false
	for scanner := bufio.NewScanner(out); !up && scanner.Scan(); {
		lines = append(lines, scanner.Text())
		up = scanner.Text() == "up"
		if made, ok := strings.CutPrefix(scanner.Text(), postgresDir); ok {
			t.Cleanup(func() { _ = os.RemoveAll(made) }) // its maker will be dead
		}
	}
	engines := processesOf(t, dir)
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait() // it was killed
	if !up || len(engines) < 5 {
		t.Fatalf("up %v with processes %v; the parent said %s", up, engines, strings.Join(lines, "\n"))
	}
	t.Logf("before the kill: %d processes", len(engines))
	deadline := time.Now().Add(30 * time.Second)
	for began := time.Now(); ; {
		left := processesOf(t, dir)
		if len(left) == 0 {
			t.Logf("all gone after %v", time.Since(began))
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("still running: %v", left)
		}
		<-time.After(20 * time.Millisecond) // the kernel tells nobody about grandchildren
	}
}

// TestParentOfEngines is not a test of its own: without the variable there is nothing
// for it to be parent of.
func TestParentOfEngines(t *testing.T) {
	dir := os.Getenv(parentVariable)
	if dir == "" {
		return
	}
	e, err := Locate(".")
	if err != nil {
		t.Fatal(err)
	}
	host := e.Dir + "/bin/" + hostName
	library := must(e.ClickHouseLibrary())(t)
	jars := must(e.KafkaJars())(t)
	must(StartClickHouse(soon(t), ClickHouseConfig{Library: library, Host: host, Dir: dir + "/clickhouse", Log: zerolog.Nop()}))(t)
	must(StartKafka(soon(t), KafkaConfig{Jars: jars, Host: host, Dir: dir + "/kafka", Log: zerolog.Nop()}))(t)
	// The server's user could not reach our directory: the marker goes into its arguments.
	p := must(StartPostgres(soon(t), PostgresConfig{Host: host, Settings: map[string]string{"cluster_name": dir}, Log: zerolog.Nop()}))(t)
	fmt.Println(postgresDir + p.cfg.Dir)
	fmt.Println("up")
	select {}
}

// processesOf lists the processes that have marker in their command line. A
// zombie has none, and so is not counted.
func processesOf(t *testing.T, marker string) (found []string) {
	t.Helper()
	entries := must(os.ReadDir("/proc"))(t)
	for _, e := range entries {
		if _, err := strconv.Atoi(e.Name()); err != nil {
			continue
		}
		line, err := os.ReadFile("/proc/" + e.Name() + "/cmdline")
		if err != nil || !strings.Contains(string(line), marker) {
			continue // ended meanwhile, or not one of ours
		}
		found = append(found, e.Name()+" "+strings.ReplaceAll(string(line[:min(len(line), 80)]), "\x00", " "))
	}
	return found
}
