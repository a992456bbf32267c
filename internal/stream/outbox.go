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
	busy      bool          // a publish is on its way
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
		o.waiting, o.bytes, o.busy = nil, 0, len(batch) > 0
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
		o.busy, o.err = false, err
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
	}
	o.waiting = append(o.waiting, messages...)
	o.notify()
	return nil
}

// settled returns nil when Kafka has acknowledged everything that was put.
func (o *outbox) settled(ctx context.Context) error {
	return o.until(ctx, func() bool { return len(o.waiting) == 0 && !o.busy })
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
