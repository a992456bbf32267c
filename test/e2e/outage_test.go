package e2e

import (
	"testing"

	"github.com/watchglass/watchglass/internal/embedded"
	"github.com/watchglass/watchglass/test/engines"
)

// TestClickHouseGoesAway kills the server while rows are on their way, and
// once more before the workers start anew.
func TestClickHouseGoesAway(t *testing.T) {
	server := engines.OwnClickHouse(t, embedded.ClickHouseConfig{})
	f := newFleet(t, site{native: server.Native()})
	f.migrate()
	f.createTopic(12)
	total := uint64(*events)
	w := f.start()
	f.generate(*events/2, 7)
	f.until(countRows, total/8)
	server.Kill()
	f.generate(*events/2, 8)
	if err := server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.until(countRows, total)
	f.exact(total)
	w.stop(t)

	// Not there at start: the process waits, and goes on when it is.
	server.Kill()
	w = f.start()
	f.generate(1000, 9)
	if err := server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.until(countRows, total+1000)
	f.exact(total + 1000)
	w.stop(t)
}
