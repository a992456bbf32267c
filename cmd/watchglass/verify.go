package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
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

type verifyWish struct {
	topic     string
	partition int
	from, to  int64
	noKafka   bool
	asJSON    bool
	all       bool
}

func newVerifyCommand() *cobra.Command {
	var wish verifyWish
	c := &cobra.Command{
		Use:   "verify",
		Short: "Check that every record is stored exactly once",
		Long: `Compare, offset by offset, what Kafka has, what ClickHouse stores, what became a dead
letter, and what the ledger says. Every missing or doubled offset is named, and then the
exit code is 1. Workers may go on meanwhile: what they have not finished is pending.

What Kafka still has is read and decoded again: its bytes alone decide what must have
become of it. What Kafka has removed is held against the ledger. Rows that were erased
(table erasures) or whose retention is over are not missing.`,
		Example: `  watchglass verify --config watchglass.yaml
  watchglass verify --topic access-events --partition 3 --from 120000 --to 130000
  watchglass verify --no-kafka --json`,
		Args: noArgs,
	}
	configFlag(c)
	f := c.Flags()
	f.StringVar(&wish.topic, "topic", "", "only this topic of access events")
	f.IntVar(&wish.partition, "partition", -1, "only this partition")
	f.Int64Var(&wish.from, "from", 0, "first offset to check")
	f.Int64Var(&wish.to, "to", 0, "offset behind the last one to check (default: all that is finished)")
	f.BoolVar(&wish.noKafka, "no-kafka", false, "do not read Kafka's records: the ledger alone decides")
	f.BoolVar(&wish.asJSON, "json", false, "print a JSON line for each partition, with all faults")
	f.BoolVar(&wish.all, "all", false, "name all faults, not the first of each partition")
	c.RunE = func(c *cobra.Command, _ []string) error {
		cfg, err := loadConfig(c)
		if err != nil {
			return err
		}
		if wish.from < 0 || wish.to < 0 || wish.to > 0 && wish.to <= wish.from {
			return usagef("--from %d --to %d is no span of offsets", wish.from, wish.to)
		}
		return runVerify(c, cfg, wish)
	}
	return c
}

func runVerify(c *cobra.Command, cfg *config.Config, wish verifyWish) error {
	ctx := c.Context()
	if wish.topic != "" {
		if _, err := accessTopic(cfg, wish.topic); err != nil {
			return err
		}
	}
	target, err := storeConfig(cfg.ClickHouse)
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, target)
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	defer func() { _ = db.Close() }()
	kafka, err := openKafka(cfg.Kafka, stream.NewMetrics(prometheus.NewRegistry()), zerolog.Nop())
	if err != nil {
		return err
	}
	defer kafka.Close()
	days, err := shortestRetention(cfg.ClickHouse)
	if err != nil {
		return err
	}
	checks := verify.Config{DB: db, Kafka: kafka, Retention: days, Now: time.Now()}
	if wish.noKafka {
		checks.Kafka = nil
	}
	var reports []*verify.Report
	for _, t := range cfg.Kafka.Topics.AccessEvents {
		if wish.topic != "" && t.Name != wish.topic {
			continue
		}
		topic := verify.Topic{TopicName: stream.Incarnated(t.Name, t.Incarnation)}
		if topic.Decoder, err = source.New(t.Format, source.Config{MaxAge: cfg.Access.EventMaxAge, MaxAhead: cfg.Access.EventMaxAhead}); err != nil {
			return usageError{err}
		}
		standings, err := kafka.Standings(ctx, cfg.Kafka.GroupPrefix+".access", topic.TopicName)
		if err != nil {
			return fmt.Errorf("verify: %w", err)
		}
		if wish.partition >= len(standings) {
			return usagef("--partition %d: topic %s has partitions 0 to %d", wish.partition, t.Name, len(standings)-1)
		}
		for _, s := range standings {
			if wish.partition >= 0 && int(s.Partition) != wish.partition {
				continue
			}
			report, err := verify.Partition(ctx, checks, topic, s, verify.Span{From: wish.from, To: wish.to})
			if err != nil {
				return fmt.Errorf("verify %s/%d: %w", s.Name, s.Partition, err)
			}
			reports = append(reports, report)
		}
	}
	return printVerdict(c.OutOrStdout(), reports, wish)
}

// shortestRetention is after how long an event may be gone at the soonest.
func shortestRetention(cfg config.ClickHouse) (time.Duration, error) {
	r := retention(cfg.Retention)
	if err := r.Validate(); err != nil {
		return 0, usageError{err}
	}
	days := r.EventsDays
	for _, d := range r.CategoryDays {
		days = min(days, d)
	}
	return time.Duration(days) * 24 * time.Hour, nil
}

// namedMost is how many faults of a partition are named without --all.
const namedMost = 20

func printVerdict(out io.Writer, reports []*verify.Report, wish verifyWish) error {
	var faulty, unchecked int64
	for _, r := range reports {
		faulty += r.Faulty()
		unchecked += r.Unchecked
	}
	if wish.asJSON {
		encoder := json.NewEncoder(out)
		for _, r := range reports {
			if err := encoder.Encode(r); err != nil {
				return err
			}
		}
	} else if err := printReports(out, reports, wish.all); err != nil {
		return err
	}
	if faulty > 0 {
		return fmt.Errorf("verify: %d offsets are missing, doubled or unexpected", faulty)
	}
	if wish.asJSON {
		return nil
	}
	text := "every offset is accounted for, exactly once\n"
	if unchecked > 0 {
		text = fmt.Sprintf("no offset is missing or doubled; of %d, Kafka has no record any more and the ledger no entry: only what is stored of them was checked\n", unchecked)
	}
	_, err := io.WriteString(out, text)
	return err
}

func printReports(out io.Writer, reports []*verify.Report, all bool) error {
	columns := []verify.Verdict{
		verify.Row, verify.DeadLetter, verify.Skipped, verify.Copy, verify.NoRecord, verify.Unread, verify.Erased, verify.Expired,
		verify.Missing, verify.Doubled, verify.Unexpected,
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(table, "topic/partition\tfrom\tto\t")
	for _, v := range columns {
		fmt.Fprintf(table, "%s\t", v)
	}
	fmt.Fprintln(table, "pending\tread in kafka\tin ledger\t")
	for _, r := range reports {
		fmt.Fprintf(table, "%s/%d\t%d\t%d\t", r.Topic, r.Partition, r.From, r.To)
		for _, v := range columns {
			fmt.Fprintf(table, "%d\t", r.Counts[v])
		}
		fmt.Fprintf(table, "%d\t%d\t%d\t\n", r.Pending, r.Read, r.InLedger)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, r := range reports {
		for i, f := range r.Faults {
			if i == namedMost && !all {
				if _, err := fmt.Fprintf(out, "%s/%d: and %d more spans; --all names them\n", r.Topic, r.Partition, len(r.Faults)-i); err != nil {
					return err
				}
				break
			}
			offsets := strconv.FormatInt(f.From, 10)
			if f.To > f.From {
				offsets += "-" + strconv.FormatInt(f.To, 10)
			}
			if _, err := fmt.Fprintf(out, "%s/%d: %s %s\n", r.Topic, r.Partition, f.Verdict, offsets); err != nil {
				return err
			}
		}
	}
	return nil
}
