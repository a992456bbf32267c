package config

import (
	"fmt"
	"time"

	"github.com/goccy/go-yaml"
)

// Effective writes the settings in force as YAML that [Load] takes again. A
// secret shows where it is from, or [hidden]; a URL comes without user,
// password and query.
func (c *Config) Effective() (string, error) {
	text, err := yaml.MarshalWithOptions(c,
		yaml.CustomMarshaler(func(d time.Duration) ([]byte, error) { return []byte(formatDuration(d)), nil }),
		yaml.CustomMarshaler(func(s Size) ([]byte, error) { return []byte(s.String()), nil }),
		yaml.CustomMarshaler(func(s Secret) ([]byte, error) { return quoted(s.shown()) }),
		yaml.CustomMarshaler(func(u URL) ([]byte, error) { return quoted(u.String()) }),
	)
	if err != nil {
		return "", fmt.Errorf("write settings: %w", err)
	}
	return string(text), nil
}

func quoted(text string) ([]byte, error) { return yaml.Marshal(text) }

// shown is the reference, which is not secret; without one, nothing is.
func (s Secret) shown() string {
	if s.reference != "" {
		return s.reference
	}
	return s.String()
}

// RulesDir is where the rules are: rules.dir, or else the folder rules in
// policy.dir.
func (c *Config) RulesDir() string {
	if c.Rules.Dir != "" {
		return string(c.Rules.Dir)
	}
	return string(join(string(c.Policy.Dir), "rules"))
}
