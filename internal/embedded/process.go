package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// process is one engine under its guard (cmd/watchglass-engine), in a process group
// of its own.
type process struct {
	name    string
	group   int
	killer  syscall.Signal // what kills it: the guard's SIGUSR1 where there is a guard
	logPath string
	life    *os.File      // write end of the guard's standard input: closing it ends the engine
	ended   chan struct{} // closed when the guard has been waited for
	err     error         // how it ended; read after ended
}

// startProcess runs host with args and appends its output to logPath.
func startProcess(name, host string, args []string, env []string, logPath string) (*process, error) {
	log, err := os.OpenFile(logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	defer log.Close()
	r, w, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	defer r.Close()
	cmd := exec.Command(host, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = r, log, log
	cmd.Dir = filepath.Dir(logPath)
	cmd.Env = append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		_ = w.Close()
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	killer := syscall.SIGUSR1
	if args[0] == "clickhouse" { // no guard: the process is the engine
		killer = syscall.SIGKILL
	}
	p := &process{name: name, group: cmd.Process.Pid, killer: killer, logPath: logPath, life: w, ended: make(chan struct{})}
	go func() {
		if p.err = cmd.Wait(); p.err == nil {
			p.err = errors.New("exit status 0")
		}
		close(p.ended)
	}()
	return p, nil
}

// ready asks until ask succeeds, and gives up when the process ends or ctx does.
func (p *process) ready(ctx context.Context, ask func(context.Context) error) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	var last error
	for {
		select {
		case <-p.ended:
			return fmt.Errorf("start %s: it ended (%w); its log %s ends with:\n%s", p.name, p.err, p.logPath, tail(p.logPath))
		case <-ctx.Done():
			return fmt.Errorf("start %s: %w; last answer: %w; its log %s ends with:\n%s", p.name, ctx.Err(), last, p.logPath, tail(p.logPath))
		case <-tick.C:
		}
		once, cancel := context.WithTimeout(ctx, 2*time.Second)
		last = ask(once)
		cancel()
		if last == nil {
			return nil
		}
	}
}

// stop asks for an orderly end and waits for it: the guard kills what takes too long.
func (p *process) stop() {
	_ = p.life.Close() // a second close is harmless
	<-p.ended
}

// kill is kill -9, and waits until the engine and its sockets are gone.
func (p *process) kill() {
	select {
	case <-p.ended: // its number may belong to somebody else by now
	default:
		_ = syscall.Kill(p.group, p.killer)
	}
	p.stop()
}

// errPortTaken is why a start is tried again with other ports.
var errPortTaken = errors.New("port taken")

// portTaken tells from an engine's log whether its port was taken between the pick
// and the bind.
func portTaken(logPath string) bool {
	log := strings.ToLower(tail(logPath))
	return strings.Contains(log, "address already in use")
}

// tail is the last lines of a log, at most 4 KiB.
func tail(path string) string {
	const most = 4 << 10
	b, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	if len(b) > most {
		b = b[len(b)-most:]
	}
	return strings.TrimSpace(string(b))
}
