package alert

import (
	"errors"
	"time"
)

// Settings are what the decisions about incidents depend on besides state,
// alert and time.
type Settings struct {
	Identity Identity
	// HashAccessor puts a keyed hash in place of the accessor's id into
	// notifications. It needs an Identity with a key.
	HashAccessor bool
	// UpdateInterval is the least time between two notifications of one open
	// incident. 0: every alert notifies.
	UpdateInterval time.Duration
	// Quiet is how long no alert may arrive before an incident is resolved.
	Quiet time.Duration
	// Remember is how long a resolved incident is kept: a copy of one of its
	// alerts is recognised that long, and a new alert reopens it as a new
	// generation. Afterwards the key is forgotten.
	Remember time.Duration
	// Recent is how many alerts one incident recognises, see Seen.
	Recent int
}

// DefaultSettings are right for most: updates every 5 minutes, resolved after
// an hour, remembered for 7 days.
func DefaultSettings() Settings {
	return Settings{
		UpdateInterval: 5 * time.Minute,
		Quiet:          time.Hour,
		Remember:       7 * 24 * time.Hour,
		Recent:         DefaultRecent,
	}
}

// Validate reports the first setting that cannot work.
func (s *Settings) Validate() error {
	switch {
	case s.UpdateInterval < 0:
		return errors.New("update interval of incidents must not be negative")
	case s.Quiet <= 0:
		return errors.New("quiet time of incidents must be positive")
	case s.Remember <= 0:
		return errors.New("time to remember resolved incidents must be positive")
	case s.Recent < 1:
		return errors.New("number of alerts that an incident recognises must be at least 1")
	case s.HashAccessor && !s.Identity.Keyed():
		return errors.New("hashed accessor references need a key for incident ids")
	}
	return nil
}
