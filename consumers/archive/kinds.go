package archive

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/watchglass/watchglass/internal/store"
	"github.com/watchglass/watchglass/internal/stream"
	"github.com/watchglass/watchglass/schema"
)

// kind is one topic's table, and how its records become rows.
type kind struct {
	table  string
	new    func() store.Rows
	append func(store.Rows, stream.Record, schema.Position) error
}

func kinds(t Topics) map[string]kind {
	return map[string]kind{
		t.Alerts: jsonKind(store.AlertsTable, store.NewAlertBlock, (*store.AlertBlock).Append,
			func(a *schema.Alert) string { return a.ID }),
		t.Incidents: jsonKind(store.IncidentsTable, store.NewIncidentBlock, (*store.IncidentBlock).Append,
			func(c *schema.IncidentChange) string { return c.ID }),
		t.Deliveries: jsonKind(store.DeliveriesTable, store.NewDeliveryBlock, (*store.DeliveryBlock).Append,
			func(d *schema.Delivery) string { return d.ID }),
		t.Correlations: jsonKind(store.RunsTable, store.NewRunBlock, (*store.RunBlock).Append,
			func(r *schema.CorrelationRun) string { return r.ID }).withDeletions(),
		t.Ledger: {
			table:  store.LedgerTable,
			new:    func() store.Rows { return store.NewLedgerBlock() },
			append: appendRange,
		},
		t.Dead: {
			table: store.DeadTable,
			new:   func() store.Rows { return store.NewDeadBlock() },
			append: func(rows store.Rows, r stream.Record, p schema.Position) error {
				rows.(*store.DeadBlock).Append(DeadLetter(r), p, r.Time)
				return nil
			},
		},
	}
}

// withDeletions leaves out records without a value, which delete others of their key.
func (k kind) withDeletions() kind {
	add := k.append
	k.append = func(rows store.Rows, r stream.Record, p schema.Position) error {
		if r.Value == nil {
			return nil
		}
		return add(rows, r, p)
	}
	return k
}

var errNoID = errors.New("it has no id")

// jsonKind is a topic whose values are JSON of one type, with an id.
func jsonKind[B store.Rows, V any](table string, fresh func() B, add func(B, *V, schema.Position, time.Time), id func(*V) string) kind {
	return kind{
		table: table,
		new:   func() store.Rows { return fresh() },
		append: func(rows store.Rows, r stream.Record, p schema.Position) error {
			var value V
			if err := json.Unmarshal(r.Value, &value); err != nil {
				return err
			}
			if id(&value) == "" {
				return errNoID
			}
			add(rows.(B), &value, p, r.Time)
			return nil
		},
	}
}

func appendRange(rows store.Rows, r stream.Record, p schema.Position) error {
	entry, err := StoredRange(r)
	if err != nil {
		return err
	}
	entry.Position = p
	rows.(*store.LedgerBlock).Append(entry, r.Time)
	return nil
}

// StoredRange reads an entry of the ledger, which stream.LedgerEntry made.
func StoredRange(r stream.Record) (*store.StoredRange, error) {
	var e stream.LedgerEntry
	if err := json.Unmarshal(r.Value, &e); err != nil {
		return nil, err
	}
	if e.Topic == "" || e.To <= e.From {
		return nil, errors.New("it names no range")
	}
	inclusive := func(ranges []stream.Range) []store.Range {
		list := make([]store.Range, len(ranges))
		for i, r := range ranges {
			list[i] = store.Range{From: r.From, To: r.To - 1}
		}
		return list
	}
	return &store.StoredRange{
		Source: schema.Position{Topic: e.Topic, Partition: e.Partition, Offset: e.From}, To: e.To, Rows: e.Rows,
		Dead: inclusive(e.Dead), Skipped: inclusive(e.Skipped), Copies: inclusive(e.Copies), Absent: inclusive(e.Absent),
		Days: e.Days, Entered: r.Time,
	}, nil
}

// DeadLetter reads what stream.DeadLetter made. What is missing or not a
// number stays zero: a dead letter is never refused.
func DeadLetter(r stream.Record) *store.DeadLetter {
	d := &store.DeadLetter{Value: r.Value}
	for _, h := range r.Headers {
		value := string(h.Value)
		number, _ := strconv.ParseInt(value, 10, 64)
		switch h.Key {
		case stream.HeaderReason:
			d.Reason = schema.Reason(value)
		case stream.HeaderDetail:
			d.Detail = value
		case stream.HeaderTopic:
			d.Source.Topic = value
		case stream.HeaderPartition:
			d.Source.Partition = int32(number)
		case stream.HeaderOffset:
			d.Source.Offset = number
		case stream.HeaderEnd:
			d.End = number
		case stream.HeaderTime:
			d.Time = time.UnixMilli(number).UTC()
		case stream.HeaderKey:
			d.Key = h.Value
		default:
			if name, ok := strings.CutPrefix(h.Key, stream.HeaderOriginal); ok {
				d.Headers = append(d.Headers, store.DeadHeader{Name: name, Value: h.Value})
			}
		}
	}
	return d
}
