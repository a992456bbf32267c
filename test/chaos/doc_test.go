// Package chaos runs the real program against a real Kafka of three brokers
// and a real ClickHouse, and breaks them at random, many things at a time: see
// docs/guarantees.md. Each schedule comes from a seed that repeats it:
//
//	make chaos                      # 200 schedules of 20 s
//	make chaos ARGS="-seed 17"      # one of them again
//
// `make test` runs a few short ones.
package chaos

import (
	"flag"
	"testing"
	"time"

	"github.com/watchglass/watchglass/test/engines"
)

var (
	schedules = flag.Int("schedules", 3, "how many schedules")
	length    = flag.Duration("length", 12*time.Second, "of a schedule's faults and load")
	rate      = flag.Int("rate", 5000, "events a second, all partitions together")
	// The three short schedules from 370 on have every kind of fault.
	first   = flag.Uint64("first", 370, "seed of the first")
	seed    = flag.Uint64("seed", 0, "run only the schedule of this seed")
	only    = flag.String("only", "", "draw only these kinds of faults, by name, separated by commas")
	verbose = flag.Bool("told", false, "tell of every fault as it happens")
)

func TestMain(m *testing.M) { engines.Main(m) }
