package incident

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/watchglass/watchglass/internal/alert"
	"github.com/watchglass/watchglass/internal/stream"
)

// settle makes decisions durable: states first, then what they publish. After
// an error it may be called again, with the same decisions or without: what a
// state holds as pending is published by the next call that succeeds.
func (w *worker) settle(ctx context.Context, decided *staged) error {
	if len(decided.keys)+len(w.dead) > 0 {
		if err := w.publishStates(ctx, decided); err != nil {
			return err
		}
	}
	w.deps.Metrics.count(decided.reasons)
	return w.publishPending(ctx)
}

// publishStates writes, in one call: the decided states, those whose pending
// was published since, deletions, and dead letters. Only when all of it is
// durable does memory follow.
func (w *worker) publishStates(ctx context.Context, decided *staged) error {
	messages := make([]stream.Message, 0, len(decided.keys)+len(w.dirty)+len(w.stale)+len(w.dead))
	for _, key := range decided.keys {
		state := decided.states[key]
		if state == nil {
			messages = append(messages, w.deletion(w.stateKey(key)))
			if e := w.incidents[key]; e.older != "" {
				messages = append(messages, w.deletion(e.older))
			}
			continue
		}
		message, err := w.stateMessage(key, state)
		if err != nil {
			return err
		}
		messages = append(messages, message)
	}
	for _, e := range w.dirty {
		if _, again := decided.states[e.key]; again || !e.dirty {
			continue
		}
		message, err := w.stateMessage(e.key, e.state)
		if err != nil {
			return err
		}
		messages = append(messages, message)
	}
	for _, key := range w.stale {
		messages = append(messages, w.deletion(key))
	}
	messages = append(messages, w.dead...)
	if err := w.deps.Publisher.Publish(ctx, messages...); err != nil {
		return fmt.Errorf("publish %d incident states: %w", len(messages), err)
	}
	w.remember(decided)
	return nil
}

// remember makes memory what the state topic now holds.
func (w *worker) remember(decided *staged) {
	w.stale, w.dead = w.stale[:0], w.dead[:0]
	for _, e := range w.dirty {
		w.supersede(e)
	}
	w.dirty = w.dirty[:0]
	open := w.open
	for _, key := range decided.keys {
		state, e := decided.states[key], w.incidents[key]
		if e != nil && e.state.Open() {
			open--
		}
		if state == nil {
			w.due.remove(e)
			delete(w.incidents, key)
			continue
		}
		if e == nil {
			e = &entry{key: key, index: -1}
			w.incidents[key] = e
		}
		w.supersede(e)
		e.state = state
		w.due.fix(e, state.Due(&w.config.Settings))
		if state.Open() {
			open++
		}
		if len(state.Pending) > 0 {
			w.pending = append(w.pending, e)
		}
	}
	w.setOpen(open)
}

// supersede notes that the entry is durable under this epoch: what an older
// one wrote can go, but only in a publish after this one.
func (w *worker) supersede(e *entry) {
	e.dirty = false
	if e.older != "" {
		w.stale = append(w.stale, e.older)
		e.older = ""
	}
}

// publishPending publishes what states hold as pending, and notes that they
// can be written without it.
func (w *worker) publishPending(ctx context.Context) error {
	var messages []stream.Message
	done := make(map[*entry]bool, len(w.pending))
	for _, e := range w.pending {
		if done[e] {
			continue
		}
		done[e] = true
		for _, p := range e.state.Pending {
			added, err := w.publications(p)
			if err != nil {
				return err
			}
			messages = append(messages, added...)
		}
	}
	if len(messages) == 0 {
		return nil
	}
	if err := w.deps.Publisher.Publish(ctx, messages...); err != nil {
		return fmt.Errorf("publish %d incident changes and notifications: %w", len(messages), err)
	}
	for e := range done {
		state := *e.state
		state.Pending = nil
		e.state = &state
		if !e.dirty {
			e.dirty = true
			w.dirty = append(w.dirty, e)
		}
	}
	w.pending = w.pending[:0]
	return nil
}

// publications are keyed by incident: its changes, and its notifications,
// keep their order.
func (w *worker) publications(p alert.Pending) ([]stream.Message, error) {
	var messages []stream.Message
	if p.Change != nil {
		value, err := json.Marshal(p.Change)
		if err != nil {
			return nil, fmt.Errorf("write incident change %s: %w", p.Change.ID, err)
		}
		messages = append(messages, stream.Message{
			Topic: w.config.Incidents, Partition: stream.AnyPartition, Key: []byte(p.Change.Incident), Value: value,
		})
	}
	if p.Notification != nil {
		value, err := json.Marshal(p.Notification)
		if err != nil {
			return nil, fmt.Errorf("write notification %s: %w", p.Notification.ID, err)
		}
		messages = append(messages, stream.Message{
			Topic: w.config.Notifications, Partition: stream.AnyPartition, Key: []byte(p.Notification.Incident), Value: value,
		})
	}
	return messages, nil
}

func (w *worker) stateMessage(key alert.Key, state *alert.Incident) (stream.Message, error) {
	value, err := json.Marshal(state)
	if err != nil {
		return stream.Message{}, fmt.Errorf("write state of incident %s: %w", state.ID, err)
	}
	return stream.Message{Topic: w.config.State, Partition: w.assigned.Partition, Key: []byte(w.stateKey(key)), Value: value}, nil
}

func (w *worker) deletion(key string) stream.Message {
	return stream.Message{Topic: w.config.State, Partition: w.assigned.Partition, Key: []byte(key)}
}

// stateKey is what an incident is kept under in the state topic.
func (w *worker) stateKey(key alert.Key) string {
	return key.Hash() + "." + strconv.FormatUint(uint64(w.epoch), 10)
}
