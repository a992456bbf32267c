// Package source turns the bytes of one log format into access events: a file
// (or a few) per format, and one contract, [Decoder].
//
// A record passes three gates. strict.go refuses what is not strict JSON in
// UTF-8 within the limits, before anything is parsed; reader.go parses it with
// fastjson and reads members by type, limit and uniqueness; the format itself
// (json.go, pgaudit.go) says what each member means. The first fault found
// decides the reason of the dead letter.
//
// The package promises that the verdict on a record depends on nothing but its
// bytes, its Kafka timestamp and the configured span: not on the clock, nor on
// what was decoded before. Exactly-once storage rests on that.
package source

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/watchglass/watchglass/schema"
)

// ErrSkipped says that a record is no access record, and rightly so: a line of
// a database's log that is no audit line. It is neither a row nor a dead
// letter; the caller counts it.
var ErrSkipped = errors.New("not an access record")

// Decoder turns the value of one record into an event.
//
// It is not safe for concurrent use: make one per partition.
type Decoder interface {
	// Decode resets ev and fills it from value; at is the record's Kafka
	// timestamp. value is not retained. Strings placed in ev stay valid for
	// as long as anyone holds them; the slices of ev are written again by the
	// next Decode into the same ev. The error is nil, ErrSkipped, or a
	// *schema.PoisonError; after an error the content of ev is unspecified.
	Decode(value []byte, at time.Time, ev *schema.AccessEvent) error
}

// Config holds what operators may set. The zero Config means schema.DefaultMaxAge
// and schema.DefaultMaxAhead.
type Config struct {
	MaxAge   time.Duration // how far an event's time may be before the record's Kafka timestamp
	MaxAhead time.Duration // and how far after it; 0 means not at all
}

// Names of the formats.
const (
	JSON    = "json"    // the contract, docs/schema.md
	PGAudit = "pgaudit" // PostgreSQL's jsonlog with pgaudit
)

// Formats returns the names that New takes, in documentation order.
func Formats() []string { return []string{JSON, PGAudit} }

// New makes a decoder for a format. It fails on a name that is not one of
// Formats and on a negative span.
func New(format string, c Config) (Decoder, error) {
	if c.MaxAge < 0 || c.MaxAhead < 0 {
		return nil, fmt.Errorf("span of event times: max age %s and max ahead %s must not be negative", c.MaxAge, c.MaxAhead)
	}
	if c == (Config{}) {
		c = Config{MaxAge: schema.DefaultMaxAge, MaxAhead: schema.DefaultMaxAhead}
	}
	switch format {
	case JSON:
		return newJSON(c), nil
	case PGAudit:
		return newPGAudit(c), nil
	default:
		return nil, fmt.Errorf("unknown format %q: use one of %s", format, strings.Join(Formats(), ", "))
	}
}
