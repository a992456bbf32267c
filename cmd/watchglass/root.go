package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/watchglass/watchglass/internal/config"
	"github.com/watchglass/watchglass/internal/enrich"
	"github.com/watchglass/watchglass/internal/sigma"
	"github.com/watchglass/watchglass/internal/telemetry"
)

// streams are where a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1 // it was understood, and did not work
	exitUsage  = 2 // wrong usage, or input that was not valid
)

// usageError is an error of whoever typed the command or wrote its input.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// execute runs one command line and returns the exit code.
func execute(ctx context.Context, s streams, args []string) int {
	root := newRoot(s)
	root.SetArgs(args)
	command, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	text := err.Error()
	if strings.Contains(text, "\n") { // a list: each line begins with its place
		text = "\n" + text
	}
	_, _ = fmt.Fprintln(s.err, red(s.err, "error: ")+text)
	var usage usageError
	if errors.As(err, &usage) {
		_, _ = fmt.Fprintf(s.err, "see: %s --help\n", command.CommandPath())
	}
	return exitCode(err)
}

func exitCode(err error) int {
	var usage usageError
	var problems config.Problems
	var policy *enrich.FileError
	var rule *sigma.Fault
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &usage), errors.As(err, &problems), errors.As(err, &policy), errors.As(err, &rule):
		return exitUsage
	}
	return exitFailed
}

func newRoot(s streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "watchglass",
		Short: "Watch who reads whose data",
		Long: `Watchglass reads access events from Kafka, adds who the reader is, where from and
under whose law, matches rules, stores every event in ClickHouse exactly once, and
notifies on-call.`,
		Example: `  watchglass demo
  watchglass run --config watchglass.yaml`,
		Args:          cobra.ArbitraryArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return c.Help()
			}
			message := fmt.Sprintf("unknown command %q", args[0])
			if near := c.SuggestionsFor(args[0]); len(near) > 0 {
				message += fmt.Sprintf(": did you mean %q?", near[0])
			}
			return usagef("%s", message)
		},
	}
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	root.SuggestionsMinimumDistance = 2
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.CompletionOptions.HiddenDefaultCmd = false
	root.AddCommand(commands()...)
	return root
}

// noArgs is cobra.NoArgs as a usage error.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("%s takes no argument, got %q", c.CommandPath(), args[0])
	}
	return nil
}

const defaultConfigFile = "watchglass.yaml"

// configFlag adds --config to a command.
func configFlag(c *cobra.Command) {
	c.Flags().StringP("config", "c", defaultConfigFile, "configuration file; without the flag, and without that file, the defaults count")
	_ = c.MarkFlagFilename("config", "yaml", "yml")
}

// loadConfig reads what --config names.
func loadConfig(c *cobra.Command) (*config.Config, error) {
	flag := c.Flags().Lookup("config")
	path := flag.Value.String()
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) && !flag.Changed {
		return config.Default(), nil
	}
	cfg, err := config.Load(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, usageError{err}
	}
	return cfg, err
}

func red(w io.Writer, text string) string {
	if !telemetry.IsTerminal(w) || os.Getenv("NO_COLOR") != "" {
		return text
	}
	return "\x1b[31m" + text + "\x1b[0m"
}
