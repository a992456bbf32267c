package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/segmentio/kafka-go"
	"github.com/spf13/cobra"

	"github.com/watchglass/watchglass/cmd/watchglass/internal/dead"
	"github.com/watchglass/watchglass/internal/config"
	"github.com/watchglass/watchglass/internal/source"
	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/internal/stream"
)

type deadReplayWish struct {
	which  deadFlags
	dryRun bool
	anyway bool
	limit  int
	rate   float64
}

func newDeadReplayCommand() *cobra.Command {
	var wish deadReplayWish
	c := &cobra.Command{
		Use:   "replay [TOPIC/PARTITION/OFFSET ...]",
		Short: "Send dead letters to their topic again",
		Long: `Send the records of dead letters to the topic and partition that they came from, with
their bytes, key, headers and Kafka timestamp, and the header watchglass-replay-of with
the topic/partition/offset where each was first. The row keeps that in replay_of.

A record is stored once, however often it is replayed: what is stored or on the way is
not sent again, and of several copies in the topic the first alone becomes a row. What
the workers would refuse again, judged by this program and this configuration, is not
sent either, unless --anyway is given.`,
		Example: `  watchglass dead replay --reason time_too_old --since 24h --dry-run
  watchglass dead replay --reason time_too_old --since 24h --rate 500
  watchglass dead replay access-events/3/120017`,
		Args: cobra.ArbitraryArgs,
	}
	configFlag(c)
	wish.which.add(c)
	f := c.Flags()
	f.BoolVar(&wish.dryRun, "dry-run", false, "say what would be sent, and send nothing")
	f.BoolVar(&wish.anyway, "anyway", false, "send also what would be a dead letter again")
	f.IntVar(&wish.limit, "limit", 0, "records to send, at most; 0 for all")
	f.Float64Var(&wish.rate, "rate", 0, "records a second, at most; 0 for as fast as possible")
	c.RunE = func(c *cobra.Command, args []string) error {
		filter, err := wish.which.filter(time.Now(), args)
		if err != nil {
			return err
		}
		if wish.limit < 0 || wish.rate < 0 {
			return usagef("--limit %d --rate %v: neither may be negative", wish.limit, wish.rate)
		}
		cfg, err := loadConfig(c)
		if err != nil {
			return err
		}
		return deadReplay(c, cfg, wish, filter)
	}
	return c
}

func deadReplay(c *cobra.Command, cfg *config.Config, wish deadReplayWish, filter store.DeadFilter) error {
	ctx, out := c.Context(), c.OutOrStdout()
	db, err := openDead(ctx, cfg)
	if err != nil {
		return fmt.Errorf("dead replay: %w", err)
	}
	defer func() { _ = db.Close() }()
	entries, err := db.DeadEntries(ctx, filter, false, 0)
	if err != nil {
		return deadError("replay", err)
	}
	if missing := notFound(filter, entries); len(missing) > 0 {
		return fmt.Errorf("dead replay: ClickHouse keeps no such dead letter at %s", strings.Join(missing, ", "))
	}
	connection, err := openKafka(cfg.Kafka, stream.NewMetrics(prometheus.NewRegistry()), zerolog.Nop())
	if err != nil {
		return err
	}
	defer connection.Close()
	site, err := deadSite(ctx, cfg, connection, db, entries)
	if err != nil {
		return fmt.Errorf("dead replay: %w", err)
	}
	if err := site.Explain(out, entries); err != nil {
		return err
	}
	run := dead.Replay{Site: site, Letters: db, Limit: wish.limit, Rate: wish.rate, Anyway: wish.anyway}
	if !wish.dryRun {
		publisher := connection.Publisher()
		defer func() { _ = publisher.Close() }()
		run.Publisher = publisher
	}
	tally, err := run.Run(ctx, entries)
	if problem := errors.Join(err, tally.Print(out, wish.dryRun)); problem != nil {
		return fmt.Errorf("dead replay: %d records were sent; run it again, none is stored twice: %w", tally.Sent, problem)
	}
	return refusedByName(filter, tally)
}

// refusedByName is an error when a letter that was named could not be sent.
func refusedByName(filter store.DeadFilter, tally *dead.Tally) error {
	var refused []string
	for _, p := range filter.Positions {
		if why, ok := tally.Unsettled[p]; ok {
			refused = append(refused, fmt.Sprintf("%s: %s", dead.Text(p), why))
		}
	}
	if len(refused) > 0 {
		return fmt.Errorf("dead replay: not sent: %s", strings.Join(refused, ", "))
	}
	return nil
}

// notFound are the positions that were asked for, and have no letter.
func notFound(filter store.DeadFilter, entries []store.DeadEntry) (missing []string) {
	found := map[string]bool{}
	for i := range entries {
		found[dead.Text(entries[i].Source)] = true
	}
	for _, p := range filter.Positions {
		if text := dead.Text(p); !found[text] {
			missing = append(missing, text)
		}
	}
	return missing
}

// deadSite finds out what decides about the letters: first what is in Kafka,
// then what is stored, so that nothing is missed that goes from one to the other.
func deadSite(ctx context.Context, cfg *config.Config, k *stream.Kafka, db *store.DB, entries []store.DeadEntry) (*dead.Site, error) {
	topics := cfg.Kafka.Topics
	site := &dead.Site{
		Own: []string{topics.Alerts, topics.Incidents, topics.IncidentState, topics.Notifications, topics.Deliveries, topics.Ledger, topics.Dead},
		Now: time.Now(),
	}
	if len(entries) == 0 {
		return site, nil
	}
	encryption, mechanism, err := kafkaSecurity(cfg.Kafka)
	if err != nil {
		return nil, err
	}
	transport := &kafka.Transport{TLS: encryption, SASL: mechanism, ClientID: cfg.Kafka.ClientID}
	defer transport.CloseIdleConnections()
	client := &kafka.Client{Addr: kafka.TCP(cfg.Kafka.Brokers...), Transport: transport, Timeout: 10 * time.Second}
	counts, err := k.Partitions(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range topics.AccessEvents {
		if counts[t.Name] == 0 {
			continue // its letters are refused: it has no partition
		}
		topic := dead.Topic{TopicName: stream.Incarnated(t.Name, t.Incarnation), Partitions: counts[t.Name]}
		if topic.Decoder, err = source.New(t.Format, source.Config{MaxAge: cfg.Access.EventMaxAge, MaxAhead: cfg.Access.EventMaxAhead}); err != nil {
			return nil, usageError{err}
		}
		if topic.Settings, err = dead.ReadSettings(ctx, client, t.Name); err != nil {
			return nil, err
		}
		site.Topics = append(site.Topics, topic)
	}
	groups := dead.Groups{Access: cfg.Kafka.GroupPrefix + ".access", Archive: cfg.Kafka.GroupPrefix + ".archive", Dead: topics.Dead}
	return site, site.Find(ctx, k, db, groups, entries)
}
