package stream

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
)

// gate is a publisher that waits to be let through, or fails.
type gate struct {
	open chan error
	sent []string
}

func (g *gate) Publish(ctx context.Context, messages ...Message) error {
	select {
	case err := <-g.open:
		if err != nil {
			return err
		}
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	for _, m := range messages {
		g.sent = append(g.sent, string(m.Value))
	}
	return nil
}

func text(value string) Message { return Message{Topic: "t", Value: []byte(value)} }

// outboxTest runs an outbox in a bubble and ends it.
func outboxTest(t *testing.T, test func(t *testing.T, o *outbox, g *gate, ended <-chan error)) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{open: make(chan error)}
		o := newOutbox(g)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- o.run(ctx) }()
		test(t, o, g, ended)
		cancel()
	})
}

func TestSettledWaitsForWhatWasPutBeforeAndNotForMore(t *testing.T) {
	outboxTest(t, func(t *testing.T, o *outbox, g *gate, _ <-chan error) {
		if err := o.settled(t.Context(), o.mark()); err != nil {
			t.Fatalf("nothing was put, and settled says %v", err)
		}
		if err := o.put(t.Context(), text("a"), text("b")); err != nil {
			t.Fatal(err)
		}
		mark := o.mark()
		settled := make(chan error, 1)
		go func() { settled <- o.settled(t.Context(), mark) }()
		synctest.Wait()
		if err := o.put(t.Context(), text("c")); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-settled:
			t.Fatalf("settled before Kafka acknowledged: %v", err)
		default:
		}
		g.open <- nil
		if err := <-settled; err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"a", "b"}, g.sent); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestOutboxFailsForGood(t *testing.T) {
	outboxTest(t, func(t *testing.T, o *outbox, g *gate, ended <-chan error) {
		if err := o.put(t.Context(), text("a")); err != nil {
			t.Fatal(err)
		}
		mark := o.mark()
		g.open <- errFault
		if err := <-ended; !errors.Is(err, errFault) {
			t.Fatalf("the outbox ended with %v", err)
		}
		if err := o.settled(t.Context(), mark); !errors.Is(err, errFault) {
			t.Fatalf("settled says %v of a message that was not published", err)
		}
	})
}

func TestPutBlocksWhileTooMuchWaits(t *testing.T) {
	outboxTest(t, func(t *testing.T, o *outbox, g *gate, _ <-chan error) {
		large := Message{Topic: "t", Value: make([]byte, outboxBytes)}
		for range 2 { // one on its way, one waiting
			if err := o.put(t.Context(), large); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		third := make(chan error, 1)
		go func() { third <- o.put(t.Context(), text("c")) }()
		synctest.Wait()
		select {
		case err := <-third:
			t.Fatalf("a third was taken at once: %v", err)
		default:
		}
		g.open <- nil
		if err := <-third; err != nil {
			t.Fatal(err)
		}
	})
}
