package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/watchglass/watchglass/cmd/watchglass/internal/verify"
	"github.com/watchglass/watchglass/internal/config"
	"github.com/watchglass/watchglass/internal/source"
	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/internal/stream"
)

// verifyWish is what the command line asks for.
type verifyWish struct {
	topic     string
	partition int
	from, to  string
	kafka     string
	asJSON    bool
	all       bool
}

func newVerifyCommand() *cobra.Command {
	var wish verifyWish
	var noKafka bool
	c := &cobra.Command{
		Use:   "verify",
		Short: "Check that every record is stored exactly once",
		Long: `Compare, offset by offset, what Kafka has, what ClickHouse stores, what became a dead
letter, and what the ledger says. Every missing or doubled offset is named, and then the
exit code is 1. Workers may go on meanwhile: what they have not finished is pending.

What Kafka still has is read and decoded again: its bytes alone decide what must have
become of it. What Kafka has removed is held against the ledger. Rows that were erased
(table erasures) or whose retention is over are not missing. What could not be checked,
and why, is said.`,
		Example: `  watchglass verify --config watchglass.yaml
  watchglass verify --topic access-events --partition 3 --from 120000 --to 130000
  watchglass verify --from 2026-11-23T00:00:00Z --to 2026-11-24T00:00:00Z
  watchglass verify --kafka no --json`,
		Args: noArgs,
	}
	configFlag(c)
	f := c.Flags()
	f.StringVar(&wish.topic, "topic", "", "only this topic of access events")
	f.IntVar(&wish.partition, "partition", -1, "only this partition")
	f.StringVar(&wish.from, "from", "", "first offset to check, or a time (RFC 3339: the first record of that time or later); default the first that is known")
	f.StringVar(&wish.to, "to", "", "offset behind the last one to check, or a time (records before it); default all that is finished")
	f.StringVar(&wish.kafka, "kafka", "auto", "read Kafka's own records: yes, no (the ledger alone decides), or auto (if Kafka can be reached)")
	f.BoolVar(&wish.asJSON, "json", false, "print JSON lines: every fault, and each partition")
	f.BoolVar(&wish.all, "all", false, "name all faults, not the first of each partition")
	f.BoolVar(&noKafka, "no-kafka", false, "same as --kafka no")
	_ = f.MarkHidden("no-kafka")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if noKafka {
			wish.kafka = "no"
		}
		cfg, err := loadConfig(c)
		if err != nil {
			return err
		}
		return runVerify(c.Context(), c.OutOrStdout(), cfg, wish)
	}
	return c
}

// verification is one run of the command.
type verification struct {
	cfg      *config.Config
	wish     verifyWish
	from, to verifyBound
	out      io.Writer
	checks   verify.Config
	group    string
	away     error // why Kafka is not asked, although it was to be
	verdict  verify.Summary
	failed   error // of printing
}

func runVerify(ctx context.Context, out io.Writer, cfg *config.Config, wish verifyWish) (err error) {
	v := &verification{cfg: cfg, wish: wish, out: out, group: cfg.Kafka.GroupPrefix + "."}
	if err := v.parse(); err != nil {
		return err
	}
	target, err := storeConfig(cfg.ClickHouse)
	if err != nil {
		return err
	}
	v.checks = verify.Config{Now: time.Now, Found: v.found}
	if v.checks.Retention, err = verifyRetention(cfg.ClickHouse); err != nil {
		return err
	}
	if v.checks.DB, err = store.Open(ctx, target); err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	defer func() { _ = v.checks.DB.Close() }()
	if err := v.checks.DB.CheckSchema(ctx); err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	if wish.kafka != "no" {
		kafka, err := openKafka(cfg.Kafka, stream.NewMetrics(prometheus.NewRegistry()), zerolog.Nop())
		if err != nil {
			return err
		}
		defer kafka.Close()
		switch err := kafka.Ping(ctx); {
		case err == nil:
			v.checks.Kafka = kafka
		case wish.kafka == "yes" || ctx.Err() != nil:
			return fmt.Errorf("verify: %w", err)
		default:
			v.away = err
		}
	}
	for _, t := range cfg.Kafka.Topics.AccessEvents {
		if wish.topic != "" && t.Name != wish.topic {
			continue
		}
		if err := v.check(ctx, t); err != nil {
			return err
		}
	}
	return v.conclude()
}

// parse reads what the command line says, without asking anybody.
func (v *verification) parse() (err error) {
	if v.wish.topic != "" {
		if _, err := accessTopic(v.cfg, v.wish.topic); err != nil {
			return err
		}
	}
	switch v.wish.kafka {
	case "auto", "yes", "no":
	default:
		return usagef("--kafka %s: it is auto, yes or no", v.wish.kafka)
	}
	if v.wish.partition < -1 {
		return usagef("--partition %d is none", v.wish.partition)
	}
	if v.from, err = parseVerifyBound("--from", v.wish.from); err != nil {
		return err
	}
	if v.to, err = parseVerifyBound("--to", v.wish.to); err != nil {
		return err
	}
	f, t := v.from, v.to
	if !f.at.IsZero() && !t.at.IsZero() && !f.at.Before(t.at) || f.at.IsZero() && t.at.IsZero() && v.wish.to != "" && t.offset <= f.offset {
		return usagef("--from %s --to %s is an empty span", v.wish.from, v.wish.to)
	}
	return nil
}

// check verifies the partitions of one topic.
func (v *verification) check(ctx context.Context, t config.AccessTopic) error {
	topic := verify.Topic{TopicName: stream.Incarnated(t.Name, t.Incarnation)}
	var err error
	if topic.Decoder, err = source.New(t.Format, source.Config{MaxAge: v.cfg.Access.EventMaxAge, MaxAhead: v.cfg.Access.EventMaxAhead}); err != nil {
		return usageError{err}
	}
	standings, err := v.standings(ctx, topic.TopicName)
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	chosen := standings
	if v.wish.partition >= 0 {
		chosen = nil
		for _, s := range standings {
			if int(s.Partition) == v.wish.partition {
				chosen = []stream.Standing{s}
			}
		}
		if chosen == nil {
			return usagef("--partition %d: topic %s has no such partition: there are %d", v.wish.partition, t.Name, len(standings))
		}
	}
	for _, s := range chosen {
		span, empty, err := v.span(ctx, s)
		if err != nil {
			return fmt.Errorf("verify %s/%d: %w", s.Name, s.Partition, err)
		}
		report := &verify.Report{Topic: s.Name, Partition: s.Partition}
		if !empty {
			if report, err = verify.Partition(ctx, v.checks, topic, s, span); err != nil {
				return fmt.Errorf("verify %s/%d: %w", s.Name, s.Partition, err)
			}
		}
		if v.away != nil {
			report.Notes = append(report.Notes, fmt.Sprintf("Kafka's own records were not read: %v", v.away))
		}
		if v.failed != nil {
			return v.failed
		}
		v.verdict.Add(report)
		if err := v.print(report); err != nil {
			return err
		}
	}
	return nil
}

// standings asks Kafka what is finished, and then what is on its way to
// ClickHouse's tables; without Kafka, ClickHouse which partitions there are.
func (v *verification) standings(ctx context.Context, topic stream.TopicName) ([]stream.Standing, error) {
	if v.checks.Kafka != nil {
		standings, err := v.checks.Kafka.Standings(ctx, v.group+"access", topic)
		if err != nil {
			return nil, err
		}
		if _, err := ofThisTopic(ctx, v.checks.Kafka, v.checks.DB, topic, standings); err != nil {
			return nil, err
		}
		topics := v.cfg.Kafka.Topics
		v.checks.Tail, err = verify.ReadTail(ctx, v.checks.Kafka, v.group+"archive", topics.Dead, topics.Ledger)
		return standings, err
	}
	partitions, err := v.checks.DB.Partitions(ctx, topic.Name)
	if err != nil {
		return nil, err
	}
	standings := make([]stream.Standing, len(partitions))
	for i, p := range partitions {
		standings[i] = stream.Standing{Assigned: stream.Assigned{Topic: topic.Topic, Name: topic.Name, Partition: p}, Offset: -1}
	}
	return standings, nil
}

// verifyRetention is how soon something may be gone at the soonest.
func verifyRetention(cfg config.ClickHouse) (verify.Retention, error) {
	r := retention(cfg.Retention)
	if err := r.Validate(); err != nil {
		return verify.Retention{}, usageError{err}
	}
	days := r.EventsDays
	for _, d := range r.CategoryDays {
		days = min(days, d)
	}
	const day = 24 * time.Hour
	return verify.Retention{Events: time.Duration(days) * day, Letters: time.Duration(r.DeadLettersDays) * day}, nil
}

// found prints a fault at once where all are asked for.
func (v *verification) found(r *verify.Report, f verify.Fault) {
	var err error
	switch {
	case v.wish.asJSON:
		err = f.JSON(v.out, r)
	case v.wish.all:
		_, err = fmt.Fprintln(v.out, f.Text(r))
	}
	v.failed = errors.Join(v.failed, err)
}

// print writes a partition's report.
func (v *verification) print(r *verify.Report) error {
	if v.wish.asJSON {
		return r.JSON(v.out)
	}
	if err := r.Print(v.out); err != nil || v.wish.all {
		return err
	}
	for _, f := range r.Faults {
		if _, err := fmt.Fprintln(v.out, f.Text(r)); err != nil {
			return err
		}
	}
	if more := r.Runs - int64(len(r.Faults)); more > 0 {
		_, err := fmt.Fprintf(v.out, "%s/%d: and %d more runs of offsets; --all names them\n", r.Topic, r.Partition, more)
		return err
	}
	return nil
}

// conclude says what comes out of it all; an error makes the exit code 1.
func (v *verification) conclude() error {
	if v.verdict.Faulty > 0 {
		return fmt.Errorf("verify: %d offsets are missing, doubled or unexpected", v.verdict.Faulty)
	}
	if v.wish.asJSON {
		return nil
	}
	_, err := fmt.Fprintln(v.out, v.verdict.Text())
	return err
}
