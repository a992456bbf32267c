package verify

import (
	"flag"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

var rows = flag.Int("rows", 5_000_000, "rows of the table that TestMemory checks")

// peakMost is the most memory that checking a table of any size may take.
const peakMost = 80 << 20

// TestMemory checks a table of many rows by the ledger, and looks how much
// memory that took. A row in a million is missing: the list of faults is
// bounded too.
func TestMemory(t *testing.T) {
	s := newSite(t, 1)
	// Entries are of 50,000 rows, all of today, as a busy partition's are.
	const each = 50_000
	begun := time.Now()
	for from := 0; from < *rows; from += 1_000_000 {
		s.exec(fmt.Sprintf("INSERT INTO {db}.access_events (time, accessor_id, resource_store, resource_dataset, kafka_topic, kafka_partition, kafka_offset, kafka_time, stored_at) "+
			"SELECT now64(3) - number %% 1000, 'e-1', 'profiles', 'users', {topic}, 0, number, now64(3), now64(3) FROM numbers(%d, %d) WHERE number %% 1000000 != 777777", from, min(1_000_000, *rows-from)))
	}
	s.exec(fmt.Sprintf("INSERT INTO {db}.stored_ranges_stored (source_topic, source_partition, range_from, range_to, rows, days, kafka_topic, kafka_offset, kafka_time, stored_at) "+
		"SELECT {topic}, 0, number * %[1]d, (number + 1) * %[1]d, %[1]d, map(toString(today()), '%[1]d'), 'ledger', number, now64(3), now64(3) FROM numbers(%[2]d)", each, *rows/each))
	t.Logf("%d rows written in %s", *rows, time.Since(begun).Round(time.Second))

	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	begun = time.Now()
	c := exec.CommandContext(t.Context(), path, "verify", "--config", s.config, "--topic", s.name, "--kafka", "no")
	text, err := c.CombinedOutput()
	took := time.Since(begun)
	if c.ProcessState.ExitCode() != 1 || !strings.Contains(string(text), "/0: missing 777777: the ledger counts a row") {
		t.Fatalf("%v:\n%s", err, text)
	}
	if want := fmt.Sprintf("%d offsets are missing", (*rows+222_222)/1_000_000); !strings.Contains(string(text), want) {
		t.Errorf("it does not say %q:\n%s", want, text)
	}
	peak := int(c.ProcessState.SysUsage().(*syscall.Rusage).Maxrss) << 10
	t.Logf("%d rows checked in %s, peak memory %d MiB, %s of CPU", *rows, took.Round(time.Millisecond), peak>>20, (c.ProcessState.UserTime() + c.ProcessState.SystemTime()).Round(time.Millisecond))
	if peak > peakMost {
		t.Errorf("peak memory of %d MiB for %d rows, want at most %d", peak>>20, *rows, peakMost>>20)
	}
}
