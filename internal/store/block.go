package store

import (
	"time"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/watchglass/watchglass/schema"
)

// Tables that the workers write to, and that of erasures, which people write
// to. The analysts' names `alerts`, `incident_changes`, `deliveries`,
// `dead_letters`, `stored_ranges` and `correlation_runs` are views over the tables whose names end
// in _stored, which show one row where a record was published twice.
const (
	EventsTable     = "access_events"
	AlertsTable     = "alerts_stored"
	IncidentsTable  = "incident_changes_stored"
	DeliveriesTable = "deliveries_stored"
	DeadTable       = "dead_letters_stored"
	LedgerTable     = "stored_ranges_stored"
	RunsTable       = "correlation_runs_stored"
	ErasuresTable   = "erasures"
	TopicsTable     = "topics"
)

// Rows is one block of columns on its way to one table. It belongs to whoever
// fills it, and to [Writer.Insert] while that runs.
type Rows interface {
	Table() string
	Rows() int
	Bytes() int         // estimate of the memory that the rows take, in bytes
	Seal(time.Time)     // sets stored_at of every row
	Input() proto.Input // valid until the next Append or Reset
	Reset()             // forgets the rows, keeps the memory
}

// record is what every stored table has in common: where the row's own Kafka
// record stands, and when the insert was attempted.
type record struct {
	table     string
	input     proto.Input
	bytes     int
	topic     *coded
	partition *proto.ColInt32
	offset    *proto.ColInt64
	kafkaTime *instant
	storedAt  *instant
}

func newRecord(table string) record {
	r := record{
		table: table, topic: newCoded(), partition: new(proto.ColInt32), offset: new(proto.ColInt64),
		kafkaTime: newInstant(), storedAt: newInstant(),
	}
	r.column("kafka_topic", r.topic)
	r.column("kafka_partition", r.partition)
	r.column("kafka_offset", r.offset)
	r.column("kafka_time", r.kafkaTime)
	r.column("stored_at", r.storedAt)
	return r
}

func (r *record) column(name string, c proto.ColInput) {
	r.input = append(r.input, proto.InputColumn{Name: name, Data: c})
}

func (r *record) add(pos schema.Position, kafkaTime time.Time) {
	r.bytes += r.topic.add(pos.Topic)
	r.partition.Append(pos.Partition)
	r.offset.Append(pos.Offset)
	r.bytes += 12
	r.bytes += r.kafkaTime.add(kafkaTime)
	r.bytes += r.storedAt.add(time.Time{})
}

// Table implements [Rows].
func (r *record) Table() string { return r.table }

// Rows implements [Rows].
func (r *record) Rows() int { return r.offset.Rows() }

// Bytes implements [Rows].
func (r *record) Bytes() int { return r.bytes }

// Seal implements [Rows].
func (r *record) Seal(t time.Time) { r.storedAt.set(t) }

// Input implements [Rows].
func (r *record) Input() proto.Input { return r.input }

// Reset implements [Rows].
func (r *record) Reset() {
	r.input.Reset()
	r.bytes = 0
}

// Block gathers rows of access_events. It copies what it needs: nothing of an
// event is kept. It is not safe for concurrent use.
type Block struct {
	record
	fields     []func(*schema.AccessEvent) int
	attributes *pairs
	source     *coded
	rules      *list
	versions   *list
	policy     *coded
	replayOf   *text
}

// NewBlock makes an empty block. Its columns are those of [schema.Fields].
func NewBlock() *Block {
	b := &Block{
		record:     newRecord(EventsTable),
		attributes: &pairs{keys: newCoded()},
		source:     newCoded(), rules: &list{data: newCoded()}, versions: &list{data: newCoded()}, policy: newCoded(), replayOf: new(text),
	}
	for _, f := range schema.Fields() {
		c, add := fieldColumn(f)
		b.column(f.Column, c)
		b.fields = append(b.fields, add)
	}
	b.column("attributes", b.attributes)
	b.column("source", b.source)
	b.column("rules", b.rules)
	b.column("rule_versions", b.versions)
	b.column("policy_version", b.policy)
	b.column("replay_of", b.replayOf)
	return b
}

// fieldColumn makes the column of a field, and how to append to it.
func fieldColumn(f schema.Field) (proto.ColInput, func(*schema.AccessEvent) int) {
	switch f.Kind {
	case schema.String:
		if f.Distinct {
			c := newCoded()
			return c, func(e *schema.AccessEvent) int { return c.add(f.Str(e)) }
		}
		c := new(text)
		return c, func(e *schema.AccessEvent) int { return c.add(f.Str(e)) }
	case schema.Strings:
		c := &list{data: new(text)}
		if f.Distinct {
			c.data = newCoded()
		}
		return c, func(e *schema.AccessEvent) int { return c.add(f.Strs(e)) }
	case schema.Number:
		c := new(number)
		return c, func(e *schema.AccessEvent) int { return c.add(f.Num(e)) }
	case schema.Bool:
		c := new(flag)
		return c, func(e *schema.AccessEvent) int { return c.add(f.Flag(e)) }
	case schema.Addr:
		c := new(text)
		return c, func(e *schema.AccessEvent) int { return c.addAddr(f.Addr(e)) }
	case schema.Time:
		c := newInstant()
		return c, func(e *schema.AccessEvent) int { return c.add(f.Time(e)) }
	}
	panic("store: field " + f.Path + " has a kind without a column")
}

// Append adds one event. pos and kafkaTime are those of its Kafka record,
// source the name of its format, replayOf the origin of a replayed dead letter
// ("topic/partition/offset", normally "").
func (b *Block) Append(ev *schema.AccessEvent, pos schema.Position, kafkaTime time.Time, source, replayOf string) {
	b.add(pos, kafkaTime)
	for _, add := range b.fields {
		b.bytes += add(ev)
	}
	for _, a := range ev.Attributes {
		b.bytes += b.attributes.add(a.Key, a.Value)
	}
	b.bytes += b.attributes.end()
	b.bytes += b.source.add(source)
	b.bytes += b.rules.add(ev.Rules)
	b.bytes += b.versions.add(ev.RuleVersions)
	b.bytes += b.policy.add(ev.Enrichment.PolicyVersion)
	b.bytes += b.replayOf.add(replayOf)
}
