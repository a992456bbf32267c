package main

import (
	"fmt"

	"github.com/watchglass/watchglass/internal/config"
	"github.com/watchglass/watchglass/internal/sigma"
)

// checkRules reads the rules as run would, and shows what is suspicious.
func checkRules(report *checklist, cfg *config.Config) error {
	set, err := loadSet(cfg.RulesDir(), sigma.Options{})
	if err != nil {
		return err
	}
	warnings := set.Lint()
	report.line("rules", nil, "%s: %d rules, %d warnings", cfg.RulesDir(), len(set.All()), len(warnings))
	for _, w := range warnings {
		_, _ = fmt.Fprintln(report.out, w)
	}
	return nil
}
