package stream

import (
	"context"
	"sync"
)

// outbox publishes a lane's alerts and dead letters in the background, in
// order. An offset moves past a record only after settled has returned nil.
type outbox struct {
	publisher Publisher
	mu        sync.Mutex
	waiting   []Message
	bytes     int
	accepted  int           // messages that were put, ever
	published int           // messages that Kafka has acknowledged, ever
	changed   chan struct{} // closed and replaced at every change
	err       error
}

// outboxBytes is how much may wait before put blocks.
const outboxBytes = 4 << 20

func newOutbox(p Publisher) *outbox { return &outbox{publisher: p, changed: make(chan struct{})} }

// run publishes until ctx ends or publishing fails for good.
func (o *outbox) run(ctx context.Context) error {
	for {
		o.mu.Lock()
		batch, changed := o.waiting, o.changed
		o.waiting, o.bytes = nil, 0
		if len(batch) > 0 {
			o.notify()
		}
		o.mu.Unlock()
		if len(batch) == 0 {
			select {
			case <-ctx.Done():
				return nil
			case <-changed:
				continue
			}
		}
		err := o.publisher.Publish(ctx, batch...)
		o.mu.Lock()
		if err == nil {
			o.published += len(batch)
		}
		o.err = err
		o.notify()
		o.mu.Unlock()
		if err != nil {
			return err
		}
	}
}

// notify wakes everybody; the caller holds mu.
func (o *outbox) notify() {
	close(o.changed)
	o.changed = make(chan struct{})
}

// put adds messages; it blocks while too much is waiting.
func (o *outbox) put(ctx context.Context, messages ...Message) error {
	if len(messages) == 0 {
		return nil
	}
	if err := o.until(ctx, func() bool { return o.bytes < outboxBytes }); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, m := range messages {
		o.bytes += len(m.Key) + len(m.Value)
		for _, h := range m.Headers {
			o.bytes += len(h.Key) + len(h.Value)
		}
	}
	o.waiting = append(o.waiting, messages...)
	o.accepted += len(messages)
	o.notify()
	return nil
}

// mark is for settled: how much has been put so far.
func (o *outbox) mark() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.accepted
}

// settled returns nil when Kafka has acknowledged what had been put at a mark.
// What was put later is not waited for: with a steady flow of messages there
// may never be a moment when nothing is on its way.
func (o *outbox) settled(ctx context.Context, mark int) error {
	return o.until(ctx, func() bool { return o.published >= mark })
}

func (o *outbox) until(ctx context.Context, holds func() bool) error {
	for {
		o.mu.Lock()
		err, ok, changed := o.err, holds(), o.changed
		o.mu.Unlock()
		if err != nil || ok {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-changed:
		}
	}
}
