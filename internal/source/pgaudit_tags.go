package source

import (
	"bytes"
	"net/url"
	"slices"
	"strings"

	"github.com/watchglass/watchglass/schema"
)

// tags reads the sqlcommenter tags of the statement: comments that consist of
// key='value' pairs and nothing else. `purpose` (or `kind`), `ticket`,
// `reason` and `on_behalf_of` are taken from the last that has them, the ids
// of all `subject` tags are added up, and other tags become attributes
// `tag.<key>`.
//
// Format: https://google.github.io/sqlcommenter/spec/
func (d *pgauditDecoder) tags(ev *schema.AccessEvent) {
	if !bytes.Contains(d.entry.statement, []byte("/*")) {
		return
	}
	sent := 0
	walkSQL(d.entry.statement, func(comment []byte) {
		for _, t := range parseTags(comment) {
			switch t.key {
			case "purpose", "kind":
				ev.Purpose.Kind = d.purposes.get(d.bounded(t.key, t.value, schema.MaxIDBytes), &d.chunk)
			case "ticket":
				ev.Purpose.Ticket = d.limited(t.key, t.value, schema.MaxIDBytes)
			case "reason":
				ev.Purpose.Reason = d.limited(t.key, t.value, schema.MaxReasonBytes)
			case "on_behalf_of":
				ev.Accessor.OnBehalfOf = d.limited(t.key, t.value, schema.MaxIDBytes)
			case "subject", "subjects":
				for id := range bytes.SplitSeq(t.value, []byte{','}) {
					if id = bytes.TrimSpace(id); len(id) == 0 {
						continue
					}
					sent++
					if len(ev.Subject.IDs) < schema.MaxSubjectIDs {
						ev.Subject.IDs = append(ev.Subject.IDs, d.limited("subject", id, schema.MaxIDBytes))
					}
				}
			default:
				d.tag(t)
			}
		}
	}, nil)
	ev.Subject.Count, ev.Subject.Truncated = uint64(sent), sent > len(ev.Subject.IDs)
}

// tag keeps a tag that has no member of its own; the last of one key wins.
func (d *pgauditDecoder) tag(t tag) {
	key := "tag." + t.key
	d.attributes.met = slices.DeleteFunc(d.attributes.met, func(a attribute) bool {
		if a.Key != key {
			return false
		}
		d.attributes.kept--
		return true
	})
	if len(key) > schema.MaxIDBytes || d.attributes.kept >= maxTags {
		if !slices.Contains(d.cut, "tag") {
			d.cut = append(d.cut, "tag")
		}
		return
	}
	d.note(key, t.value)
}

// maxTags leaves room among the attributes for those of the line itself.
const maxTags = schema.MaxAttributes - 16

type tag struct {
	key   string
	value []byte
}

// parseTags reads the inside of a comment; a comment that is anything but tags
// gives none.
func parseTags(b []byte) []tag {
	var tags []tag
	for b = bytes.TrimSpace(b); len(b) > 0; {
		key, rest, ok := bytes.Cut(b, []byte{'='})
		rest = bytes.TrimLeft(rest, " \t\r\n")
		if !ok || len(rest) == 0 || rest[0] != '\'' {
			return nil
		}
		key = bytes.TrimSpace(key)
		if len(key) == 0 || bytes.ContainsAny(key, "' \t\r\n,") {
			return nil
		}
		end := 1
		for end < len(rest) && rest[end] != '\'' {
			if rest[end] == '\\' {
				end++
			}
			end++
		}
		if end >= len(rest) {
			return nil
		}
		tags = append(tags, tag{key: decodeTag(key), value: []byte(decodeTag(rest[1:end]))})
		b = bytes.TrimLeft(rest[end+1:], " \t\r\n")
		if len(b) > 0 {
			if b[0] != ',' {
				return nil
			}
			b = bytes.TrimLeft(b[1:], " \t\r\n")
		}
	}
	return tags
}

// decodeTag undoes the escaping of quotes and the URL encoding. What is not
// URL encoding stays as it is; what is not UTF-8 afterwards is replaced.
func decodeTag(b []byte) string {
	s := strings.ReplaceAll(string(b), `\'`, `'`)
	if decoded, err := url.PathUnescape(s); err == nil {
		s = decoded
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
