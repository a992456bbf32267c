package fleet

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Worker is one process of the fleet, `watchglass run`.
type Worker struct {
	Done chan struct{} // closed when it has ended, however

	cmd *exec.Cmd
	log *os.File
}

// Patience is how long a test waits for what has to happen: far longer than it
// takes on a busy machine, so that a test that hangs says where.
const Patience = 2 * time.Minute

// Start runs a worker, with further arguments.
func (f *Fleet) Start(args ...string) *Worker {
	f.T.Helper()
	log, err := os.CreateTemp(f.T.TempDir(), "worker-")
	if err != nil {
		f.T.Fatal(err)
	}
	w := &Worker{
		cmd: exec.Command(Program(f.T), append([]string{"run", "--config", f.Config}, args...)...),
		log: log, Done: make(chan struct{}),
	}
	w.cmd.Stdout, w.cmd.Stderr = log, log
	w.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := w.cmd.Start(); err != nil {
		f.T.Fatal(err)
	}
	go func() { _ = w.cmd.Wait(); close(w.Done) }()
	f.workers = append(f.workers, w)
	t := f.T
	t.Cleanup(func() {
		w.Kill() // of a subtest, before its folder is removed
		if t.Failed() {
			text := w.Log()
			t.Logf("worker %d:\n%s", w.PID(), text[max(0, len(text)-6000):])
		}
		_ = log.Close()
	})
	return w
}

// Work runs a worker with one of its consumers until it is in the group and done
// is true, and ends it in an orderly way.
func (f *Fleet) Work(only string, done func() bool) {
	f.T.Helper()
	w := f.Start("--only", only)
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	enough := time.After(Patience)
	for !strings.Contains(w.Log(), `"message":"joined"`) || !done() {
		select {
		case <-w.Done:
			f.T.Fatal("the worker has ended by itself")
		case <-enough:
			f.T.Fatalf("the worker is not done after %s", Patience)
		case <-poll.C:
		}
	}
	w.Stop(f.T)
}

// PID is the process's id.
func (w *Worker) PID() int { return w.cmd.Process.Pid }

// Signal sends one.
func (w *Worker) Signal(s os.Signal) error { return w.cmd.Process.Signal(s) }

// Kill is kill -9.
func (w *Worker) Kill() {
	_ = w.cmd.Process.Kill()
	<-w.Done
}

// Stop asks the process to end and waits until it has.
func (w *Worker) Stop(t testing.TB) {
	t.Helper()
	if err := w.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-w.Done
	if code := w.Code(); code != 0 {
		t.Errorf("worker ended with %d, want 0", code)
	}
}

// Alive tells whether the process has not ended.
func (w *Worker) Alive() bool {
	select {
	case <-w.Done:
		return false
	default:
		return true
	}
}

// Code is the exit code of a process that has ended.
func (w *Worker) Code() int { return w.cmd.ProcessState.ExitCode() }

// CPU is what a process that has ended has used.
func (w *Worker) CPU() time.Duration {
	return w.cmd.ProcessState.UserTime() + w.cmd.ProcessState.SystemTime()
}

// Log is what the process has said so far.
func (w *Worker) Log() string {
	text, _ := os.ReadFile(w.log.Name())
	return string(text)
}

var peak = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// PeakBytes is the most memory that a running process has had resident.
func (w *Worker) PeakBytes(t testing.TB) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", w.PID()))
	if err != nil {
		t.Fatal(err)
	}
	found := peak.FindSubmatch(text)
	if found == nil {
		t.Fatal("no VmHWM")
	}
	var kb int
	_, _ = fmt.Sscan(string(found[1]), &kb)
	return kb << 10
}
