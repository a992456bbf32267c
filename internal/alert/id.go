package alert

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"github.com/watchglass/watchglass/schema"
)

// idBytes is how much of a SHA-256 an id keeps: 128 bits, 32 hex digits. Two
// of a trillion alerts collide with a chance of about 1 in 10^15.
const idBytes = 16

// ID is the id of the alert that a rule raised for one record: a replay of the
// record makes the same one, also under a newer version of the rule.
func ID(rule string, pos schema.Position) string {
	b := appendText(nil, "watchglass alert 1")
	b = appendText(b, rule)
	b = appendText(b, pos.Topic)
	b = binary.BigEndian.AppendUint32(b, uint32(pos.Partition))
	b = binary.BigEndian.AppendUint64(b, uint64(pos.Offset))
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:idBytes])
}

// appendText writes a length before the text, so that no two lists of texts
// have the same bytes.
func appendText(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}
