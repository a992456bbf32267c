package alert

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/watchglass/watchglass/schema"
)

const (
	// MaxValueBytes is how much of one value an alert keeps as evidence: an
	// alert stays far below Kafka's limit for a record. The event has the rest.
	MaxValueBytes = 1 << 10

	listSeparator = ", "
	cutMark       = "…"
)

// evidenceValue is a field's value as text, cut after MaxValueBytes.
func evidenceValue(f *schema.Field, ev *schema.AccessEvent) string {
	if f.Kind == schema.Strings {
		return joinUpTo(f.Strs(ev), MaxValueBytes)
	}
	return cut(scalar(f, ev), MaxValueBytes)
}

// groupValue is a field's value as it goes into an incident's key: two values
// that differ must give two texts, so none is cut, and a list whose items hold
// the separator is written as JSON. What is too long is hashed.
func groupValue(f *schema.Field, ev *schema.AccessEvent) string {
	text := scalar(f, ev)
	if f.Kind == schema.Strings {
		items := f.Strs(ev)
		text = strings.Join(items, listSeparator)
		if slices.ContainsFunc(items, func(item string) bool { return strings.Contains(item, listSeparator) }) {
			quoted, _ := json.Marshal(items) // a []string always marshals
			text = string(quoted)
		}
	}
	return keyText(text)
}

// keyText hashes what is too long for a key.
func keyText(text string) string {
	if len(text) > MaxValueBytes {
		sum := sha256.Sum256([]byte(text))
		return "sha256:" + hex.EncodeToString(sum[:])
	}
	return text
}

// scalar is the text of a field that is not a list, "" for one that is.
func scalar(f *schema.Field, ev *schema.AccessEvent) string {
	switch f.Kind {
	case schema.Number:
		return strconv.FormatUint(f.Num(ev), 10)
	case schema.Bool:
		return strconv.FormatBool(f.Flag(ev))
	case schema.Addr:
		if addr := f.Addr(ev); addr.IsValid() {
			return addr.String()
		}
		return ""
	case schema.Time:
		if t := f.Time(ev); !t.IsZero() {
			return t.UTC().Format(time.RFC3339Nano)
		}
		return ""
	case schema.Strings:
		return ""
	default:
		return f.Str(ev)
	}
}

// joinUpTo joins a list, and stops once it is longer than limit: an export of
// 10,000 subjects must not be joined to be thrown away.
func joinUpTo(items []string, limit int) string {
	var b strings.Builder
	for i, item := range items {
		if i > 0 {
			b.WriteString(listSeparator)
		}
		b.WriteString(item)
		if b.Len() > limit {
			break
		}
	}
	return cut(b.String(), limit)
}

// cut shortens a text to at most limit bytes, at a rune, and marks the cut.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	end := max(limit-len(cutMark), 0)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + cutMark
}
