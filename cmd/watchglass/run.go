package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/watchglass/watchglass/internal/config"
	"github.com/watchglass/watchglass/internal/telemetry"
)

// consumerNames returns what --only may name, in the order of the way of an
// event.
func consumerNames() []string {
	return []string{"access", "correlate", "incident", "notify", "archive"}
}

// Conditions of /readyz that every process has. Each consumer has its own,
// `group NAME`, which holds once it has its share.
const (
	readyKafka      = "kafka"
	readyClickHouse = "clickhouse"
)

// app is what all consumers of a process share.
type app struct {
	cfg      *config.Config
	only     []string // consumers to run; a subset of consumerNames
	log      zerolog.Logger
	registry *prometheus.Registry
	ready    *telemetry.Ready
	build    telemetry.Build
}

// runs tells whether a consumer is wanted.
func (a *app) runs(consumer string) bool { return slices.Contains(a.only, consumer) }

func newRunCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "run",
		Short: "Run the consumers until told to stop",
		Long: `Run the consumers: access (decode, enrich, match, store), correlate (rules
over time), incident, notify and archive; all of them, or those that --only names. Any number of processes share
the work through Kafka. SIGINT or SIGTERM ends in an orderly way.`,
		Example: `  watchglass run --config watchglass.yaml
  watchglass run --only access`,
		Args: noArgs,
	}
	configFlag(c)
	only := c.Flags().StringSlice("only", nil, "consumers to run: "+strings.Join(consumerNames(), ", ")+" (default all)")
	_ = c.RegisterFlagCompletionFunc("only", cobra.FixedCompletions(consumerNames(), cobra.ShellCompDirectiveNoFileComp))
	c.RunE = func(c *cobra.Command, _ []string) error {
		chosen, err := chooseConsumers(*only)
		if err != nil {
			return err
		}
		cfg, err := loadConfig(c)
		if err != nil {
			return err
		}
		log, err := telemetry.NewLogger(telemetry.LogConfig{Level: cfg.Log.Level, Format: cfg.Log.Format}, c.ErrOrStderr())
		if err != nil {
			return err
		}
		return runApp(c.Context(), cfg, chosen, log)
	}
	return c
}

func chooseConsumers(only []string) ([]string, error) {
	if len(only) == 0 {
		return consumerNames(), nil
	}
	for _, name := range only {
		if !slices.Contains(consumerNames(), name) {
			return nil, usagef("--only %s: there is no such consumer; it is one of %s", name, strings.Join(consumerNames(), ", "))
		}
	}
	return only, nil
}

// runApp runs the operators' endpoint and the consumers until ctx ends or one
// of them fails for good.
func runApp(ctx context.Context, cfg *config.Config, only []string, log zerolog.Logger) error {
	build := telemetry.BuildInfo(version)
	registry := telemetry.NewRegistry(build)
	a := &app{
		cfg: cfg, only: only, log: log, registry: registry, build: build,
		ready: telemetry.NewReady(registry, readyKafka, readyClickHouse),
	}
	server, err := telemetry.NewServer(telemetry.ServerConfig{Listen: cfg.HTTP.Listen, Pprof: cfg.HTTP.Pprof}, a.ready, registry, log)
	if err != nil {
		return err
	}
	log.Info().Str("version", build.Version).Str("commit", build.Commit).Strs("consumers", only).Msg("starting")
	group, groupCtx := errgroup.WithContext(ctx)
	// The endpoint outlives the consumers, to show how they end.
	serverCtx, stopServer := context.WithCancel(context.WithoutCancel(ctx))
	defer stopServer()
	group.Go(func() error { return server.Run(serverCtx) })
	group.Go(func() error {
		defer stopServer()
		return runConsumers(groupCtx, a)
	})
	if err := group.Wait(); err != nil {
		return fmt.Errorf("run: %w", err)
	}
	log.Info().Msg("stopped")
	return nil
}
