// Command watchglass-engine runs an engine (ClickHouse, Kafka, PostgreSQL) as a
// child process of the demo or of a test. It belongs to no deployment.
//
//	watchglass-engine clickhouse LIBRARY ARGUMENT...   ClickHouse, from its library
//	watchglass-engine run [-stop TERM] [-grace 10s] [-uid U -gid G] -- COMMAND...
//
// It is a program of its own because a binary that loads libraries at run time is
// linked to glibc, and watchglass is static; and because it is the guard that lets
// no engine outlive its parent: standard input is the read end of a pipe that only
// the parent holds open. When the pipe closes, because the parent asks for an end
// or because it died, however it died, the engine is stopped, and after a grace
// killed. The parent starts it in a process group of its own.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"syscall"
	"time"
)

func main() {
	code, err := dispatch(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "watchglass-engine:", err)
	}
	os.Exit(code)
}

var errUsage = errors.New("usage: watchglass-engine clickhouse LIBRARY ARGUMENT... | run [-stop TERM|INT] [-grace 10s] [-uid U -gid G] -- COMMAND")

func dispatch(args []string) (int, error) {
	switch {
	case len(args) > 1 && args[0] == "clickhouse":
		go func() {
			waitForHangUp() // ends ClickHouse's last query, too
			<-time.After(lastWords)
			killGroup()
		}()
		if err := runClickHouse(args[1], args[2:]); err != nil {
			return 1, err
		}
		return 0, nil
	case len(args) > 1 && args[0] == "run":
		flags := flag.NewFlagSet("run", flag.ContinueOnError)
		name := flags.String("stop", "TERM", "the signal that asks the command to end: TERM or INT")
		grace := flags.Duration("grace", lastWords, "from that signal to the kill")
		uid := flags.Uint("uid", 0, "run the command as this user (0: as we are)")
		gid := flags.Uint("gid", 0, "and this group")
		if err := flags.Parse(args[1:]); err != nil {
			return 2, err
		}
		stop, known := map[string]syscall.Signal{"TERM": syscall.SIGTERM, "INT": syscall.SIGINT}[*name]
		if !known || flags.NArg() == 0 {
			return 2, errUsage
		}
		var as *syscall.Credential
		if *uid != 0 {
			as = &syscall.Credential{Uid: uint32(*uid), Gid: uint32(*gid)}
		}
		return run(flags.Args(), stop, *grace, as)
	default:
		return 2, errUsage
	}
}
