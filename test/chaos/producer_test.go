package chaos

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/watchglass/watchglass/internal/generate"
)

// fate is what has to become of a record.
type fate byte

const (
	none fate = iota // no record has this offset
	row
	letter
	alerting // a row, and a notification about its accessor
)

const (
	poisonEvery   = 500
	alertingEvery = 1000
)

// ledger is what Kafka acknowledged: the fate that each offset has to have.
type ledger struct {
	mu        sync.Mutex
	fates     [partitions][]fate
	accessors map[string]bool // whom there must be a notification about
	records   int
	letters   int
}

func (l *ledger) note(r *kgo.Record, f fate) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fates := &l.fates[r.Partition]
	for int64(len(*fates)) <= r.Offset {
		*fates = append(*fates, none)
	}
	(*fates)[r.Offset] = f
	l.records++
	switch f {
	case letter:
		l.letters++
	case alerting:
		l.accessors[string(r.Key)] = true
	}
}

// produce sends records at a rate until ctx ends, and returns when each of them
// is acknowledged. The producer is idempotent and never gives up: what it sent
// is in the log exactly once.
func (s *site) produce(ctx context.Context, rate int, seed uint64) (*ledger, error) {
	l := &ledger{accessors: map[string]bool{}}
	var seeds []string
	for _, p := range s.toBrokers {
		seeds = append(seeds, p.Listen)
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(seeds...), kgo.DefaultProduceTopic(s.name), kgo.ProducerLinger(5*time.Millisecond),
		kgo.MaxBufferedRecords(4*rate), kgo.RecordPartitioner(kgo.RoundRobinPartitioner()), kgo.RetryTimeout(5*time.Minute),
		kgo.ProduceRequestTimeout(5*time.Second), kgo.RequestTimeoutOverhead(5*time.Second), kgo.DialTimeout(3*time.Second), kgo.AlwaysRetryEOF())
	if err != nil {
		return nil, err
	}
	defer client.Close()
	began := time.Now()
	g, err := generate.New(generate.Options{Seed: seed, Count: 1 << 30, Start: began.Add(-24 * time.Hour), Rate: float64(rate)})
	if err != nil {
		return nil, err
	}
	poison := generate.NewPoison(seed, began)
	var failed error
	var once sync.Once
	send := func(key, value []byte, f fate) {
		client.Produce(context.WithoutCancel(ctx), &kgo.Record{Key: key, Value: value}, func(r *kgo.Record, err error) {
			if err != nil {
				once.Do(func() { failed = err })
				return
			}
			l.note(r, f)
		})
	}
	every := time.NewTicker(10 * time.Millisecond)
	defer every.Stop()
	for sent := 0; ctx.Err() == nil; {
		for due := int(time.Since(began).Seconds() * float64(rate)); sent < due && ctx.Err() == nil; sent++ {
			switch {
			case sent%poisonEvery == 7:
				bad := poison.Next()
				for len(bad.Value) > 100<<10 {
					bad = poison.Next()
				}
				send(bad.Key, bad.Value, letter)
			case sent%alertingEvery == 3:
				who := fmt.Sprint("x-", sent)
				send([]byte(who), stranger(who), alerting)
			case sent%lateEvery == 5:
				send(nil, late(sent, seed), row)
			default:
				e, _ := g.Next()
				send(bytes.Clone(e.Key), bytes.Clone(e.Value), row)
			}
		}
		select {
		case <-every.C:
		case <-ctx.Done():
		}
	}
	if err := client.Flush(context.WithoutCancel(ctx)); err != nil {
		return nil, err
	}
	return l, failed
}

// stranger is a read by somebody whom the directory does not know: an incident
// of its own.
func stranger(who string) []byte {
	return fmt.Appendf(nil, `{"time":%q,"action":"read","accessor":{"id":%q},"origin":{"ip":"10.20.3.4"},"resource":{"store":"profiles","dataset":"eu.users.accounts","fields":["email"]},"subject":{"ids":["u-77"]},"purpose":{"kind":"support","ticket":"SUP-1"}}`,
		time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), who)
}
