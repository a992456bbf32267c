package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/rs/zerolog"

	"github.com/watchglass/watchglass/internal/sigma"
)

// liveRules keeps the rules in force true to their files: all of them or none. Files
// are looked at every few seconds, which any file system and any way of replacing
// them allows, and are read once they have rested for so long.
type liveRules struct {
	dir     string
	log     zerolog.Logger
	current atomic.Pointer[ruleSet]
	stamp   [sha256.Size]byte // of the files that were read, right or wrong
	waiting [sha256.Size]byte // of files that have changed, and may go on to

	reloads *prometheus.CounterVec
	stale   prometheus.Gauge
	loaded  *prometheus.GaugeVec
}

// lookEvery is how often the files are looked at.
const lookEvery = 2 * time.Second

func newLiveRules(dir string, log zerolog.Logger, reg prometheus.Registerer) (*liveRules, error) {
	f := promauto.With(reg)
	l := &liveRules{
		dir: dir, log: log,
		reloads: f.NewCounterVec(prometheus.CounterOpts{
			Name: "watchglass_rules_reload_total", Help: "Changes of the rules that were put in force (loaded), or were wrong and left out (rejected).",
		}, []string{"result"}),
		stale: f.NewGauge(prometheus.GaugeOpts{
			Name: "watchglass_rules_stale", Help: "1 while the files of the rules differ from what is in force, because something is wrong with them.",
		}),
		loaded: f.NewGaugeVec(prometheus.GaugeOpts{
			Name: "watchglass_rules", Help: "Rules in force, by kind: single (on single events), over_time.",
		}, []string{"kind"}),
	}
	for _, result := range []string{"loaded", "rejected"} {
		l.reloads.WithLabelValues(result)
	}
	l.stamp = l.look()
	rules, err := loadRules(dir)
	if err != nil {
		return nil, err
	}
	l.put(rules)
	return l, nil
}

// Set is the rules in force.
func (l *liveRules) Set() *sigma.Set { return l.current.Load().set }

func (l *liveRules) put(rules *ruleSet) {
	l.current.Store(rules)
	l.loaded.WithLabelValues("single").Set(float64(len(rules.set.Rules())))
	l.loaded.WithLabelValues("over_time").Set(float64(len(rules.set.OverTime())))
}

// Run looks at the files until ctx ends, and then returns nil.
func (l *liveRules) Run(ctx context.Context) error {
	every := time.NewTicker(lookEvery)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-every.C:
			l.check()
		}
	}
}

// check reads files that have changed, and have not changed since the check before.
func (l *liveRules) check() {
	now := l.look()
	rested := now == l.waiting
	l.waiting = now
	if now == l.stamp || !rested {
		return
	}
	l.stamp = now
	rules, err := loadRules(l.dir)
	if err != nil {
		l.stale.Set(1)
		l.reloads.WithLabelValues("rejected").Inc()
		l.log.Error().Err(err).Msg("rules rejected: those that were in force before stay in force, mend the files")
		return
	}
	l.stale.Set(0)
	before := l.Set().Version()
	if rules.set.Version() == before {
		return
	}
	l.put(rules)
	l.reloads.WithLabelValues("loaded").Inc()
	l.log.Info().Str("version", rules.set.Version()).Str("before", before).Int("rules", len(rules.set.All())).Msg("rules reloaded")
}

// look is a hash of the names, sizes and times of all files. What cannot be looked at
// is part of it: it changes when it can be.
func (l *liveRules) look() [sha256.Size]byte {
	sum := sha256.New()
	err := filepath.WalkDir(l.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Stat(path) // through the links of a ConfigMap
		if err != nil {
			return err
		}
		if !d.IsDir() {
			fmt.Fprintf(sum, "%q %d %d\n", path, info.Size(), info.ModTime().UnixNano())
		}
		return nil
	})
	fmt.Fprintf(sum, "%v", err)
	return [sha256.Size]byte(sum.Sum(nil))
}
