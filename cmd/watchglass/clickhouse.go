package main

import (
	"fmt"
	"time"

	"github.com/watchglass/watchglass/internal/config"
	"github.com/watchglass/watchglass/internal/store"
)

// storeConfig is the connection that the configuration describes.
func storeConfig(cfg config.ClickHouse) (store.Config, error) {
	encryption, err := cfg.TLS.Client()
	if err != nil {
		return store.Config{}, fmt.Errorf("clickhouse.%w", err)
	}
	out := store.Config{
		Addr: cfg.Addresses, Database: cfg.Database, User: cfg.Username, Password: cfg.Password.Reveal(),
		TLS: encryption, DialTimeout: cfg.DialTimeout, Engine: store.Engine(cfg.Engine),
	}
	return out, out.Validate()
}

// retention is how long rows are kept; the configuration allows whole days
// only.
func retention(cfg config.Retention) store.Retention {
	days := func(d time.Duration) int { return int(d / (24 * time.Hour)) }
	out := store.Retention{
		EventsDays: days(cfg.Events), SubjectIDsDays: days(cfg.SubjectIDs), AlertsDays: days(cfg.Alerts), DeadLettersDays: days(cfg.DeadLetters),
		CategoryDays: map[string]int{},
	}
	for category, kept := range cfg.Categories {
		out.CategoryDays[category] = days(kept)
	}
	return out
}
