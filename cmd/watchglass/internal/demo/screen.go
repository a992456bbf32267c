package demo

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// screen writes lines that stay and, on a terminal, one live line below them
// that is written over. Without a terminal the live line becomes a plain line
// every two seconds.
type screen struct {
	mu       sync.Mutex
	out      io.Writer
	tty      bool
	live     string
	lastLive time.Time
}

const plainEvery = 2 * time.Second

func newScreen(out io.Writer, tty bool) *screen { return &screen{out: out, tty: tty} }

const eraseLine = "\r\x1b[2K"

// line writes a line that stays.
func (s *screen) line(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tty && s.live != "" {
		text = eraseLine + text + "\n" + s.live
	} else {
		text += "\n"
	}
	_, _ = io.WriteString(s.out, text) // a terminal that is gone ends the demo by a signal
}

func (s *screen) linef(format string, args ...any) { s.line(fmt.Sprintf(format, args...)) }

// status writes the live line; "" ends it. Times come from the caller.
func (s *screen) status(text string, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.tty:
		s.live = text
		_, _ = io.WriteString(s.out, eraseLine+text)
	case text != "" && now.Sub(s.lastLive) >= plainEvery:
		s.lastLive = now
		_, _ = io.WriteString(s.out, text+"\n")
	}
}

// Colours, on a terminal only.
const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
)

func (s *screen) paint(colour, text string) string {
	if !s.tty {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

// level pads and colours a rule's level.
func (s *screen) level(level string) string {
	text := fmt.Sprintf("%-8s", level)
	switch level {
	case "critical", "high":
		return s.paint(red, text)
	case "medium":
		return s.paint(yellow, text)
	}
	return text
}

// number writes 1234567 as 1,234,567.
func number[T int | int64 | uint64](n T) string {
	text := fmt.Sprint(n)
	var b strings.Builder
	for i, r := range text {
		if i > 0 && (len(text)-i)%3 == 0 && text[i-1] != '-' {
			b.WriteByte(',')
		}
		b.WriteRune(r)
	}
	return b.String()
}
