package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"watchglass": func() { os.Exit(mainCode()) }})
}

// The command line, as its users see it: each file in testdata is a session.
func TestCommandLine(t *testing.T) {
	policy, err := filepath.Abs("../../deploy/policy")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			e.Setenv("POLICY", policy)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits,
			"policy-in": func(ts *testscript.TestScript, _ bool, args []string) {
				for _, file := range args { // POLICY stands for the folder of the default policy
					text := strings.ReplaceAll(ts.ReadFile(file), "POLICY", policy)
					ts.Check(os.WriteFile(ts.MkAbs(file), []byte(text), 0o600))
				}
			},
		},
	})
}

// exits CODE ARGS… runs watchglass and demands an exit code.
func exits(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) < 1 {
		ts.Fatalf("usage: exits CODE ARGS...")
	}
	err := ts.Exec("watchglass", args[1:]...)
	got := "0"
	if err != nil {
		got = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if got != args[0] {
		ts.Fatalf("watchglass %s exits with %s, want %s", strings.Join(args[1:], " "), got, args[0])
	}
}

// Each command shows an example, says what it does, and can be completed.
func TestEveryCommandHasHelp(t *testing.T) {
	if len(commands()) == 0 {
		t.Fatal("no commands")
	}
	for _, c := range commands() {
		if c.HasSubCommands() {
			for _, sub := range c.Commands() {
				if sub.Example == "" || sub.Short == "" {
					t.Errorf("%s %s has no example or no description", c.Name(), sub.Name())
				}
			}
			continue
		}
		if c.Example == "" || c.Short == "" {
			t.Errorf("%s has no example or no description", c.Name())
		}
	}
}
