package store

import (
	"time"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/watchglass/watchglass/schema"
)

// rule holds the columns that say which rule it was.
type rule struct {
	id, title, level, version *coded
	tags                      *list
}

func (r *record) ruleColumns() rule {
	c := rule{newCoded(), newCoded(), newCoded(), newCoded(), &list{data: newCoded()}}
	r.column("rule", c.id)
	r.column("rule_title", c.title)
	r.column("rule_level", c.level)
	r.column("rule_version", c.version)
	r.column("rule_tags", c.tags)
	return c
}

func (c *rule) add(r schema.RuleRef) int {
	return c.id.add(r.ID) + c.title.add(r.Title) + c.level.add(r.Level) + c.version.add(r.Version) + c.tags.add(r.Tags)
}

func (r *record) newText(name string) *text {
	c := new(text)
	r.column(name, c)
	return c
}

func (r *record) newCoded(name string) *coded {
	c := newCoded()
	r.column(name, c)
	return c
}

func (r *record) newInstant(name string) *instant {
	c := newInstant()
	r.column(name, c)
	return c
}

func (r *record) newNumber(name string) *number {
	c := new(number)
	r.column(name, c)
	return c
}

func (r *record) newPairs(name string) *pairs {
	c := &pairs{keys: newCoded()}
	r.column(name, c)
	return c
}

func (c *pairs) addPairs(ps []schema.Pair) int {
	size := 0
	for _, p := range ps {
		size += c.add(p.Field, p.Value)
	}
	return size + c.end()
}

// AlertBlock gathers alerts.
type AlertBlock struct {
	record
	id            *text
	time, created *instant
	rule          rule
	accessor      *text
	group         *pairs
	topic         *coded
	partition     *proto.ColInt32
	offset        *proto.ColInt64
	evidence      *pairs
}

// NewAlertBlock makes an empty block.
func NewAlertBlock() *AlertBlock {
	b := &AlertBlock{record: newRecord(AlertsTable), partition: new(proto.ColInt32), offset: new(proto.ColInt64)}
	b.id = b.newText("id")
	b.time, b.created = b.newInstant("time"), b.newInstant("created")
	b.rule = b.ruleColumns()
	b.accessor = b.newText("accessor_id")
	b.group = b.newPairs("group_by")
	b.topic = b.newCoded("event_topic")
	b.column("event_partition", b.partition)
	b.column("event_offset", b.offset)
	b.evidence = b.newPairs("evidence")
	return b
}

// Append adds one alert; pos and kafkaTime are those of its record in topic `alerts`.
func (b *AlertBlock) Append(a *schema.Alert, pos schema.Position, kafkaTime time.Time) {
	b.add(pos, kafkaTime)
	b.bytes += b.id.add(a.ID) + b.time.add(a.Time) + b.created.add(a.Created) + b.rule.add(a.Rule) +
		b.accessor.add(a.Accessor) + b.group.addPairs(a.Group) +
		b.topic.add(a.Source.Topic) + b.evidence.addPairs(a.Evidence) + 12
	b.partition.Append(a.Source.Partition)
	b.offset.Append(a.Source.Offset)
}

// IncidentBlock gathers incident changes.
type IncidentBlock struct {
	record
	id, incident          *text
	generation, sequence  *number
	time                  *instant
	status, reason        *coded
	rule                  rule
	accessor              *text
	group                 *pairs
	alerts                *number
	firstAlert, lastAlert *text
	first, last           *instant
}

// NewIncidentBlock makes an empty block.
func NewIncidentBlock() *IncidentBlock {
	b := &IncidentBlock{record: newRecord(IncidentsTable)}
	b.id, b.incident = b.newText("id"), b.newText("incident")
	b.generation, b.sequence = b.newNumber("generation"), b.newNumber("sequence")
	b.time = b.newInstant("time")
	b.status, b.reason = b.newCoded("status"), b.newCoded("reason")
	b.rule = b.ruleColumns()
	b.accessor = b.newText("accessor_id")
	b.group = b.newPairs("group_by")
	b.alerts = b.newNumber("alerts")
	b.firstAlert, b.lastAlert = b.newText("first_alert"), b.newText("last_alert")
	b.first, b.last = b.newInstant("first"), b.newInstant("last")
	return b
}

// Append adds one change; pos and kafkaTime are those of its record in topic `incidents`.
func (b *IncidentBlock) Append(c *schema.IncidentChange, pos schema.Position, kafkaTime time.Time) {
	b.add(pos, kafkaTime)
	b.bytes += b.id.add(c.ID) + b.incident.add(c.Incident) + b.generation.add(uint64(c.Generation)) + b.sequence.add(c.Sequence) +
		b.time.add(c.Time) + b.status.add(c.Status) + b.reason.add(c.Reason) + b.rule.add(c.Rule) +
		b.accessor.add(c.Accessor) + b.group.addPairs(c.Group) + b.alerts.add(c.Alerts) +
		b.firstAlert.add(c.FirstAlert) + b.lastAlert.add(c.LastAlert) + b.first.add(c.First) + b.last.add(c.Last)
}

// DeliveryBlock gathers attempts to deliver a notification.
type DeliveryBlock struct {
	record
	id, notification, incident *text
	destination                *coded
	attempt                    *number
	time                       *instant
	verdict                    *coded
	status                     *number
	class                      *coded
	took                       *number
}

// NewDeliveryBlock makes an empty block.
func NewDeliveryBlock() *DeliveryBlock {
	b := &DeliveryBlock{record: newRecord(DeliveriesTable)}
	b.id, b.notification, b.incident = b.newText("id"), b.newText("notification"), b.newText("incident")
	b.destination = b.newCoded("destination")
	b.attempt = b.newNumber("attempt")
	b.time = b.newInstant("time")
	b.verdict = b.newCoded("verdict")
	b.status = b.newNumber("status")
	b.class = b.newCoded("error")
	b.took = b.newNumber("took_ns")
	return b
}

// Append adds one attempt; pos and kafkaTime are those of its record in topic `deliveries`.
func (b *DeliveryBlock) Append(d *schema.Delivery, pos schema.Position, kafkaTime time.Time) {
	b.add(pos, kafkaTime)
	b.bytes += b.id.add(d.ID) + b.notification.add(d.Notification) + b.incident.add(d.Incident) +
		b.destination.add(d.Destination) + b.attempt.add(uint64(d.Attempt)) + b.time.add(d.Time) +
		b.verdict.add(d.Verdict) + b.status.add(uint64(d.Status)) + b.class.add(d.Error) + b.took.add(uint64(max(d.Took, 0)))
}

// DeadLetter is one record that could not be handled, as topic `dead` carries
// it: the original bytes, and where they came from. It holds raw personal data.
type DeadLetter struct {
	Reason  schema.Reason
	Detail  string
	Source  schema.Position // of the record that could not be handled; its topic's incarnated name
	End     int64           // offset behind the last one it stands for; 0: it stands for one
	Time    time.Time       // its Kafka timestamp
	Key     []byte
	Value   []byte
	Headers []DeadHeader // the original headers, in order, without prefix
}

// DeadHeader is one original header; names may repeat.
type DeadHeader struct {
	Name  string
	Value []byte
}

// DeadBlock gathers dead letters.
type DeadBlock struct {
	record
	reason      *coded
	detail      *text
	topic       *coded
	partition   *proto.ColInt32
	offset, end *proto.ColInt64
	time        *instant
	key, value  *text
	names, data *list
}

// NewDeadBlock makes an empty block.
func NewDeadBlock() *DeadBlock {
	b := &DeadBlock{record: newRecord(DeadTable), partition: new(proto.ColInt32), offset: new(proto.ColInt64), end: new(proto.ColInt64)}
	b.reason, b.detail = b.newCoded("reason"), b.newText("detail")
	b.topic = b.newCoded("source_topic")
	b.column("source_partition", b.partition)
	b.column("source_offset", b.offset)
	b.column("source_end", b.end)
	b.time = b.newInstant("source_time")
	b.key, b.value = b.newText("key"), b.newText("value")
	b.names, b.data = &list{data: new(text)}, &list{data: new(text)}
	b.column("header_names", b.names)
	b.column("header_values", b.data)
	return b
}

// Append adds one dead letter; pos and kafkaTime are those of its record in topic `dead`.
func (b *DeadBlock) Append(d *DeadLetter, pos schema.Position, kafkaTime time.Time) {
	b.add(pos, kafkaTime)
	b.bytes += b.reason.add(string(d.Reason)) + b.detail.add(d.Detail) + b.topic.add(d.Source.Topic) + b.time.add(d.Time)
	b.partition.Append(d.Source.Partition)
	b.offset.Append(d.Source.Offset)
	b.end.Append(max(d.End, d.Source.Offset+1))
	b.key.AppendBytes(d.Key)
	b.value.AppendBytes(d.Value)
	b.bytes += 12 + len(d.Key) + len(d.Value) + 32
	for _, h := range d.Headers {
		b.bytes += b.names.data.add(h.Name) + b.data.data.add(string(h.Value))
	}
	b.bytes += b.names.add(nil) + b.data.add(nil)
}
