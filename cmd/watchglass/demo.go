package main

import (
	"context"
	"os"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/watchglass/watchglass/cmd/watchglass/internal/demo"
	"github.com/watchglass/watchglass/internal/config"
	"github.com/watchglass/watchglass/internal/embedded"
	"github.com/watchglass/watchglass/internal/telemetry"
)

func newDemoCommand() *cobra.Command {
	o := demo.Options{}
	var verbose bool
	c := &cobra.Command{
		Use:   "demo",
		Short: "Watch it catch people tracking a journalist, on this machine, in a minute",
		Long: `Run everything on this machine: an imitation of Kafka in this process, a real ClickHouse
beside it, the default policy, all consumers, a receiver of webhooks, and ordinary
events with a story hidden in them. Nothing is left behind. ` + "`make demo`" + ` fetches what it needs.`,
		Example: `  watchglass demo
  watchglass demo --keep`,
		Args: noArgs,
	}
	flags := c.Flags()
	flags.BoolVar(&o.Keep, "keep", false, "stay up at the end, and print how to connect")
	flags.IntVarP(&o.Count, "count", "n", demo.DefaultCount, "number of events")
	flags.Float64Var(&o.Rate, "rate", demo.DefaultRate, "events a second")
	flags.Uint64Var(&o.Seed, "seed", 1, "start of the random sequence")
	flags.BoolVarP(&verbose, "verbose", "v", false, "show the logs of all parts")
	c.RunE = func(c *cobra.Command, _ []string) (err error) {
		if o.Engines, err = embedded.Locate("."); err != nil {
			return err
		}
		if o.Host, err = embedded.FindHost(); err != nil {
			return err
		}
		log := zerolog.Nop()
		if verbose {
			if log, err = telemetry.NewLogger(telemetry.LogConfig{Level: "info", Format: "text"}, c.ErrOrStderr()); err != nil {
				return err
			}
		}
		o.Out, o.Log = c.OutOrStdout(), log
		o.TTY = telemetry.IsTerminal(o.Out) && os.Getenv("NO_COLOR") == ""
		o.Workers = func(ctx context.Context, path string) error {
			cfg, err := config.Load(path)
			if err != nil {
				return err
			}
			return runApp(ctx, cfg, consumerNames(), log)
		}
		return demo.Run(c.Context(), o)
	}
	return c
}
