package enrich

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/watchglass/watchglass/schema"
)

// Live keeps the current snapshot true to the files. [Live.Run] watches them;
// [Live.Check] looks once.
type Live struct {
	cfg     Config
	options Options
	log     zerolog.Logger
	metrics *metrics
	current atomic.Pointer[Snapshot]

	mu     sync.Mutex        // held by Check: guards what follows
	read   parts             // the newest of each part that could be read, in force or not
	stamps [partCount]stamp  // of what was last looked at, good or bad
	faults [partCount]string // why a part could not be read, "" when it could
}

// Options tune how files are watched. The zero value is right for production.
type Options struct {
	Quiet   time.Duration    // how long files must rest before they are read; default 250 ms
	Poll    time.Duration    // how often to look without being told; default 1 minute
	OnCheck func(Outcome)    // called after each look, by the goroutine of Run; for tests
	OnWatch func([]string)   // called when folders are watched; for tests
	Now     func() time.Time // default time.Now
}

// Result says what came of looking at the files.
type Result string

// Results of a check.
const (
	Unchanged Result = "unchanged"
	Loaded    Result = "loaded"   // a new snapshot is in force
	Rejected  Result = "rejected" // something is wrong; what could be replaced was
)

// Outcome is the result of one check.
type Outcome struct {
	Result Result
	Loaded []string // parts that were replaced
	Errors []error  // why others were not; logged already
}

// NewLive loads the policy. An error is fatal: there is nothing to fall back on.
// It starts nothing.
func NewLive(cfg Config, options Options, log zerolog.Logger, reg prometheus.Registerer) (*Live, error) {
	if options.Quiet <= 0 {
		options.Quiet = 250 * time.Millisecond
	}
	if options.Poll <= 0 {
		options.Poll = time.Minute
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	l := &Live{cfg: cfg, options: options, log: log}
	for p := range partCount {
		l.stamps[p] = cfg.stamp(p, options.Now())
	}
	s, err := Load(cfg)
	if err != nil {
		return nil, err
	}
	l.metrics = newMetrics(reg)
	l.read = s.parts
	l.put(s)
	return l, nil
}

// Snapshot is the policy in force.
func (l *Live) Snapshot() *Snapshot { return l.current.Load() }

func (l *Live) put(s *Snapshot) {
	l.current.Store(s)
	l.metrics.loaded.Set(float64(l.options.Now().UnixMilli()) / 1000)
	for _, c := range s.Entries() {
		l.metrics.entries.WithLabelValues(c.Kind).Set(float64(c.Entries))
	}
}

// Check looks at all files, reads the parts that changed, and puts a new
// snapshot in force if everything in it is valid. What cannot be read stays as it was.
func (l *Live) Check() Outcome {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out Outcome
	for p := range partCount {
		if err := l.reread(p); err != nil {
			out.Errors = append(out.Errors, err)
		}
	}
	l.activate(&out)
	for p := range partCount {
		stale := l.faults[p] != "" || l.read.sums[p] != l.Snapshot().parts.sums[p]
		l.metrics.stale.WithLabelValues(p.String()).Set(oneIf(stale))
	}
	switch {
	case len(out.Errors) > 0:
		out.Result = Rejected
	case len(out.Loaded) > 0:
		out.Result = Loaded
	default:
		out.Result = Unchanged
	}
	return out
}

// reread reads a part anew if it may have changed. It reports an error once,
// not again while nothing changes about it.
func (l *Live) reread(p part) error {
	now := l.cfg.stamp(p, l.options.Now())
	if l.stamps[p].same(now) {
		return nil
	}
	l.stamps[p] = now
	trial := l.read
	if err := trial.load(&l.cfg, p); err != nil {
		if l.faults[p] == err.Error() {
			return nil
		}
		l.faults[p] = err.Error()
		l.reject(p, err)
		return err
	}
	l.faults[p] = ""
	if trial.sums[p] != l.read.sums[p] {
		l.read = trial
	}
	return nil
}

// activate puts what was read in force, if it is not, and fits together.
func (l *Live) activate(out *Outcome) {
	before := l.Snapshot()
	var changed []part
	for p := range partCount {
		if l.read.sums[p] != before.parts.sums[p] {
			changed = append(changed, p)
		}
	}
	if len(changed) == 0 {
		return
	}
	s, err := assemble(l.read)
	if err != nil {
		for _, p := range changed {
			l.reject(p, err)
		}
		out.Errors = append(out.Errors, err)
		return
	}
	l.put(s)
	for _, p := range changed {
		l.metrics.reloads.WithLabelValues(p.String(), string(Loaded)).Inc()
		out.Loaded = append(out.Loaded, p.String())
	}
	l.log.Info().Strs("parts", slices.Clone(out.Loaded)).Str("version", s.Version()).Str("before", before.Version()).Msg("policy reloaded")
}

func (l *Live) reject(p part, err error) {
	l.metrics.reloads.WithLabelValues(p.String(), string(Rejected)).Inc()
	l.log.Error().Err(err).Stringer("part", p).Msg("policy rejected: what was in force before stays in force, mend the file")
}

// Lane is an enricher that follows a Live: it changes to the new snapshot
// with the first event after a reload. It is for one goroutine at a time.
type Lane struct {
	live *Live
	e    *Enricher
}

// NewLane makes a lane with caches of its own.
func (l *Live) NewLane() *Lane { return &Lane{live: l, e: l.Snapshot().NewEnricher()} }

// Enrich fills ev.Enrichment, see [Enricher.Enrich].
func (n *Lane) Enrich(ev *schema.AccessEvent) {
	if s := n.live.current.Load(); s != n.e.s {
		n.e = s.NewEnricher()
	}
	n.e.Enrich(ev)
}
