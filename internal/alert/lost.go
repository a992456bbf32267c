package alert

import (
	"strconv"
	"time"

	"github.com/watchglass/watchglass/schema"
)

// Rules of Watchglass's own alerts: records that nobody will ever see are a
// gap in the evidence, and somebody may want there to be one.
const (
	RuleRetention = "watchglass.retention_gap"       // Kafka removed records before they were read
	RulePassed    = "watchglass.skipped_by_operator" // an operator moved the offset over records
)

// Lost makes the alert for a span of offsets that will never be stored:
// [from,to) of a partition. Its id depends on the rule and the place only.
func Lost(rule string, at schema.Position, to int64, now time.Time) schema.Alert {
	title := "Kafka's retention removed records of " + at.Topic + " before they were read"
	if rule == RulePassed {
		title = "An operator skipped records of " + at.Topic
	}
	partition := strconv.Itoa(int(at.Partition))
	return schema.Alert{
		ID: ID(rule, at), Time: now, Created: now, Source: at,
		Rule:  schema.RuleRef{ID: rule, Title: title, Level: "critical"},
		Group: []schema.Pair{{Field: "kafka.topic", Value: at.Topic}, {Field: "kafka.partition", Value: partition}},
		Evidence: []schema.Pair{
			{Field: "kafka.topic", Value: at.Topic},
			{Field: "kafka.partition", Value: partition},
			{Field: "kafka.offset", Value: strconv.FormatInt(at.Offset, 10)},
			{Field: "kafka.offsets", Value: strconv.FormatInt(to-at.Offset, 10)},
		},
	}
}
