package alert

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/watchglass/watchglass/schema"
)

// OverTime is a rule over time that holds for a group in a bucket of time.
type OverTime struct {
	Rule   schema.RuleRef
	Group  []schema.Pair // the rule's group-by fields, in its order
	Bucket time.Time
	// From and To are the window that was completed, At when: its end, and of a rule
	// about absence the end of the window.
	From, To, At time.Time
	// Event are fields of the event that completed it, as far as it is still there; none
	// of a rule about absence.
	Event []schema.Pair
	// Places are events that were in the window, the latest first.
	Places []schema.Position
}

// Fields of an alert's evidence that are no fields of an event.
const (
	FieldWindowFrom = "window.from"
	FieldWindowTo   = "window.to"
	FieldEvents     = "events" // positions, topic/partition/offset, with spaces between
	fieldRule       = "rule"
)

// ID is the same whoever finds it and however often: of the rule, the group and the
// bucket.
func (o *OverTime) ID() string {
	b := appendText(nil, "watchglass alert over time 1")
	b = appendText(b, o.Rule.ID)
	for _, p := range o.Group {
		b = appendText(appendText(b, p.Field), p.Value)
	}
	b = binary.BigEndian.AppendUint64(b, uint64(o.Bucket.UnixMilli()))
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:idBytes])
}

// Alert makes the alert. It has no source: it is known by its id. Its incident is that
// of the fields incidentBy, which are group-by fields or fields of the event; where
// there are none, that of its group, and where that is empty, of the rule.
func (o *OverTime) Alert(incidentBy []string, now time.Time) schema.Alert {
	a := schema.Alert{ID: o.ID(), Time: o.At, Created: now, Rule: o.Rule}
	value := func(path string) (string, bool) {
		for _, list := range [][]schema.Pair{o.Group, o.Event} {
			for _, p := range list {
				if p.Field == path {
					return p.Value, true
				}
			}
		}
		return "", false
	}
	a.Accessor, _ = value(accessorField)
	for _, path := range incidentBy {
		if text, there := value(path); there {
			a.Group = append(a.Group, schema.Pair{Field: path, Value: keyText(text)})
		}
	}
	for i := 0; len(a.Group) < len(o.Group) && len(incidentBy) == 0; i++ {
		a.Group = append(a.Group, schema.Pair{Field: o.Group[i].Field, Value: keyText(o.Group[i].Value)})
	}
	if len(a.Group) == 0 && a.Accessor == "" {
		a.Group = []schema.Pair{{Field: fieldRule, Value: o.Rule.ID}}
	}
	for _, p := range o.Group {
		a.Evidence = append(a.Evidence, schema.Pair{Field: p.Field, Value: cut(p.Value, MaxValueBytes)})
	}
	for _, p := range o.Event {
		if p.Value != "" && !has(o.Group, p.Field) {
			a.Evidence = append(a.Evidence, schema.Pair{Field: p.Field, Value: cut(p.Value, MaxValueBytes)})
		}
	}
	const layout = "2006-01-02T15:04:05.000Z"
	a.Evidence = append(a.Evidence, schema.Pair{Field: FieldWindowFrom, Value: o.From.UTC().Format(layout)}, schema.Pair{Field: FieldWindowTo, Value: o.To.UTC().Format(layout)})
	if len(o.Places) > 0 {
		places := make([]string, len(o.Places))
		for i, p := range o.Places {
			places[i] = p.Topic + "/" + strconv.Itoa(int(p.Partition)) + "/" + strconv.FormatInt(p.Offset, 10)
		}
		a.Evidence = append(a.Evidence, schema.Pair{Field: FieldEvents, Value: strings.Join(places, " ")})
	}
	return a
}

func has(list []schema.Pair, field string) bool {
	for _, p := range list {
		if p.Field == field {
			return true
		}
	}
	return false
}

// Key is what the alert's record is keyed by: the accessor, or else the group.
func (o *OverTime) Key(a *schema.Alert) []byte {
	if a.Accessor != "" {
		return []byte(a.Accessor)
	}
	return []byte(KeyOf(a).Hash())
}

// ContextFields are the fields of the completing event that an alert of a rule over time
// shows, and those that the rule itself looks at.
func ContextFields(looked []string) ([]schema.Field, error) {
	fields, err := resolve("", nil, contextFields())
	if err != nil {
		return nil, err
	}
	for _, path := range looked {
		def, ok := schema.Lookup(path)
		if !ok {
			continue // a group-by field of the rule's own, by an alias
		}
		if !hasField(fields, path) {
			fields = append(fields, def)
		}
	}
	return fields, nil
}

func hasField(fields []schema.Field, path string) bool {
	for _, f := range fields {
		if f.Path == path {
			return true
		}
	}
	return false
}
