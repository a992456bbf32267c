package generate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"
)

// Target is where Produce writes.
type Target struct {
	Brokers []string
	Topic   string // it must exist
	// Transport holds TLS and SASL; nil is plain TCP. It is used by nobody
	// else: its connections are closed at the end.
	Transport *kafka.Transport
	// Rate is events per second, held evenly: each event is sent within about
	// a millisecond of its turn. 0 is as fast as the brokers take them.
	Rate float64
	// Sent, when set, counts events that the brokers have acknowledged.
	Sent *atomic.Int64
	// Planted, when set, is called as each planted event is handed over.
	Planted func(Event)
}

// maxInFlight is how many events may be on their way: slow brokers slow the
// generator. At a rate it is a tenth of a second's worth, or events would grow
// old here and spoil whoever measures latency.
func maxInFlight(rate float64) int {
	if rate == 0 {
		return 50_000
	}
	return max(1000, int(rate/10))
}

const chunkBytes = 256 << 10

// Produce sends every event of g, keyed by accessor, with acks=all, and
// returns how many were acknowledged once nothing is on its way any more.
// When a broker's answer is lost events can be there twice: kafka-go's writer
// is not idempotent.
func Produce(ctx context.Context, t Target, g *Generator) (int64, error) {
	p := &producer{target: t, room: make(chan struct{}, 1), most: maxInFlight(t.Rate)}
	linger, batch := 10*time.Millisecond, 10_000
	if t.Rate > 0 {
		batch = 1000 // the writer allocates for a full one each time
	}
	if t.Rate > 0 && t.Rate <= 2000 {
		linger = time.Millisecond // latency is what is measured at low rates
	}
	if t.Transport == nil {
		t.Transport = &kafka.Transport{}
	}
	defer t.Transport.CloseIdleConnections()
	p.writer = &kafka.Writer{
		Addr: kafka.TCP(t.Brokers...), Topic: t.Topic, Transport: t.Transport, Balancer: &kafka.Hash{},
		RequiredAcks: kafka.RequireAll, Compression: kafka.Lz4, Async: true, Completion: p.completed,
		BatchSize: batch, BatchBytes: 900 << 10, BatchTimeout: linger,
	}
	err := p.run(ctx, g)
	err = errors.Join(err, p.writer.Close()) // waits for what is on its way
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.acked, errors.Join(err, p.failure)
}

type producer struct {
	target Target
	writer *kafka.Writer
	chunk  []byte // keys and values of messages; never written again where messages point
	batch  []kafka.Message

	most int // events on their way at once

	mu       sync.Mutex
	inFlight int
	acked    int64
	failure  error
	room     chan struct{} // holds a token after messages were completed
}

func (p *producer) run(ctx context.Context, g *Generator) error {
	start, sent := time.Now(), 0
	for {
		due, wait := p.due(start, sent)
		if wait > 0 {
			if err := pause(ctx, wait); err != nil {
				return err
			}
			continue
		}
		more := true
		for range due - sent {
			var e Event
			if e, more = g.Next(); !more {
				break
			}
			p.add(e)
		}
		sent = due
		if err := p.flush(ctx); err != nil || !more {
			return err
		}
	}
}

// due says how many events should be out by now, or how long to wait.
func (p *producer) due(start time.Time, sent int) (due int, wait time.Duration) {
	if p.target.Rate == 0 {
		return sent + 1000, 0
	}
	due = int(time.Since(start).Seconds() * p.target.Rate)
	if due > sent {
		return min(due, sent+1000), 0
	}
	next := start.Add(time.Duration(float64(sent+1) / p.target.Rate * float64(time.Second)))
	return due, max(time.Until(next), time.Millisecond)
}

func (p *producer) add(e Event) {
	if e.Act != "" && p.target.Planted != nil {
		p.target.Planted(e)
	}
	p.batch = append(p.batch, kafka.Message{Key: p.keep(e.Key), Value: p.keep(e.Value)})
}

// keep copies bytes into the current chunk: messages own what they point to
// until they are acknowledged.
func (p *producer) keep(b []byte) []byte {
	if cap(p.chunk)-len(p.chunk) < len(b) {
		p.chunk = make([]byte, 0, max(chunkBytes, len(b)))
	}
	from := len(p.chunk)
	p.chunk = append(p.chunk, b...)
	return p.chunk[from:len(p.chunk):len(p.chunk)]
}

// flush hands the batch over once there is room for it.
func (p *producer) flush(ctx context.Context) error {
	for {
		p.mu.Lock()
		full, failure := p.inFlight > 0 && p.inFlight+len(p.batch) > p.most, p.failure
		if !full {
			p.inFlight += len(p.batch)
		}
		p.mu.Unlock()
		if failure != nil {
			return nil // Produce reports it
		}
		if !full {
			break
		}
		select {
		case <-p.room:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	err := p.writer.WriteMessages(ctx, p.batch...)
	p.batch = p.batch[:0]
	if err != nil {
		return fmt.Errorf("write events to topic %s: %w", p.target.Topic, err)
	}
	return nil
}

// completed is called by the writer for each batch.
func (p *producer) completed(messages []kafka.Message, err error) {
	p.mu.Lock()
	p.inFlight -= len(messages)
	if err == nil {
		p.acked += int64(len(messages))
	} else if p.failure == nil {
		p.failure = fmt.Errorf("write events to topic %s: %w", p.target.Topic, err)
	}
	p.mu.Unlock()
	if err == nil && p.target.Sent != nil {
		p.target.Sent.Add(int64(len(messages)))
	}
	select {
	case p.room <- struct{}{}:
	default:
	}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Write writes every event of g to w, one JSON object a line.
func Write(ctx context.Context, w io.Writer, g *Generator) error {
	for n := 0; ; n++ {
		e, ok := g.Next()
		if !ok {
			return nil
		}
		if n%1000 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if _, err := w.Write(append(e.Value, '\n')); err != nil {
			return fmt.Errorf("write events: %w", err)
		}
	}
}
