package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/watchglass/watchglass/internal/config"
	"github.com/watchglass/watchglass/internal/sigma"
)

// rulesFlag adds --rules to a command that otherwise takes the folder of the
// configuration.
func rulesFlag(c *cobra.Command, dir *string) {
	configFlag(c)
	c.Flags().StringVar(dir, "rules", "", "folder of rules (default: that of the configuration)")
	_ = c.MarkFlagDirname("rules")
}

// openRules reads the configuration and the rules.
func openRules(c *cobra.Command, dir string) (*config.Config, *sigma.Set, error) {
	cfg, err := loadConfig(c)
	if err != nil {
		return nil, nil, err
	}
	if dir == "" {
		dir = cfg.RulesDir()
	}
	set, err := loadSet(dir, sigma.Options{})
	return cfg, set, err
}

// chooseRules finds rules by id or title, in any case; all if none is named.
func chooseRules(set *sigma.Set, names []string) ([]*sigma.Rule, error) {
	all := set.All()
	if len(names) == 0 {
		return all, nil
	}
	var chosen []*sigma.Rule
	for _, name := range names {
		found := false
		for _, r := range all {
			if strings.EqualFold(r.ID, name) || strings.EqualFold(r.Title, name) {
				chosen, found = append(chosen, r), true
			}
		}
		if !found {
			return nil, usagef("no rule has the id or title %q", name)
		}
	}
	return chosen, nil
}
