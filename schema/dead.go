package schema

// Reason says why a record became a dead letter. The set is closed and
// documented in docs/dead-letters.md; a test holds the two together.
type Reason string

// Reasons of the JSON contract, and those that every format shares.
const (
	ReasonEmpty          Reason = "empty"        // null or empty value
	ReasonTooLarge       Reason = "too_large"    // the record is over MaxRecordBytes
	ReasonMalformed      Reason = "malformed"    // not the format's syntax
	ReasonUTF8           Reason = "invalid_utf8" // not valid UTF-8
	ReasonDuplicate      Reason = "duplicate_member"
	ReasonDepth          Reason = "too_deep" // nested deeper than MaxDepth
	ReasonMissing        Reason = "missing_member"
	ReasonType           Reason = "wrong_type"
	ReasonRange          Reason = "out_of_range"  // a number that does not fit, or a negative count
	ReasonTooLong        Reason = "too_long"      // an id, text or list over its limit
	ReasonValue          Reason = "unknown_value" // action, outcome or kind outside its closed set
	ReasonTime           Reason = "invalid_time"  // not RFC 3339, nor epoch milliseconds
	ReasonTimeTooOld     Reason = "time_too_old"  // before the Kafka timestamp by more than the span
	ReasonTimeTooNew     Reason = "time_too_new"  // after it by more than the span
	ReasonAddress        Reason = "invalid_address"
	ReasonInvalidMessage Reason = "invalid_message"     // a record of one of our own topics that cannot be read
	ReasonRefused        Reason = "refused"             // a notification that its endpoint refused for good
	ReasonGap            Reason = "retention_gap"       // a span of offsets that Kafka removed before they were read
	ReasonPassed         Reason = "skipped_by_operator" // a span of offsets that an operator moved over
)

// Reasons returns the closed set, in documentation order.
func Reasons() []Reason {
	return []Reason{
		ReasonEmpty, ReasonTooLarge, ReasonMalformed, ReasonUTF8, ReasonDuplicate, ReasonDepth, ReasonMissing, ReasonType,
		ReasonRange, ReasonTooLong, ReasonValue, ReasonTime, ReasonTimeTooOld, ReasonTimeTooNew, ReasonAddress, ReasonInvalidMessage, ReasonRefused,
		ReasonGap, ReasonPassed,
	}
}

// PoisonError is the verdict on one record that can never be handled.
type PoisonError struct {
	Reason Reason
	Detail string // which member, which limit; never a value
}

func (e *PoisonError) Error() string { return string(e.Reason) + ": " + e.Detail }
