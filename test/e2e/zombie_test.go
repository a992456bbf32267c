package e2e

import (
	"flag"
	"fmt"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

var zombies = flag.Int("zombies", 3, "workers paused for longer than their session")

// TestZombies pauses workers in the middle of their inserts, for longer than
// their session, and wakes them when others have their share.
func TestZombies(t *testing.T) {
	f := newFleet(t, site{kafka: "session_timeout: 1s\nheartbeat_interval: 300ms", extra: "access: {max_block_age: 200ms, inserts_per_second: 50}"})
	f.migrate()
	f.createTopic(6)
	workers := []*worker{f.start(), f.start()}
	f.untilMembers(2)
	each := *events / 8
	want := uint64(0)
	for i := range *zombies {
		load := f.load(each, i)
		f.until(countRows, want+uint64(each)/4) // in the middle of the work
		paused := workers[i%2]
		if err := paused.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		f.untilMembers(1)
		if err := <-load; err != nil {
			t.Fatal(err)
		}
		want += uint64(each)
		f.until(countRows, want)
		if err := paused.cmd.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		f.untilMembers(2)
	}
	began := time.Now()
	for _, w := range workers {
		w.stop(t)
	}
	f.exact(want)
	code, text := f.run("verify", "--config", f.config)
	if code != 0 {
		t.Errorf("verify: %s", text)
	}
	t.Logf("%d workers paused for longer than their session: %d rows, stopped in %s", *zombies, want, time.Since(began).Round(time.Millisecond))
}

// load sends ordinary events in the background.
func (f *fleet) load(count, seed int) <-chan error {
	f.t.Helper()
	path, err := program()
	if err != nil {
		f.t.Fatal(err)
	}
	done := make(chan error, 1)
	generate := exec.CommandContext(f.t.Context(), path, "generate", "--seed", fmt.Sprint(seed), "--count", fmt.Sprint(count), "--brokers", f.brokers[0], "--topic", f.name)
	go func() { done <- generate.Run() }()
	return done
}
