package e2e

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
)

// producer writes to a fleet's topic and never twice: what it sends is what
// the log holds.
type producer struct {
	t      *testing.T
	client *kgo.Client
}

func (f *fleet) producer() *producer {
	f.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(f.brokers...), kgo.DefaultProduceTopic(f.name), kgo.ProducerBatchMaxBytes(4<<20), kgo.ProducerLinger(0))
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(client.Close)
	return &producer{f.t, client}
}

func (p *producer) send(records ...*kgo.Record) {
	for _, r := range records {
		p.client.Produce(p.t.Context(), r, func(_ *kgo.Record, err error) {
			if err != nil {
				p.t.Errorf("produce: %v", err)
			}
		})
	}
}

// flush returns when everything is acknowledged.
func (p *producer) flush() {
	p.t.Helper()
	if err := p.client.Flush(p.t.Context()); err != nil {
		p.t.Fatal(err)
	}
}
