package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/watchglass/watchglass/cmd/watchglass/internal/verify"
	"github.com/watchglass/watchglass/consumers"
	"github.com/watchglass/watchglass/internal/alert"
	"github.com/watchglass/watchglass/internal/config"
	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/internal/stream"
	"github.com/watchglass/watchglass/schema"
)

// rewindWish is what the command line asks for.
type rewindWish struct {
	topic      string
	partition  int
	to         string
	alertAgain bool
	skip       bool
	dryRun     bool
}

func newRewindCommand() *cobra.Command {
	var wish rewindWish
	c := &cobra.Command{
		Use:   "rewind",
		Short: "Move the offsets of a topic of access events, back or forward, safely",
		Long: `Move where the workers go on reading a topic of access events. All workers must be
stopped. Nothing is stored twice: ClickHouse is asked what it holds, and a range that was
on its way is settled first. Alerts of records that are read again are not published
again, unless --alert-again asks for it; they have the same ids then.

Moving forward leaves records unread. It needs --skip, keeps a dead letter
skipped_by_operator for each span, and raises a critical alert.`,
		Example: `  watchglass rewind --topic access-events --to 2026-11-24T06:00:00Z --dry-run
  watchglass rewind --topic access-events --partition 3 --to 120000
  watchglass rewind --topic access-events --to end --skip`,
		Args: noArgs,
	}
	configFlag(c)
	f := c.Flags()
	f.StringVar(&wish.topic, "topic", "", "topic of access events")
	f.IntVar(&wish.partition, "partition", -1, "only this partition")
	f.StringVar(&wish.to, "to", "", "offset, time (RFC 3339: the first record of that time or later), first, or end")
	f.BoolVar(&wish.alertAgain, "alert-again", false, "publish the alerts of records that are read again")
	f.BoolVar(&wish.skip, "skip", false, "allow to move forward over records that were never read")
	f.BoolVar(&wish.dryRun, "dry-run", false, "say what would be done, and do nothing")
	c.RunE = func(c *cobra.Command, _ []string) error {
		cfg, err := loadConfig(c)
		if err != nil {
			return err
		}
		return rewind(c.Context(), c.OutOrStdout(), cfg, wish)
	}
	return c
}

func rewind(ctx context.Context, out io.Writer, cfg *config.Config, wish rewindWish) error {
	topic, err := accessTopic(cfg, wish.topic)
	if err != nil {
		return err
	}
	to, err := parseRewindTarget(wish.to)
	if err != nil {
		return err
	}
	kafka, err := openKafka(cfg.Kafka, stream.NewMetrics(prometheus.NewRegistry()), zerolog.Nop())
	if err != nil {
		return err
	}
	defer kafka.Close()
	if err := kafka.EnsureTopics(ctx, cfg.Kafka.CreateTopics, topicSpecs(cfg.Kafka)...); err != nil {
		return fmt.Errorf("rewind: %w", err)
	}
	group := cfg.Kafka.GroupPrefix + ".access"
	if err := kafka.Deserted(ctx, group); err != nil {
		return fmt.Errorf("rewind: %w", err)
	}
	standings, err := kafka.Standings(ctx, group, topic)
	if err != nil {
		return fmt.Errorf("rewind: %w", err)
	}
	target, err := storeConfig(cfg.ClickHouse)
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, target)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	life, err := ofThisTopic(ctx, kafka, db, topic, standings)
	if err != nil {
		return fmt.Errorf("rewind: %w", err)
	}
	life.forget(standings)
	if err := byTheLedger(ctx, cfg.Kafka, kafka, db, standings); err != nil {
		return fmt.Errorf("rewind: %w", err)
	}
	moves, err := planMoves(ctx, kafka, standings, to, wish)
	if err != nil {
		return err
	}
	if err := explainMoves(out, moves); err != nil || wish.dryRun {
		return err
	}
	if err := life.enter(ctx, moves); err != nil {
		return fmt.Errorf("rewind: %w", err)
	}
	if err := accountForSkipped(ctx, cfg, kafka, db, moves); err != nil {
		return fmt.Errorf("rewind: %w", err)
	}
	for _, m := range moves {
		if err := kafka.Move(ctx, group, m); err != nil {
			return fmt.Errorf("rewind: %w", err)
		}
	}
	_, err = fmt.Fprintln(out, "done: start the workers")
	return err
}

// accessTopic finds a configured topic, with its incarnation.
func accessTopic(cfg *config.Config, name string) (stream.TopicName, error) {
	var names []string
	for _, t := range cfg.Kafka.Topics.AccessEvents {
		if t.Name == name {
			return stream.Incarnated(t.Name, t.Incarnation), nil
		}
		names = append(names, t.Name)
	}
	return stream.TopicName{}, usagef("--topic %q: kafka.topics.access_events has %q", name, names)
}

// life is the topic that offsets are about to be set for.
type life struct {
	table consumers.Table
	id    stream.TopicID
	fresh map[int32]bool // partitions that the database does not know of
}

// ofThisTopic refuses a topic that is not the one whose rows are stored.
func ofThisTopic(ctx context.Context, kafka *stream.Kafka, db *store.DB, topic stream.TopicName, standings []stream.Standing) (life, error) {
	ids, err := kafka.TopicIDs(ctx, topic.Topic)
	if err != nil {
		return life{}, err
	}
	l := life{table: consumers.Table{DB: db}, id: ids[topic.Topic], fresh: map[int32]bool{}}
	for _, s := range standings {
		first, err := l.table.Life(ctx, s.Name, s.Partition)
		if err == nil {
			err = stream.SameTopic(topic, l.id, first)
		}
		if err != nil {
			return life{}, err
		}
		if first == "" && l.id != (stream.TopicID{}) {
			l.fresh[s.Partition] = true
		}
	}
	return l, nil
}

// forget drops offsets that were committed for a former topic of the name.
func (l life) forget(standings []stream.Standing) {
	for i := range standings {
		if s := &standings[i]; l.fresh[s.Partition] {
			s.Offset, s.Metadata = -1, ""
		}
	}
}

// byTheLedger puts offsets that another tool has set back to where the ledger
// ends: the workers had got at least so far.
func byTheLedger(ctx context.Context, cfg config.Kafka, kafka *stream.Kafka, db *store.DB, standings []stream.Standing) error {
	foreign := func(s stream.Standing) bool { return s.Offset >= 0 && s.Metadata == "" }
	if !slices.ContainsFunc(standings, foreign) {
		return nil
	}
	tail, err := verify.ReadTail(ctx, kafka, cfg.GroupPrefix+".archive", cfg.Topics.Dead, cfg.Topics.Ledger)
	if err != nil {
		return err
	}
	for i := range standings {
		s := &standings[i]
		if !foreign(*s) {
			continue
		}
		accounted, err := db.Accounted(ctx, s.Name, s.Partition, s.Log.First)
		if err != nil {
			return err
		}
		accounted = tail.Accounted(s.Name, s.Partition, accounted)
		s.Offset, s.Metadata = min(accounted, s.Log.End), stream.Announcement{}.String()
	}
	return nil
}

// enter makes the topic known to the database, as the workers would.
func (l life) enter(ctx context.Context, moves []stream.Move) error {
	for _, m := range moves {
		if l.fresh[m.Partition] {
			if err := l.table.EnterLife(ctx, m.Name, m.Partition, l.id); err != nil {
				return err
			}
		}
	}
	return nil
}

// rewindTarget is where to: one of the log's ends, an offset, or a time.
type rewindTarget struct {
	first, end bool
	offset     int64
	at         time.Time
}

func parseRewindTarget(text string) (t rewindTarget, err error) {
	switch text {
	case "first":
		return rewindTarget{first: true}, nil
	case "end":
		return rewindTarget{end: true}, nil
	}
	if t.offset, err = strconv.ParseInt(text, 10, 64); err == nil && t.offset >= 0 {
		return t, nil
	}
	if t.at, err = time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	return t, usagef("--to %q is neither an offset, nor a time such as 2026-11-24T06:00:00Z, nor first or end", text)
}

// planMoves decides for each partition that is asked for.
func planMoves(ctx context.Context, kafka *stream.Kafka, standings []stream.Standing, target rewindTarget, wish rewindWish) ([]stream.Move, error) {
	if wish.partition >= len(standings) {
		return nil, usagef("--partition %d: topic %s has partitions 0 to %d", wish.partition, wish.topic, len(standings)-1)
	}
	if wish.partition >= 0 {
		standings = standings[wish.partition : wish.partition+1]
	}
	var offsets []int64
	if !target.at.IsZero() {
		var err error
		if offsets, err = kafka.OffsetsAt(ctx, standings, target.at); err != nil {
			return nil, fmt.Errorf("rewind: %w", err)
		}
	}
	moves := make([]stream.Move, 0, len(standings))
	for i, s := range standings {
		to := target.offset
		switch {
		case target.first:
			to = s.Log.First
		case target.end:
			to = s.Log.End
		case offsets != nil:
			to = offsets[i]
		}
		m, err := stream.PlanMove(s, to, wish.alertAgain)
		if err != nil {
			return nil, fmt.Errorf("rewind: %w", err)
		}
		if m.Skipped.To > m.Skipped.From && !wish.skip {
			return nil, usagef("partition %d goes forward, from %d to %d: the offsets between would never be stored; --skip allows it, and leaves a dead letter and an alert",
				s.Partition, m.From, m.To)
		}
		moves = append(moves, m)
	}
	return moves, nil
}

// explainMoves says what is going to happen.
func explainMoves(out io.Writer, moves []stream.Move) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "PARTITION\tFROM\tTO\tREAD AGAIN\tSKIPPED\tALERTS FROM\tSETTLED FIRST")
	for _, m := range moves {
		settles := "-"
		if m.Settles.To > m.Settles.From {
			settles = fmt.Sprintf("%d-%d", m.Settles.From, m.Settles.To-1)
		}
		fmt.Fprintf(table, "%d\t%d\t%d\t%d\t%d\t%d\t%s\n", m.Partition, m.From, m.To, max(0, m.From-m.To), max(0, m.To-m.From), m.Alerted, settles)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprint(out, `
What is read again is not stored again where ClickHouse holds it; it is asked when the workers start.
Records below ALERTS FROM raise no alert; all others do.
What is skipped is never stored unless the offset is moved back while Kafka still has it.
A range SETTLED FIRST was on its way to ClickHouse: the next worker finishes it, then goes on.
`)
	return err
}

// withLetters adds what became dead letters to what is stored.
func withLetters(held []stream.Range, letters []store.DeadSpan) []stream.Range {
	for _, l := range letters {
		held = append(held, stream.Range{From: l.From, To: l.To + 1})
	}
	slices.SortFunc(held, func(a, b stream.Range) int { return cmp.Compare(a.From, b.From) })
	return held
}

// accountForSkipped keeps a dead letter and an entry of the ledger for what
// nobody will read, and alerts.
func accountForSkipped(ctx context.Context, cfg *config.Config, kafka *stream.Kafka, db *store.DB, moves []stream.Move) error {
	publisher := kafka.Publisher()
	defer func() { _ = publisher.Close() }()
	for _, m := range moves {
		if m.Skipped.To <= m.Skipped.From {
			continue
		}
		table := consumers.Table{DB: db, Of: func(string) string { return store.EventsTable }}
		held, err := table.Held(ctx, m.Name, m.Partition, m.Skipped.From)
		if err != nil {
			return err
		}
		letters, err := db.DeadSpans(ctx, m.Name, m.Partition, m.Skipped.From, m.Skipped.To)
		if err != nil {
			return err
		}
		lost, messages, err := m.Account(withLetters(held, letters), cfg.Kafka.Topics.Dead, cfg.Kafka.Topics.Ledger)
		if err != nil {
			return err
		}
		for _, span := range lost {
			at := schema.Position{Topic: m.Name, Partition: m.Partition, Offset: span.From}
			value, err := json.Marshal(alert.Lost(alert.RulePassed, at, span.To, time.Now().UTC()))
			if err != nil {
				return fmt.Errorf("encode an alert: %w", err)
			}
			messages = append(messages, stream.Message{
				Topic: cfg.Kafka.Topics.Alerts, Partition: stream.AnyPartition, Key: []byte(fmt.Sprintf("%s/%d", m.Name, m.Partition)), Value: value,
			})
		}
		if err := publisher.Publish(ctx, messages...); err != nil {
			return err
		}
	}
	return nil
}
