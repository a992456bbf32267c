package sigma

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"unicode"

	"github.com/goccy/go-yaml/ast"
	"github.com/watchglass/watchglass/schema"
)

// document is one rule file, checked but not compiled.
type document struct {
	rule     *Rule
	idPos    position
	searches []*search // in the order of the file
	wanted   []*expression
	unknown  []entry // top-level keys that Sigma does not name: custom ones
	grouping []scalar
	display  []scalar // of `fields`
	sourceAt position // of logsource
}

// knownKeys are the top-level attributes of a Sigma rule.
func knownKeys() []string {
	return []string{
		"title", "id", "name", "related", "taxonomy", "status", "description", "license", "references", "author", "date",
		"modified", "logsource", "detection", "fields", "falsepositives", "level", "tags", "scope", "watchglass",
	}
}

// parseDocument reads a file; nil, or a document that holds what could be read,
// and faults for the rest.
func parseDocument(file ruleFile, f *faults) *document {
	body := parseYAML(file.text, f)
	if body == nil {
		return nil
	}
	top, ok := entries(body, "the rule", f)
	if !ok {
		return nil
	}
	sum := sha256.Sum256(file.text)
	d := &document{rule: &Rule{
		File: file.name, Status: statusStable, Level: defaultLevel, Version: hex.EncodeToString(sum[:])[:versionDigits],
	}}
	d.rule.source = d
	have := map[string]bool{}
	for _, e := range top {
		have[e.key] = true
		d.attribute(e, f)
	}
	if have["correlation"] || have["filter"] || have["action"] {
		return nil // said once, by attribute
	}
	for _, key := range []string{"title", "id", "logsource", "detection"} {
		if !have[key] {
			f.add(start(body), "the rule has no %s: expected one%s", key, map[string]string{"id": ", a UUID: alerts are named after it"}[key])
		}
	}
	return d
}

// attribute reads one top-level key.
func (d *document) attribute(e entry, f *faults) {
	r := d.rule
	switch e.key {
	case "title":
		if r.Title = text(e, f); len([]rune(r.Title)) > 256 {
			f.add(e.pos, "title has more than 256 characters")
		}
	case "id":
		d.idPos, r.ID = start(e.value), text(e, f)
		if strings.ContainsFunc(r.ID, func(c rune) bool { return unicode.IsSpace(c) || unicode.IsControl(c) }) || len(r.ID) > 128 {
			f.add(d.idPos, "id has spaces or more than 128 bytes: expected a UUID")
		}
	case "status":
		r.Status = oneOf(e, []string{statusStable, statusTest, statusExperimental, statusDeprecated, statusUnsupported}, f)
		if r.Status == statusUnsupported {
			f.add(start(e.value), "status is unsupported: by its author's word the rule cannot be used; remove the file or mend the rule")
		}
	case "level":
		r.Level = oneOf(e, schema.Levels(), f)
	case "description":
		r.Description = text(e, f)
	case "author":
		r.Author = text(e, f)
	case "date", "modified":
		value := text(e, f)
		if !isDate(value) {
			f.add(start(e.value), "%s is no date: expected YYYY-MM-DD", e.key)
		}
		if e.key == "date" {
			r.Date = value
		}
	case "name", "taxonomy", "license":
		text(e, f)
	case "references":
		r.References = texts(e, f)
	case "falsepositives":
		r.FalsePositives = texts(e, f)
	case "tags":
		r.Tags = texts(e, f)
	case "scope":
		texts(e, f)
	case "fields":
		d.display = scalars(e, f)
	case "logsource":
		d.sourceAt = e.pos
		d.logSource(e, f)
	case "detection":
		d.detection(e, f)
	case "watchglass":
		d.own(e, f)
	case "related":
	case "correlation":
		f.add(e.pos, "a correlation rule: not supported yet, expected a rule with detection")
	case "filter":
		f.add(e.pos, "a filter rule: not supported yet, expected a rule with detection")
	case "action":
		f.add(e.pos, "a rule collection (action: global, reset, repeat) of Sigma 1: expected one rule per file")
	default:
		d.unknown = append(d.unknown, e)
	}
}

func (d *document) logSource(e entry, f *faults) {
	list, _ := entries(e.value, "logsource", f)
	for _, part := range list {
		switch part.key {
		case "category":
			d.rule.LogSource.Category = text(part, f)
		case "product":
			d.rule.LogSource.Product = text(part, f)
		case "service":
			d.rule.LogSource.Service = text(part, f)
		}
	}
}

// own reads our custom attribute: `watchglass: {group-by: [...]}`.
func (d *document) own(e entry, f *faults) {
	list, _ := entries(e.value, "watchglass", f)
	for _, part := range list {
		if part.key != "group-by" {
			f.add(part.pos, "unknown key %q in watchglass: expected group-by", part.key)
			continue
		}
		d.grouping = scalars(part, f)
		if len(d.grouping) == 0 {
			f.add(part.pos, "group-by is empty: expected fields")
		}
	}
}

// text reads a single value as it was written; null is refused.
func text(e entry, f *faults) string {
	s, ok := scalarOf(e.value)
	if !ok || s.kind == kindNull || strings.TrimSpace(s.text) == "" {
		f.add(start(e.value), "%s is %s: expected a text", e.key, emptyOr(e.value, s, ok))
		return ""
	}
	return s.text
}

func emptyOr(n ast.Node, s scalar, isScalar bool) string {
	if isScalar && s.kind == kindText {
		return "empty"
	}
	return describe(n)
}

func scalars(e entry, f *faults) []scalar {
	if s, ok := scalarOf(e.value); ok && s.kind == kindNull {
		return nil
	}
	var list []scalar
	for _, n := range items(e.value) {
		s, ok := scalarOf(n)
		if !ok || s.kind == kindNull {
			f.add(start(n), "%s holds %s: expected texts", e.key, describe(n))
			continue
		}
		list = append(list, s)
	}
	return list
}

func texts(e entry, f *faults) []string {
	var list []string
	for _, s := range scalars(e, f) {
		list = append(list, s.text)
	}
	return list
}

func oneOf(e entry, allowed []string, f *faults) string {
	value := text(e, f)
	if value != "" && !slices.Contains(allowed, value) {
		f.add(start(e.value), "unknown %s %q:%s expected %s", e.key, value, suggestion(value, allowed), strings.Join(allowed, ", "))
	}
	return value
}

// isDate reports YYYY-MM-DD; Sigma 1 rules write YYYY/MM/DD.
func isDate(s string) bool {
	if len(s) != len("2006-01-02") {
		return false
	}
	for i := range len(s) {
		switch {
		case i == 4 || i == 7:
			if s[i] != '-' && s[i] != '/' || s[i] != s[4] {
				return false
			}
		case s[i] < '0' || s[i] > '9':
			return false
		}
	}
	return true
}
