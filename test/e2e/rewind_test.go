package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	countAlerts  = "SELECT count() FROM {db}.alerts"
	countLetters = "SELECT count() FROM {db}.dead_letters WHERE reason = 'skipped_by_operator'"
	countPassed  = "SELECT count() FROM {db}.alerts WHERE rule = 'watchglass.skipped_by_operator'"
)

// TestRewind moves the offsets back and forward, as an operator does.
func TestRewind(t *testing.T) {
	f := newFleet(t, site{policy: singleEvents(t)})
	f.migrate()
	f.createTopic(3)
	rewind := func(args ...string) string {
		t.Helper()
		return f.command(append([]string{"rewind", "--config", f.config, "--topic", f.name}, args...)...)
	}
	w := f.start()
	f.secret(20) // each raises an alert
	f.generate(300, 7)
	f.until(countRows, 320)
	f.until(countAlerts, 20)
	if code, text := f.run("rewind", "--config", f.config, "--topic", f.name, "--to", "first"); code != 1 || !strings.Contains(text, "stop all workers first") {
		t.Errorf("with a worker running: exit code %d and %s", code, text)
	}
	w.stop(t)

	// Back to the start: nothing is stored twice, nobody is alerted twice.
	if text := rewind("--to", "first", "--dry-run"); strings.Contains(text, "done") {
		t.Errorf("--dry-run: %s", text)
	}
	rewind("--to", "first")
	w = f.start()
	f.secret(1)
	f.until(countRows, 321)
	f.until(countAlerts, 21)
	w.stop(t)
	f.exact(321)
	if n := f.ends(f.name+"-alerts", 12); n != 21 {
		t.Errorf("%d alerts were published, want 21: none of them again", n)
	}

	// Back, and alert again: the same ids.
	rewind("--to", "2020-01-01T00:00:00Z", "--alert-again")
	w = f.start()
	for f.ends(f.name+"-alerts", 12) < 42 {
		if t.Context().Err() != nil {
			t.Fatal("the alerts were not published again")
		}
	}
	f.generate(30, 8)
	f.until(countRows, 351)
	w.stop(t)
	f.exact(351)
	if n := f.one(countAlerts); n != 21 {
		t.Errorf("%d alerts have different ids, want 21", n)
	}

	// Forward: what nobody read is a dead letter and an alert.
	f.generate(90, 9)
	if code, text := f.run("rewind", "--config", f.config, "--topic", f.name, "--to", "end"); code != 2 || !strings.Contains(text, "--skip") {
		t.Errorf("forward without --skip: exit code %d and %s", code, text)
	}
	rewind("--to", "end", "--skip")
	f.start()
	f.generate(30, 10)
	f.until(countRows, 381)
	f.until(countLetters, 3) // one for each partition
	f.until(countPassed, 3)
	f.exact(381)
}

// secret writes n events that a rule of the default policy matches.
func (f *fleet) secret(n int) {
	f.t.Helper()
	p := f.producer()
	for i := range n {
		p.send(&kgo.Record{Key: fmt.Append(nil, i), Value: alarming(i)})
	}
	p.flush()
}
