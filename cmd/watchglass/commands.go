package main

import "github.com/spf13/cobra"

// commands returns every subcommand, in the order of the help.
func commands() []*cobra.Command {
	return []*cobra.Command{
		newRunCommand(),
		newDemoCommand(),
		newMigrateCommand(),
		newCheckCommand(),
		newConfigCommand(),
		newGenerateCommand(),
		newProtectCommand(),
		newRulesCommand(),
		newVerifyCommand(),
		newRewindCommand(),
		newDeadCommand(),
		newVersionCommand(),
	}
}
