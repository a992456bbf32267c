// Package demo shows Watchglass at work on one machine: a Kafka imitated in
// this process, a real ClickHouse beside it, the default policy, all
// consumers, a receiver of notifications, and a generator with a story.
//
// [Run] starts one after the other (stage.go), lets the generator play while
// notifications arrive (play.go, receiver.go), and then asks ClickHouse
// whether everything is there once (summary.go, questions.go). Everything it
// starts ends with it, and its files are in one temporary folder.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/rs/zerolog"

	"github.com/watchglass/watchglass/internal/embedded"
)

// Options say how the demo is run.
type Options struct {
	Out   io.Writer
	TTY   bool // a live line that is written over, and colours
	Keep  bool // stay up at the end, until ctx ends
	Count int  // events, the planted ones included
	// Rate is events per second; 0 is DefaultRate.
	Rate    float64
	Seed    uint64
	Engines embedded.Engines
	Host    string // path of the binary watchglass-engine
	Log     zerolog.Logger
	// Workers runs all consumers on the configuration file at path, until ctx
	// ends or one fails for good, and returns when all have ended.
	Workers func(ctx context.Context, path string) error
}

// Defaults of the demo, for two cores: together well below a minute.
const (
	DefaultCount = 500_000
	DefaultRate  = 20_000

	startTimeout  = 30 * time.Second // for the workers to be ready
	finishTimeout = 30 * time.Second // for the last rows and notifications
)

// errInterrupted is what Run returns when ctx ends before all was shown.
var errInterrupted = errors.New("demo: interrupted; nothing was left running")

// Run plays the demo. It returns nil when everything was as it should be, and
// an error that says what was not, or that ctx ended before all was shown.
func Run(ctx context.Context, o Options) error {
	err := run(ctx, o)
	if errors.Is(err, context.Canceled) {
		return errInterrupted
	}
	return err
}

func run(ctx context.Context, o Options) (err error) {
	if o.Rate == 0 {
		o.Rate = DefaultRate
	}
	if o.Count == 0 {
		o.Count = DefaultCount
	}
	s := newScreen(o.Out, o.TTY)
	dir, err := os.MkdirTemp("", "watchglass-demo-")
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	began := time.Now()
	st := &stage{options: o, screen: s, dir: dir}
	defer func() { err = errors.Join(err, st.close()) }()
	if err := st.open(ctx); err != nil {
		return err
	}
	s.line("")
	result, err := st.play(ctx)
	if err != nil {
		return err
	}
	verdict, err := st.summary(ctx, result)
	if err != nil {
		return err
	}
	if err := st.questions(ctx, result.began); err != nil {
		return err
	}
	s.line("")
	s.linef("%s after %.0f s.", verdict.text(s), time.Since(began).Seconds())
	if o.Keep {
		st.showHowToConnect()
		select {
		case <-ctx.Done():
		case err := <-st.workers: // they should not end by themselves
			st.workers <- err
			return fmt.Errorf("demo: the workers ended: %w", err)
		}
	}
	return verdict.err()
}
