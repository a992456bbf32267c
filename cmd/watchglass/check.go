package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/watchglass/watchglass/internal/config"
	"github.com/watchglass/watchglass/internal/enrich"
	"github.com/watchglass/watchglass/internal/store"
)

func newCheckCommand() *cobra.Command {
	var connect bool
	var explain string
	c := &cobra.Command{
		Use:   "check",
		Short: "Check configuration, policy and rules; with --connect Kafka and ClickHouse too",
		Long: `Read the configuration, the policy and the rules as run would, and say what is wrong.
With --connect also ask Kafka for its topics, and how they could lose records, and
ClickHouse for its version, schema and deduplication windows. Nothing is changed.
--explain shows what the policy makes of a field, and because of which line.`,
		Example: `  watchglass check --config watchglass.yaml --connect
  watchglass check --explain us.users.sessions.ip`,
		Args: noArgs,
	}
	configFlag(c)
	c.Flags().BoolVar(&connect, "connect", false, "connect to Kafka and ClickHouse")
	c.Flags().StringVar(&explain, "explain", "", "dataset.field, or store:dataset.field, to explain")
	c.RunE = func(c *cobra.Command, _ []string) error {
		cfg, err := loadConfig(c)
		if err != nil {
			return err
		}
		snapshot, err := readPolicy(cfg)
		if err != nil {
			return err
		}
		if explain != "" {
			return explainField(c.OutOrStdout(), snapshot, explain)
		}
		report := &checklist{out: c.OutOrStdout()}
		report.line("configuration", nil, "")
		report.line("policy", nil, "%s: %s", cfg.Policy.Dir, counts(snapshot))
		if err := checkRules(report, cfg); err != nil {
			return err
		}
		if connect {
			checkKafka(c.Context(), report, cfg)
			checkClickHouse(c.Context(), report, cfg)
		}
		return report.verdict()
	}
	return c
}

// readPolicy reads the policy once; a policy that is wrong is wrong input.
func readPolicy(cfg *config.Config) (*enrich.Snapshot, error) {
	snapshot, err := enrich.Load(policyConfig(cfg.Policy))
	if err != nil {
		return nil, usageError{err}
	}
	return snapshot, nil
}

func explainField(out io.Writer, snapshot *enrich.Snapshot, target string) error {
	name, dataset, fields, err := enrich.ParseTarget(target)
	if err != nil {
		return usageError{err}
	}
	_, err = fmt.Fprint(out, snapshot.Explain(name, dataset, fields).String())
	return err
}

func counts(snapshot *enrich.Snapshot) (text string) {
	for i, c := range snapshot.Entries() {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%d %s", c.Entries, c.Kind)
	}
	return text
}

// checklist prints a line for each thing that was looked at, and remembers
// what is wrong.
type checklist struct {
	out    io.Writer
	errors []error
}

func (l *checklist) line(what string, err error, detail string, args ...any) {
	if err != nil {
		l.errors = append(l.errors, fmt.Errorf("%s: %w", what, err))
		l.print(what, "failed", "")
		return
	}
	l.print(what, "ok", fmt.Sprintf(detail, args...))
}

// weak is a line about what works, and should not stay as it is.
func (l *checklist) weak(what, detail string, args ...any) {
	l.print(what, "weak", fmt.Sprintf(detail, args...))
}

func (l *checklist) print(what, state, detail string) {
	if detail != "" {
		detail = "  " + detail
	}
	_, _ = fmt.Fprintf(l.out, "%-22s %s%s\n", what, state, detail)
}

func (l *checklist) verdict() error { return errors.Join(l.errors...) }

func checkKafka(ctx context.Context, report *checklist, cfg *config.Config) {
	cluster, err := openKafka(cfg.Kafka, nil, zerolog.Nop())
	if err != nil {
		report.line("kafka", err, "")
		return
	}
	defer cluster.Close()
	there, err := cluster.Partitions(ctx)
	report.line("kafka", err, "%d brokers configured", len(cfg.Kafka.Brokers))
	if err != nil {
		return
	}
	specs := topicSpecs(cfg.Kafka)
	var names []string
	for _, topic := range specs {
		names = append(names, topic.Name)
	}
	durable, err := cluster.Durabilities(ctx, names...)
	if err != nil {
		report.line("kafka topics", err, "")
		return
	}
	for _, topic := range specs {
		partitions, ok := there[topic.Name]
		switch {
		case ok && durable[topic.Name].Weakness() != "":
			report.weak("topic "+topic.Name, "%d partitions; %s", partitions, durable[topic.Name].Weakness())
		case ok:
			report.line("topic "+topic.Name, nil, "%d partitions", partitions)
		case cfg.Kafka.CreateTopics:
			report.line("topic "+topic.Name, nil, "missing: run will create it")
		default:
			report.line("topic "+topic.Name, errors.New("missing, or kafka.sasl.username has no right to describe it: create it, or set kafka.create_topics: true"), "")
		}
	}
}

func checkClickHouse(ctx context.Context, report *checklist, cfg *config.Config) {
	target, err := storeConfig(cfg.ClickHouse)
	if err != nil {
		report.line("clickhouse", err, "")
		return
	}
	db, err := store.Open(ctx, target)
	report.line("clickhouse", err, "database %s", cfg.ClickHouse.Database)
	if err != nil {
		return
	}
	defer func() { _ = db.Close() }()
	report.line("clickhouse version", db.CheckVersion(ctx), "%s or later", store.MinVersion)
	err = db.CheckSchema(ctx)
	report.line("clickhouse schema", err, "")
	if err == nil {
		report.line("clickhouse windows", db.CheckWindows(ctx), "deduplication, clocks")
	}
}
