// Package dead proves the work with dead letters on a real Kafka, a real
// ClickHouse and the real program: what `watchglass dead` shows, and that a
// letter which is replayed any number of times is stored once.
package dead

import (
	"testing"

	"github.com/watchglass/watchglass/test/engines"
)

func TestMain(m *testing.M) { engines.Main(m) }
