package main

import (
	"fmt"

	"github.com/watchglass/watchglass/internal/config"
	"github.com/watchglass/watchglass/internal/enrich"
)

// policyConfig is where the configuration says the policy is.
func policyConfig(cfg config.Policy) enrich.Config {
	out := enrich.Config{PolicyDir: string(cfg.Dir)}
	for _, path := range cfg.MMDB {
		out.MMDB = append(out.MMDB, string(path))
	}
	for _, k := range cfg.ProtectedKeys {
		out.ProtectedKeys = append(out.ProtectedKeys, enrich.Key{ID: k.ID, Secret: []byte(k.Key.Reveal())})
	}
	return out
}

// loadPolicy reads the policy; the caller runs it, so that it is reloaded.
func (w *wiring) loadPolicy() (*enrich.Live, error) {
	live, err := enrich.NewLive(policyConfig(w.cfg.Policy), enrich.Options{}, w.log, w.registry)
	if err != nil {
		return nil, fmt.Errorf("policy.dir: %w", err)
	}
	return live, nil
}
