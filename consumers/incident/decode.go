package incident

import (
	"encoding/json"
	"slices"

	"github.com/watchglass/watchglass/internal/stream"
	"github.com/watchglass/watchglass/schema"
)

// decode reads an alert. Members that it does not know are left alone: a newer
// worker may have written them.
func decode(r *stream.Record) (schema.Alert, *stream.PoisonError) {
	var a schema.Alert
	switch err := json.Unmarshal(r.Value, &a); {
	case len(r.Value) == 0:
		return a, poison("empty")
	case err != nil:
		return a, poison("not the JSON of an alert")
	case a.ID == "":
		return a, poison("id is missing")
	case a.Rule.ID == "":
		return a, poison("rule.id is missing")
	case !slices.Contains(schema.Levels(), a.Rule.Level):
		return a, poison("rule.level is none of Sigma's")
	case a.Accessor == "" && len(a.Group) == 0:
		return a, poison("accessor and group are missing")
	case a.Time.IsZero():
		return a, poison("time is missing")
	}
	return a, nil
}

func poison(detail string) *stream.PoisonError {
	return &stream.PoisonError{Reason: string(schema.ReasonInvalidMessage), Detail: "alert: " + detail}
}

// bury keeps a record that can never be handled, with the next states.
func (w *worker) bury(r *stream.Record, verdict *stream.PoisonError) {
	w.deps.Metrics.dead.Inc()
	w.log.Error().Str("topic", r.Topic).Int64("offset", r.Offset).Str("reason", verdict.Reason).Str("detail", verdict.Detail).
		Msg("record cannot be handled: sent to the dead letters")
	w.dead = append(w.dead, stream.DeadLetter(w.config.Dead, *r, verdict))
}
