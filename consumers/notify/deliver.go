package notify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/watchglass/watchglass/internal/alert"
	"github.com/watchglass/watchglass/internal/stream"
	"github.com/watchglass/watchglass/internal/webhook"
	"github.com/watchglass/watchglass/schema"
)

// deliver tries until the endpoint has the notification or refuses it, or
// until ctx ends.
func (w *worker) deliver(ctx context.Context, j *job) error {
	n := &j.notification
	body, err := webhook.Body(n)
	if err != nil {
		w.bury(&j.record, &stream.PoisonError{Reason: string(schema.ReasonInvalidMessage), Detail: "notification: too large for a webhook"})
		w.settle(n.ID)
		return nil
	}
	waiting := false
	defer func() {
		if waiting {
			w.metrics.waiting.Dec()
		}
	}()
	for attempt := uint32(1); ; attempt++ {
		at := w.config.Now()
		answer, err := w.deps.Sender.Send(ctx, n.ID, body)
		if err != nil {
			return fmt.Errorf("deliver notification %s: %w", n.ID, err)
		}
		verdict := webhook.Judge(answer)
		record, err := w.recordAttempt(n, attempt, at, answer, verdict)
		if err != nil {
			return err
		}
		w.measure(n, answer, verdict)
		w.tell(n, attempt, answer, verdict)
		switch verdict {
		case webhook.Delivered:
			w.settle(n.ID, record)
			return nil
		case webhook.Refused:
			w.metrics.dead.Inc()
			w.settle(n.ID, record, stream.DeadLetter(w.config.Dead, j.record, &stream.PoisonError{
				Reason: string(schema.ReasonRefused), Detail: fmt.Sprintf("destination %s answered %d", w.config.Destination, answer.Status),
			}))
			return nil
		}
		if !waiting {
			waiting = true
			w.metrics.waiting.Inc()
		}
		w.mu.Lock()
		w.outbox = append(w.outbox, record)
		w.mu.Unlock()
		// An outage can last for days: its attempts are recorded as they are made.
		if err := w.publish(ctx); err != nil {
			return err
		}
		if err := wait(ctx, webhook.Backoff(verdict, attempt, w.config.Jitter(), answer.RetryAfter)); err != nil {
			return fmt.Errorf("deliver notification %s: %w", n.ID, err)
		}
	}
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// recordAttempt makes the record of one attempt. Its id holds the generation,
// since attempts are counted anew in each: no attempt is taken for a copy of
// another.
func (w *worker) recordAttempt(n *schema.Notification, attempt uint32, at time.Time, answer webhook.Answer, verdict webhook.Verdict) (stream.Message, error) {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %d %d %d", n.ID, w.config.Destination, w.assigned.Generation, at.UnixMilli(), attempt))
	value, err := json.Marshal(&schema.Delivery{
		ID: hex.EncodeToString(sum[:16]), Notification: n.ID, Incident: n.Incident, Destination: w.config.Destination,
		Attempt: attempt, Time: at, Verdict: string(verdict), Status: uint16(answer.Status), Error: string(answer.Class), Took: answer.Took,
	})
	if err != nil {
		return stream.Message{}, fmt.Errorf("write delivery of notification %s: %w", n.ID, err)
	}
	return stream.Message{Topic: w.config.Deliveries, Partition: stream.AnyPartition, Key: []byte(n.Incident), Value: value}, nil
}

func (w *worker) measure(n *schema.Notification, answer webhook.Answer, verdict webhook.Verdict) {
	w.metrics.deliveries[verdict].Inc()
	w.metrics.request.Observe(answer.Took.Seconds())
	if answer.Class != webhook.NoError {
		w.metrics.errors[answer.Class].Inc()
	}
	switch verdict {
	case webhook.Delivered:
		w.metrics.disabled.Set(0)
		// Updates and resolutions come later than their event on purpose.
		if n.Type == alert.TypePrefix+alert.StatusOpened {
			w.metrics.latency.Observe(w.config.Now().Sub(n.EventTime).Seconds())
		}
	case webhook.Disabled:
		w.metrics.disabled.Set(1)
	}
}

func (w *worker) tell(n *schema.Notification, attempt uint32, answer webhook.Answer, verdict webhook.Verdict) {
	event, text := w.log.Debug(), "notification delivered"
	switch verdict {
	case webhook.Retry:
		event, text = w.log.Warn(), "notification not delivered: it is tried again"
	case webhook.Refused:
		event, text = w.log.Error(), "notification refused for good: sent to the dead letters; check the destination's settings"
	case webhook.Disabled:
		event, text = w.log.Error(), "the endpoint says that it is gone: notifications are held back; give the destination another URL"
	}
	event.Str("notification", n.ID).Str("incident", n.Incident).Uint32("attempt", attempt).Int("status", answer.Status).
		Str("error_class", string(answer.Class)).Str("detail", answer.Detail).Dur("took", answer.Took).Msg(text)
}
