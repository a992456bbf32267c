package stream

import (
	"context"
	"slices"
)

// copies tells replayed records that were stored before under another offset.
// The first record in log order with an origin that becomes a row is stored,
// all later ones of its partition are copies of it: a rule that depends on nothing but the log.
type copies struct {
	first  map[string]int64 // origin → lowest offset known to carry it
	answer chan error       // outcome of the question on its way; nil: none
	found  map[string]int64 // its answer
}

// ask finds out about the origins of these records that are not known yet. It
// tells whether a question is on its way now.
func (c *copies) ask(ctx context.Context, l *lane, records []Record) bool {
	if c.answer != nil {
		return true
	}
	var unknown []string
	for _, r := range records {
		origin := r.Replays()
		if _, known := c.first[origin]; origin != "" && !known && !slices.Contains(unknown, origin) {
			unknown = append(unknown, origin)
		}
	}
	target, able := l.cfg.Target.(ReplayTarget)
	if len(unknown) == 0 || !able {
		return false
	}
	before := records[0].Offset
	c.answer = make(chan error, 1)
	go func() {
		c.answer <- guard(func() (err error) {
			c.found, err = again(ctx, l.cfg.GroupConfig, func(ctx context.Context) (map[string]int64, error) {
				return target.Replayed(ctx, l.assigned.Name, l.assigned.Partition, before, unknown)
			})
			return err
		})
	}()
	return true
}

// forget waits for the end of a question whose context has ended.
func (c *copies) forget() error {
	if c.answer == nil {
		return nil
	}
	answer := c.answer
	c.answer = nil
	return <-answer
}

// learn takes the answer.
func (c *copies) learn(err error) error {
	c.answer = nil
	if err != nil {
		return err
	}
	for origin, offset := range c.found {
		c.first[origin] = offset
	}
	return nil
}

// later tells whether an earlier offset carries the same origin; if not, this
// is the first.
func (c *copies) later(origin string, offset int64) bool {
	first, known := c.first[origin]
	if !known {
		c.first[origin] = offset
		return false
	}
	return first < offset
}

// notStored takes back what later has noted of a record that became no row.
func (c *copies) notStored(origin string, offset int64) {
	if first, known := c.first[origin]; known && first == offset {
		delete(c.first, origin)
	}
}
