package alert

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/watchglass/watchglass/schema"
)

// MinKeyBytes is the shortest key that [NewIdentity] takes.
const MinKeyBytes = 16

// ErrShortKey says that a key for incident ids is too short to be one.
var ErrShortKey = errors.New("key for incident ids is too short")

// Key names what alerts are gathered under: the rule and its group-by values.
// It holds personal data (an accessor id, sometimes a subject's) and never
// leaves the company; see [Identity.IncidentID].
type Key string

// KeyOf gives the key of an alert: its rule and group, or its accessor where
// the rule has no group-by. The order of the group's fields does not matter.
func KeyOf(a *schema.Alert) Key { return keyOf(a.Rule.ID, groupOf(a)) }

func keyOf(rule string, group []schema.Pair) Key {
	group = slices.Clone(group)
	slices.SortStableFunc(group, func(x, y schema.Pair) int { return strings.Compare(x.Field, y.Field) })
	b := appendText(nil, rule)
	for _, p := range group {
		b = appendText(appendText(b, p.Field), p.Value)
	}
	return Key(b)
}

func groupOf(a *schema.Alert) []schema.Pair {
	if len(a.Group) > 0 {
		return a.Group
	}
	return []schema.Pair{{Field: accessorField, Value: a.Accessor}}
}

// Hash is the key's plain SHA-256, in hex: for the keys of internal topics
// only, as whoever can guess an accessor id can confirm it.
func (k Key) Hash() string {
	sum := sha256.Sum256([]byte(k))
	return hex.EncodeToString(sum[:idBytes])
}

// Identity makes the ids that leave the company.
//
// With a key they are HMAC-SHA-256, and tell a receiver nothing about the
// accessor or subject in an incident's key. Without one they are plain
// SHA-256: who knows the rule and can list the accessor ids can find out which
// one it was. Configure a key wherever that matters. A new key gives new ids to
// incidents opened from then on; open ones keep theirs.
type Identity struct{ key []byte }

// NewIdentity takes the key, or nil for none. A key of fewer than MinKeyBytes
// bytes is an error.
func NewIdentity(key []byte) (Identity, error) {
	if len(key) > 0 && len(key) < MinKeyBytes {
		return Identity{}, fmt.Errorf("%w: %d bytes, want at least %d", ErrShortKey, len(key), MinKeyBytes)
	}
	return Identity{key: slices.Clone(key)}, nil
}

// Keyed tells whether ids are keyed hashes.
func (i Identity) Keyed() bool { return len(i.key) > 0 }

// IncidentID is the id of a key's incident when it is opened for the
// generation-th time, from 1. 32 hex digits.
func (i Identity) IncidentID(key Key, generation uint32) string {
	b := appendText(nil, "watchglass incident 1")
	b = appendText(b, string(key))
	return i.sum(binary.BigEndian.AppendUint32(b, generation))
}

// AccessorID is a reference to an accessor that does not name them: the same
// for the same accessor as long as the key is. 32 hex digits.
func (i Identity) AccessorID(accessor string) string {
	return i.sum(appendText(appendText(nil, "watchglass accessor 1"), accessor))
}

func (i Identity) sum(b []byte) string {
	if !i.Keyed() {
		sum := sha256.Sum256(b)
		return hex.EncodeToString(sum[:idBytes])
	}
	mac := hmac.New(sha256.New, i.key)
	mac.Write(b)
	return hex.EncodeToString(mac.Sum(nil)[:idBytes])
}
