// Command watchglass watches who reads whose data.
//
// Each subcommand is one file here, named after it. Everything is wired by
// hand: nothing is found by name, registered in init, or held in a global.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// version is set by the linker: -ldflags "-X main.version=v1.2.3".
var version string

func main() { os.Exit(mainCode()) }

// mainCode runs the command line and returns the exit code. The first SIGINT
// or SIGTERM ends the work in an orderly way, the second ends the process.
func mainCode() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return execute(ctx, streams{in: os.Stdin, out: os.Stdout, err: os.Stderr}, os.Args[1:])
}
