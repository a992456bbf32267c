package demo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/watchglass/watchglass/internal/generate"
	"github.com/watchglass/watchglass/schema"
)

// played is what the generator did.
type played struct {
	began    time.Time // event time of the first event
	sent     int64     // acknowledged by Kafka
	planted  int       // of these, planted
	sending  time.Duration
	complete time.Duration // until the last row was there
}

// play lets the generator run and returns when everything that it sent is
// stored and delivered, or finishTimeout after the last event.
func (st *stage) play(ctx context.Context) (played, error) {
	acts := generate.Story()
	began := time.Now()
	g, err := generate.New(generate.Options{
		Seed: st.options.Seed, Count: st.options.Count, Rate: st.options.Rate, Start: began.UTC().Truncate(time.Millisecond), Acts: acts,
	})
	if err != nil {
		return played{}, err
	}
	result := played{began: began}
	var sent atomic.Int64
	titles := map[string]string{}
	for _, act := range acts {
		titles[act.Name] = act.Title
	}
	done := make(chan error, 1)
	go func() {
		_, err := generate.Produce(ctx, generate.Target{
			Brokers: st.kafka.Addrs(), Topic: topic, Rate: st.options.Rate, Sent: &sent,
			Planted: func(e generate.Event) {
				st.tracker.planted(e, time.Now())
				result.planted++
				if title := titles[e.Act]; title != "" {
					delete(titles, e.Act) // once an act
					st.screen.line(st.screen.paint(bold, "story   ") + " " + title)
				}
			},
		}, g)
		done <- err
	}()
	watch := &watcher{stage: st, sent: &sent, began: began}
	if err := watch.until(ctx, done); err != nil {
		return played{}, err
	}
	result.sent, result.sending = sent.Load(), time.Since(began)
	watch.want = uint64(max(0, result.sent))
	deadline, cancel := context.WithTimeout(ctx, finishTimeout)
	defer cancel()
	_ = watch.until(deadline, nil) // what is missing when time is up is the summary's to tell
	result.complete = time.Since(began)
	st.screen.status("", time.Now())
	return result, ctx.Err()
}

// watcher keeps the live line true.
type watcher struct {
	stage  *stage
	sent   *atomic.Int64
	began  time.Time
	rows   uint64
	alerts uint64
	want   uint64 // rows to wait for, 0 while the generator runs
}

// until updates the live line until done gives a value, or, when done is nil,
// until everything is stored and delivered.
func (w *watcher) until(ctx context.Context, done <-chan error) error {
	ticker := time.NewTicker(250 * time.Millisecond)
	defer ticker.Stop()
	for turn := 0; ; turn++ {
		select {
		case err := <-done:
			return err
		case err := <-w.stage.workers:
			w.stage.workers <- nil
			return fmt.Errorf("demo: the workers ended: %w", err)
		case <-ctx.Done():
			if done == nil {
				return ctx.Err()
			}
			return errors.Join(ctx.Err(), <-done) // the generator ends with ctx
		case now := <-ticker.C:
			if turn%4 == 0 || done == nil {
				w.count(ctx)
			}
			w.show(now)
			if done == nil && w.settled(ctx) {
				return nil
			}
		}
	}
}

// count asks ClickHouse. A query that fails leaves the numbers as they were.
func (w *watcher) count(ctx context.Context) {
	ask := func(into *uint64, query string) {
		_ = w.stage.db.Conn().QueryRow(ctx, query).Scan(into)
	}
	ask(&w.rows, "SELECT count() FROM "+w.stage.db.Name("access_events"))
	ask(&w.alerts, "SELECT count() FROM "+w.stage.db.Name("alerts"))
}

func (w *watcher) show(now time.Time) {
	verified, _, _ := w.stage.receiver.counts()
	sent := w.sent.Load()
	seconds := now.Sub(w.began).Seconds()
	w.stage.screen.status(fmt.Sprintf("%5.1f s  events %s (%s/s)  stored: rows %s, alerts %s  notifications %d",
		seconds, number(sent), number(int64(float64(sent)/seconds)), number(w.rows), number(w.alerts), verified), now)
}

// settled says whether nothing is on its way any more.
func (w *watcher) settled(ctx context.Context) bool {
	if w.rows < w.want || len(w.stage.tracker.outcome().missing) > 0 {
		return false
	}
	verified, _, _ := w.stage.receiver.counts()
	var delivered, entered uint64
	err := w.stage.db.Conn().QueryRow(ctx, "SELECT (SELECT uniqExact(notification) FROM "+w.stage.db.Name("deliveries")+" WHERE verdict = 'delivered'), "+
		"(SELECT toUInt64(sum(range_to - range_from)) FROM "+w.stage.db.Name("stored_ranges")+")").Scan(&delivered, &entered)
	return err == nil && delivered >= uint64(max(0, verified)) && entered >= w.want
}

// describe is the line of a notification that arrived after took.
func describe(s *screen, n schema.Notification, took time.Duration) string {
	if n.Type != "incident.opened" {
		return s.paint(dim, fmt.Sprintf("notified %s again: %s (%s)", n.Rule.Title, n.Accessor, strings.TrimPrefix(n.Type, "incident.")))
	}
	place := n.Network
	if place == "" {
		place = "-"
	}
	if n.Location != "known" && n.Location != "" {
		place = n.Location
	}
	return fmt.Sprintf("%s %s %5s  %s: %s of %s, from %s, %s %s",
		s.paint(green, "notified"), s.level(n.Rule.Level), took.Round(time.Millisecond), n.Rule.Title, n.Accessor, orDash(n.Employer), place, n.Action, n.Dataset)
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
