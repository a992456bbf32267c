package main

import (
	"bufio"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/spf13/cobra"

	"github.com/watchglass/watchglass/internal/config"
	"github.com/watchglass/watchglass/internal/generate"
)

// generateOptions are the flags of generate.
type generateOptions struct {
	seed    uint64
	count   int
	rate    float64
	start   string
	story   bool
	stdout  bool
	brokers []string
	topic   string
}

func newGenerateCommand() *cobra.Command {
	var o generateOptions
	c := &cobra.Command{
		Use:   "generate",
		Short: "Make access events of a made-up video platform",
		Long: `Make ordinary access events of the made-up video platform of deploy/policy, to a topic
or to standard output. The same --seed, --count, --rate and --start make the same
bytes. --story plants acts among them that fire
every default rule on single events.`,
		Example: `  watchglass generate --seed 7 --count 1000000 --brokers localhost:9092 --topic access-events
  watchglass generate --count 1000 --story --stdout | watchglass rules match --rules deploy/policy/rules --policy deploy/policy`,
		Args: noArgs,
	}
	configFlag(c)
	flags := c.Flags()
	flags.Uint64Var(&o.seed, "seed", 1, "start of the random sequence")
	flags.IntVarP(&o.count, "count", "n", 1000, "number of events")
	flags.Float64Var(&o.rate, "rate", 0, "events a second; 0 is as fast as possible, with event times spread over a day")
	flags.StringVar(&o.start, "start", "", "time of the first event, RFC 3339 (default: a fixed day with --stdout; otherwise now, or a day ago without --rate)")
	flags.BoolVar(&o.story, "story", false, "plant the acts of the story among the events")
	flags.BoolVar(&o.stdout, "stdout", false, "write JSON lines to standard output, not to Kafka")
	flags.StringSliceVar(&o.brokers, "brokers", nil, "brokers, host:port (default: kafka.brokers of the configuration)")
	flags.StringVar(&o.topic, "topic", "", "topic, which must exist (default: the first of kafka.topics.access_events)")
	c.RunE = func(c *cobra.Command, _ []string) error { return generateEvents(c, o) }
	return c
}

func generateEvents(c *cobra.Command, o generateOptions) error {
	start, err := o.startTime(time.Now())
	if err != nil {
		return err
	}
	options := generate.Options{Seed: o.seed, Count: o.count, Rate: o.rate, Start: start}
	if o.story {
		options.Acts = generate.Story()
	}
	g, err := generate.New(options)
	if err != nil {
		return usageError{err}
	}
	if o.stdout {
		w := bufio.NewWriterSize(c.OutOrStdout(), 1<<16)
		return errors.Join(generate.Write(c.Context(), w, g), w.Flush())
	}
	cfg, err := loadConfig(c)
	if err != nil {
		return err
	}
	target, err := o.target(cfg.Kafka)
	if err != nil {
		return err
	}
	began := time.Now()
	sent, err := generate.Produce(c.Context(), target, g)
	seconds := time.Since(began).Seconds()
	_, _ = fmt.Fprintf(c.ErrOrStderr(), "%d events to topic %s in %.1f s, %.0f a second\n", sent, target.Topic, seconds, float64(sent)/seconds)
	return err
}

// startTime keeps what goes to Kafka within the span around the records' own
// timestamps that the contract allows.
func (o generateOptions) startTime(now time.Time) (time.Time, error) {
	switch {
	case o.start != "":
		start, err := time.Parse(time.RFC3339, o.start)
		if err != nil {
			return start, usagef("--start %s: not a time: write it as 2026-11-23T16:00:00Z", o.start)
		}
		return start, nil
	case o.stdout:
		return generate.DefaultStart(), nil
	case o.rate > 0:
		return now, nil
	}
	return now.Add(-24 * time.Hour), nil
}

func (o generateOptions) target(cfg config.Kafka) (generate.Target, error) {
	encryption, mechanism, err := kafkaSecurity(cfg)
	if err != nil {
		return generate.Target{}, err
	}
	target := generate.Target{Brokers: cfg.Brokers, Topic: cfg.Topics.AccessEvents[0].Name, Rate: o.rate}
	if len(o.brokers) > 0 {
		target.Brokers = o.brokers
	}
	if o.topic != "" {
		target.Topic = o.topic
	}
	target.Transport = &kafka.Transport{TLS: encryption, SASL: mechanism, ClientID: cfg.ClientID}
	return target, nil
}
