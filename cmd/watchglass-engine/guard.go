package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// lastWords is how long a command has after its own stop signal before it is
// killed, when -grace says nothing else.
const lastWords = 10 * time.Second

// run starts the command in this process's group and waits for it. When standard
// input ends, which is also what happens when the parent dies, the command gets
// the stop signal, and after the grace everything in the group is killed, this
// process included. SIGUSR1 kills the command at once. The command never reads our standard input. With as, it runs as
// that user.
func run(command []string, stop syscall.Signal, grace time.Duration, as *syscall.Credential) (int, error) {
	// The kernel sends the child its death signal when the *thread* that started it ends.
	runtime.LockOSThread()
	// These are for our parent, who then ends our input. Caught and dropped rather
	// than ignored: a child inherits what is ignored, and could not be stopped.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	// The parent asks for kill -9 through us, as only we can wait until it is done.
	murder := make(chan os.Signal, 1)
	signal.Notify(murder, syscall.SIGUSR1)

	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Credential: as}
	if err := cmd.Start(); err != nil {
		return 1, fmt.Errorf("start %s: %w", command[0], err)
	}
	go func() {
		waitForHangUp()
		_ = cmd.Process.Signal(stop)
		<-time.After(grace)
		killGroup()
	}()
	go func() {
		<-murder
		_ = cmd.Process.Kill()
	}()
	_ = cmd.Wait() // how it ended is its exit code
	return cmd.ProcessState.ExitCode(), nil
}

// waitForHangUp returns when nobody can write to standard input any more. It reads
// nothing: the engine itself may be reading there.
func waitForHangUp() {
	fds := []unix.PollFd{{Fd: 0}} // POLLHUP and POLLERR are always told
	for {
		if _, err := unix.Poll(fds, -1); err == nil && fds[0].Revents != 0 {
			return
		}
	}
}

// killGroup ends every process of this group at once: this one and its children.
func killGroup() {
	_ = syscall.Kill(-syscall.Getpgrp(), syscall.SIGKILL)
	os.Exit(1)
}
