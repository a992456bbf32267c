package store

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/watchglass/watchglass/schema"
)

// RunBlock gathers runs of rules over time.
type RunBlock struct {
	record
	id                             *text
	rule, version, status, failure *coded
	sequence, took, rows, alerts   *number
	readRows, readBytes            *number
	from, to                       *pairs
	judged, started                *instant
}

// NewRunBlock makes an empty block.
func NewRunBlock() *RunBlock {
	b := &RunBlock{record: newRecord(RunsTable)}
	b.id = b.newText("id")
	b.rule, b.version, b.status = b.newCoded("rule"), b.newCoded("rule_version"), b.newCoded("status")
	b.sequence = b.newNumber("sequence")
	b.from, b.to = b.newPairs("offsets_from"), b.newPairs("offsets_to")
	b.judged, b.started = b.newInstant("judged"), b.newInstant("started")
	b.took, b.rows, b.alerts = b.newNumber("took_ms"), b.newNumber("rows"), b.newNumber("alerts")
	b.readRows, b.readBytes = b.newNumber("read_rows"), b.newNumber("read_bytes")
	b.failure = b.newCoded("error")
	return b
}

// Append adds one run; pos and kafkaTime are those of its record in topic `correlations`.
func (b *RunBlock) Append(r *schema.CorrelationRun, pos schema.Position, kafkaTime time.Time) {
	b.add(pos, kafkaTime)
	b.bytes += b.id.add(r.ID) + b.rule.add(r.Rule) + b.version.add(r.Version) + b.status.add(r.Status) + b.sequence.add(r.Sequence) +
		b.from.addOffsets(r.From) + b.to.addOffsets(r.To) + b.judged.add(r.Judged) + b.started.add(r.Started) +
		b.took.add(uint64(max(r.Took.Milliseconds(), 0))) + b.rows.add(r.Rows) + b.alerts.add(r.Alerts) +
		b.readRows.add(r.ReadRows) + b.readBytes.add(r.ReadBytes) + b.failure.add(r.Error)
}

func (c *pairs) addOffsets(offsets map[string]int64) int {
	size := 0
	for _, place := range slices.Sorted(maps.Keys(offsets)) {
		size += c.add(place, strconv.FormatInt(offsets[place], 10))
	}
	return size + c.end()
}
