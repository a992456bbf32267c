// Package telemetry is what operators see of a process: logs, health, metrics
// and profiles.
//
// [NewLogger] makes the one logger that is handed to every part. [Ready] is a
// list of named conditions that the parts report on; [Server] shows them at
// /readyz, beside /livez, /metrics and, if wanted, /debug/pprof/. Metrics live
// on the registry that is passed in. Nothing here is global.
package telemetry

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/term"
)

// LogConfig is how much is logged, and how it looks.
type LogConfig struct {
	Level  string // trace, debug, info, warn, error
	Format string // json, text, or auto: text on a terminal
}

// NewLogger writes to w: lines of JSON, or of readable text. Text is coloured
// only when w is a terminal and NO_COLOR is not set.
func NewLogger(cfg LogConfig, w io.Writer) (zerolog.Logger, error) {
	level, err := zerolog.ParseLevel(cfg.Level)
	if err != nil || cfg.Level == "" {
		return zerolog.Nop(), fmt.Errorf("log level %q: it is one of trace, debug, info, warn, error", cfg.Level)
	}
	switch cfg.Format {
	case "json":
	case "text":
		w = console(w)
	case "auto":
		if IsTerminal(w) {
			w = console(w)
		}
	default:
		return zerolog.Nop(), fmt.Errorf("log format %q: it is one of auto, json, text", cfg.Format)
	}
	return zerolog.New(w).Level(level).With().Timestamp().Logger(), nil
}

func console(w io.Writer) io.Writer {
	return zerolog.ConsoleWriter{
		Out: w, TimeFormat: time.TimeOnly,
		NoColor: !IsTerminal(w) || os.Getenv("NO_COLOR") != "",
	}
}

// IsTerminal tells whether w is a terminal.
func IsTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}
