package incident

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/watchglass/watchglass/internal/alert"
	"github.com/watchglass/watchglass/internal/stream"
	"github.com/watchglass/watchglass/schema"
)

// version is one state of one incident, as some epoch wrote it last.
type version struct {
	epoch uint32
	state *alert.Incident
}

// Restore reads the state topic and publishes again what its states hold as
// pending. It may be called again after an error.
func (w *worker) Restore(ctx context.Context) error {
	w.incidents = map[alert.Key]*entry{}
	w.due, w.pending, w.dirty, w.stale, w.dead = nil, nil, nil, nil, nil
	w.setOpen(0)
	found := contents{versions: map[string][]version{}, unreadable: map[string]stream.Record{}}
	err := w.deps.Reader.ReadAll(ctx, w.config.State, w.assigned.Partition, func(r stream.Record) error {
		found.read(&r)
		return nil
	})
	if err != nil {
		return fmt.Errorf("restore incidents of partition %d: %w", w.assigned.Partition, err)
	}
	// A group that was deleted and made anew counts its generations from the
	// start: what is stored must still lose.
	w.epoch = max(uint32(max(w.assigned.Generation, 0)), found.epoch+1)
	for key, r := range found.unreadable {
		w.bury(&r, &stream.PoisonError{Reason: string(schema.ReasonInvalidMessage), Detail: "incident state"})
		w.stale = append(w.stale, key)
	}
	hold := w.config.Now().Add(w.config.Grace)
	open := 0
	for hash, versions := range found.versions {
		if len(versions) == 0 {
			continue
		}
		best := versions[0]
		for _, v := range versions[1:] {
			lesser := v
			if v.epoch > best.epoch {
				best, lesser = v, best
			}
			w.stale = append(w.stale, epochKey(hash, lesser.epoch))
		}
		best.state.Hold = hold
		e := &entry{key: best.state.Key(), state: best.state, older: epochKey(hash, best.epoch), index: -1}
		w.incidents[e.key] = e
		w.due.fix(e, e.state.Due(&w.config.Settings))
		if e.state.Open() {
			open++
		}
		if len(e.state.Pending) > 0 {
			w.pending = append(w.pending, e)
		}
	}
	w.setOpen(open)
	w.deps.Metrics.restored.Add(float64(len(w.incidents)))
	w.deps.Metrics.republished.Add(float64(len(w.pending)))
	w.log.Info().Int("incidents", len(w.incidents)).Int("open", open).Int("pending", len(w.pending)).Uint32("epoch", w.epoch).Msg("incidents restored")
	return w.settle(ctx, newStaged())
}

// contents are what a restore has read so far.
type contents struct {
	versions   map[string][]version     // by the hash of the incident's key, one for each epoch
	unreadable map[string]stream.Record // by key
	epoch      uint32                   // the highest
}

// read takes one record of the state topic; it replaces what was there under
// its key.
func (c *contents) read(r *stream.Record) {
	key := string(r.Key)
	delete(c.unreadable, key)
	hash, epoch, ok := parseStateKey(key)
	if ok {
		c.epoch = max(c.epoch, epoch)
		c.versions[hash] = slices.DeleteFunc(c.versions[hash], func(v version) bool { return v.epoch == epoch })
	}
	if r.Value == nil {
		return
	}
	state := new(alert.Incident)
	if err := json.Unmarshal(r.Value, state); !ok || err != nil || state.ID == "" || state.Key().Hash() != hash {
		c.unreadable[key] = stream.Record{
			Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, Time: r.Time, Key: slices.Clone(r.Key), Value: slices.Clone(r.Value),
		}
		return
	}
	c.versions[hash] = append(c.versions[hash], version{epoch, state})
}

func epochKey(hash string, epoch uint32) string {
	return hash + "." + strconv.FormatUint(uint64(epoch), 10)
}

func parseStateKey(key string) (hash string, epoch uint32, ok bool) {
	hash, text, ok := strings.Cut(key, ".")
	n, err := strconv.ParseUint(text, 10, 32)
	return hash, uint32(n), ok && err == nil && hash != ""
}
