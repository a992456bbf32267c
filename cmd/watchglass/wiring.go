package main

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/watchglass/watchglass/consumers/access"
	"github.com/watchglass/watchglass/consumers/archive"
	"github.com/watchglass/watchglass/consumers/correlate"
	"github.com/watchglass/watchglass/consumers/incident"
	"github.com/watchglass/watchglass/consumers/notify"
	"github.com/watchglass/watchglass/internal/alert"
	"github.com/watchglass/watchglass/internal/config"
	"github.com/watchglass/watchglass/internal/enrich"
	"github.com/watchglass/watchglass/internal/source"
	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/internal/stream"
	"github.com/watchglass/watchglass/internal/telemetry"
	"github.com/watchglass/watchglass/internal/webhook"
)

// runConsumers makes the consumers that a.only names and runs them until ctx
// ends or one fails for good.
func runConsumers(ctx context.Context, a *app) error {
	tasks, ctx := errgroup.WithContext(ctx)
	w := &wiring{app: a, metrics: stream.NewMetrics(a.registry), tasks: tasks, ctx: ctx}
	defer w.close()
	w.expectGroups()
	// First what needs nobody: what is wrong in a file shows at once.
	steps := []func(context.Context) error{w.readSecrets}
	if a.runs("access") {
		steps = append(steps, w.readPolicy)
	}
	if a.runs("access") || a.runs("correlate") {
		steps = append(steps, w.readRules)
	}
	steps = append(steps, w.openKafka)
	if a.runs("access") || a.runs("archive") || a.runs("correlate") {
		steps = append(steps, w.openClickHouse)
	} else {
		a.ready.Set(readyClickHouse, nil)
	}
	for name, start := range map[string]func(context.Context) error{
		"access": w.access, "correlate": w.correlate, "archive": w.archive, "incident": w.incident, "notify": w.notify,
	} {
		if a.runs(name) {
			steps = append(steps, start)
		}
	}
	tasks.Go(func() error {
		for _, step := range steps {
			if err := step(ctx); err != nil {
				if ctx.Err() != nil {
					return nil // told to stop while waiting for something
				}
				return err
			}
		}
		return nil
	})
	return tasks.Wait()
}

// wiring is what the consumers of a process share.
type wiring struct {
	*app
	metrics   *stream.Metrics
	tasks     *errgroup.Group
	ctx       context.Context // of the tasks: ends when one fails, or the process is told to stop
	identity  alert.Identity
	clients   map[string]*webhook.Client // by destination
	policy    *enrich.Live
	rules     *liveRules
	kafka     *stream.Kafka
	publisher *stream.KafkaPublisher
	budget    *stream.Budget
	db        *store.DB
	checked   <-chan struct{} // closed when ClickHouse was found fit
	writer    *store.Writer
}

// close ends what has no Run of its own; all consumers have returned.
func (w *wiring) close() {
	if w.publisher != nil {
		_ = w.publisher.Close()
	}
	if w.kafka != nil {
		w.kafka.Close()
	}
	if w.writer != nil {
		w.writer.Close()
	}
	if w.db != nil {
		_ = w.db.Close()
	}
}

// await repeats a step until it succeeds, says at /readyz and in the log what
// is waited for, and gives up on what waiting cannot mend.
func (w *wiring) await(ctx context.Context, condition string, step func(context.Context) error) error {
	last := ""
	tell := func(err error) {
		w.ready.Set(condition, err)
		if text := err.Error(); text != last { // once, not at every try
			last = text
			w.log.Warn().Err(err).Msg("waiting for " + condition)
		}
	}
	if err := stream.Retry(ctx, tell, step); err != nil {
		return err
	}
	w.ready.Set(condition, nil)
	return nil
}

func (w *wiring) openKafka(ctx context.Context) (err error) {
	if w.kafka, err = openKafka(w.cfg.Kafka, w.metrics, w.log); err != nil {
		return err
	}
	w.publisher = w.kafka.Publisher()
	w.budget = stream.NewBudget(int64(w.cfg.Access.Budget), w.metrics)
	return w.await(ctx, readyKafka, func(ctx context.Context) error {
		if err := w.kafka.Ping(ctx); err != nil {
			return err
		}
		return w.kafka.EnsureTopics(ctx, w.cfg.Kafka.CreateTopics, topicSpecs(w.cfg.Kafka)...)
	})
}

// openClickHouse prepares the connections and has ClickHouse checked in the
// background: matching and alerting do not wait for it, storing does.
func (w *wiring) openClickHouse(context.Context) error {
	target, err := storeConfig(w.cfg.ClickHouse)
	if err != nil {
		return err
	}
	if w.db, err = store.New(target); err != nil {
		return fatal(err)
	}
	if w.writer, err = store.NewWriter(store.WriterConfig{Config: target, InsertTimeout: w.cfg.ClickHouse.InsertTimeout, Metrics: w.registry}); err != nil {
		return fatal(err)
	}
	checked := make(chan struct{})
	w.checked = checked
	w.start(func(ctx context.Context) error {
		err := w.await(ctx, readyClickHouse, func(ctx context.Context) error { return fatal(w.checkClickHouse(ctx)) })
		if err != nil && ctx.Err() != nil {
			return nil // told to stop while waiting
		}
		if err == nil {
			close(checked)
		}
		return err
	})
	return nil
}

// checkClickHouse refuses tables that are not what exactness needs.
func (w *wiring) checkClickHouse(ctx context.Context) error {
	for _, check := range []func(context.Context) error{w.db.Ping, w.db.CheckVersion, w.db.CheckSchema, w.db.CheckWindows} {
		if err := check(ctx); err != nil {
			return err
		}
	}
	return nil
}

// fatal passes store's verdict on to stream.Retry.
func fatal(err error) error {
	if err != nil && !store.Retryable(err) {
		return stream.Fatal("%w", err)
	}
	return err
}

// expectGroups makes membership in every group a condition of /readyz from the
// start: a process is not ready before it has its share of all of them.
func (w *wiring) expectGroups() {
	for _, name := range []string{"access", "correlate", "archive", "incident"} {
		if w.runs(name) {
			w.ready.Set(readyGroup+w.groupName(name), telemetry.ErrStarting)
		}
	}
	if w.runs("notify") {
		for _, d := range w.cfg.Alerts.Destinations {
			w.ready.Set(readyGroup+w.groupName("notify."+d.Name), telemetry.ErrStarting)
		}
	}
}

const readyGroup = "group "

func (w *wiring) groupName(name string) string { return w.cfg.Kafka.GroupPrefix + "." + name }

// group is what every consumer says of itself.
func (w *wiring) group(name string) stream.GroupConfig {
	group := w.groupName(name)
	return stream.GroupConfig{
		Group: group, SessionTimeout: w.cfg.Kafka.Session, Heartbeat: w.cfg.Kafka.Heartbeat,
		Log:   w.log.With().Str("consumer", strings.SplitN(name, ".", 2)[0]).Logger(),
		Ready: func(err error) { w.ready.Set(readyGroup+group, err) },
	}
}

func (w *wiring) readPolicy(context.Context) (err error) {
	w.policy, err = w.loadPolicy()
	return err
}

func (w *wiring) readRules(context.Context) (err error) {
	if w.rules, err = newLiveRules(w.cfg.RulesDir(), w.log, w.registry); err == nil {
		w.start(w.rules.Run)
	}
	return err
}

func (w *wiring) access(context.Context) error {
	cfg := access.Config{
		Group:       w.group("access"),
		Source:      source.Config{MaxAge: w.cfg.Access.EventMaxAge, MaxAhead: w.cfg.Access.EventMaxAhead},
		NewEnricher: func() access.Enricher { return w.policy.NewLane() },
		NewMatcher:  w.rules.newMatcher,
		Writer:      w.writer, DB: w.db, Checked: w.checked, Publisher: w.publisher, Budget: w.budget,
		AlertsTopic: w.cfg.Kafka.Topics.Alerts, DeadTopic: w.cfg.Kafka.Topics.Dead, LedgerTopic: w.cfg.Kafka.Topics.Ledger,
		MaxRows: w.cfg.Access.MaxBlockRows, MaxAge: w.cfg.Access.MaxBlockAge, InsertsPerSecond: float64(w.cfg.Access.Inserts),
		Metrics: w.registry,
	}
	for _, t := range w.cfg.Kafka.Topics.AccessEvents {
		cfg.Topics = append(cfg.Topics, access.Topic{TopicName: stream.Incarnated(t.Name, t.Incarnation), Format: t.Format})
	}
	consumer, err := access.New(w.kafka, cfg)
	if err != nil {
		return err
	}
	w.log.Info().Int64("memory_limit_bytes", limitMemory(int64(w.cfg.Access.Budget))).
		Str("policy", w.policy.Snapshot().Version()).Int("rules", len(w.rules.Set().All())).Msg("policy and rules loaded")
	w.start(w.policy.Run)
	w.start(consumer.Run)
	return nil
}

func (w *wiring) correlate(context.Context) error {
	cfg := w.cfg.Correlate
	var topics []stream.TopicName
	for _, t := range w.cfg.Kafka.Topics.AccessEvents {
		topics = append(topics, stream.Incarnated(t.Name, t.Incarnation))
	}
	consumer, err := correlate.New(
		correlate.Config{
			Topic: w.cfg.Kafka.Topics.Correlations, Alerts: w.cfg.Kafka.Topics.Alerts, AccessGroup: w.groupName("access"), Topics: topics,
			Interval: cfg.Interval, Lateness: cfg.Lateness, Backfill: cfg.Backfill, FillAlerts: cfg.FillAlerts, Queries: cfg.Queries, Checked: w.checked,
			Bounds: store.Bounds{Time: cfg.MaxTime, Memory: uint64(cfg.MaxMemory), Threads: cfg.MaxThreads}, //nolint:gosec // a size
		},
		correlate.Deps{
			Rules: w.rules, Progress: w.kafka, Table: w.db, Partitions: w.kafka.PartitionsOf, Publisher: w.publisher, Reader: w.kafka,
			Metrics: correlate.NewMetrics(w.registry), Log: w.log,
		},
	)
	if err != nil {
		return err
	}
	w.consume("correlate", w.cfg.Kafka.Topics.Correlations, consumer.Worker)
	return nil
}

func (w *wiring) archive(context.Context) error {
	topics := w.cfg.Kafka.Topics
	w.start(archive.New(w.kafka, archive.Config{
		Stream: stream.StoreConfig{
			GroupConfig: w.group("archive"), Publisher: w.publisher, DeadTopic: topics.Dead, Budget: w.budget,
			MaxRows: w.cfg.Access.MaxBlockRows, MaxAge: w.cfg.Access.MaxBlockAge, InsertsPerSecond: float64(w.cfg.Access.Inserts),
		},
		Topics: archive.Topics{Alerts: topics.Alerts, Incidents: topics.Incidents, Deliveries: topics.Deliveries, Ledger: topics.Ledger, Correlations: topics.Correlations, Dead: topics.Dead},
		Writer: w.writer, DB: w.db, Checked: w.checked,
	}).Run)
	return nil
}

func (w *wiring) incident(context.Context) error {
	settings := alert.DefaultSettings()
	configured := w.cfg.Alerts.Incident
	settings.Quiet, settings.UpdateInterval, settings.Remember = configured.QuietTime, configured.UpdateInterval, configured.Remember
	settings.HashAccessor = configured.AccessorReference == "hash"
	settings.Identity = w.identity
	topics := w.cfg.Kafka.Topics
	consumer, err := incident.New(
		incident.Config{State: topics.IncidentState, Incidents: topics.Incidents, Notifications: topics.Notifications, Dead: topics.Dead, Settings: settings},
		incident.Deps{Publisher: w.publisher, Reader: w.kafka, Metrics: incident.NewMetrics(w.registry), Log: w.log},
	)
	if err != nil {
		return err
	}
	w.consume("incident", topics.Alerts, consumer.Worker)
	return nil
}

func (w *wiring) notify(context.Context) error {
	metrics := notify.NewMetrics(w.registry)
	topics := w.cfg.Kafka.Topics
	if len(w.cfg.Alerts.Destinations) == 0 {
		w.log.Warn().Msg("alerts.destinations is empty: incidents are kept, and nobody is notified")
	}
	for _, d := range w.cfg.Alerts.Destinations {
		consumer, err := notify.New(
			notify.Config{Destination: d.Name, Deliveries: topics.Deliveries, Dead: topics.Dead},
			notify.Deps{Sender: w.clients[d.Name], Publisher: w.publisher, Metrics: metrics, Log: w.log},
		)
		if err != nil {
			return err
		}
		w.consume("notify."+d.Name, topics.Notifications, consumer.Worker)
	}
	return nil
}

// readSecrets makes what the keys and secrets of the configuration are for; a
// wrong one is wrong input.
func (w *wiring) readSecrets(context.Context) (err error) {
	if w.identity, err = alert.NewIdentity([]byte(w.cfg.Alerts.Incident.IDKey.Reveal())); err != nil {
		return usagef("alerts.incident.id_key: %w", err)
	}
	w.clients = map[string]*webhook.Client{}
	for _, d := range w.cfg.Alerts.Destinations {
		if w.clients[d.Name], err = newClient(d); err != nil {
			return usagef("alerts.destinations: %s: %w", d.Name, err)
		}
	}
	return nil
}

// newClient makes the sender of a destination.
func newClient(d config.Destination) (*webhook.Client, error) {
	cfg := webhook.Config{URL: d.URL.Reveal(), Timeout: d.Timeout, AllowPlain: d.AllowHTTP}
	for _, network := range d.AllowNetworks {
		prefix, err := netip.ParsePrefix(network)
		if err != nil {
			return nil, fmt.Errorf("allow_networks: %w", err)
		}
		cfg.Allow = append(cfg.Allow, prefix)
	}
	for _, s := range d.Secrets {
		secret, err := webhook.ParseSecret(s.Reveal())
		if err != nil {
			return nil, err
		}
		cfg.Secrets = append(cfg.Secrets, secret)
	}
	return webhook.New(cfg)
}

// start runs something until ctx ends or it fails for good.
func (w *wiring) start(run func(context.Context) error) {
	w.tasks.Go(func() error { return run(w.ctx) })
}

// consume runs an at-least-once consumer of one topic.
func (w *wiring) consume(name, topic string, worker stream.NewWorker) {
	cfg := stream.WorkerConfig{GroupConfig: w.group(name), NewWorker: worker}
	cfg.Topics = []stream.TopicName{stream.Incarnated(topic, 1)}
	w.start(func(ctx context.Context) error { return w.kafka.Consume(ctx, cfg) })
}
