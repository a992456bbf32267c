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

// document is one YAML document of a rule file, checked but not compiled: a rule
// on single events, a rule over time, or a filter for other rules.
type document struct {
	f                 *faults // of its file
	rule              *Rule
	has               map[string]bool // the keys at its top
	idPos, taxonomyAt position
	sourceAt          position  // of logsource
	unknown           []entry   // top-level keys that Sigma does not name: custom ones
	searches          []*search // in the order of the file
	wanted            []*expression
	grouping          []scalar    // of our own group-by
	display           []scalar    // of `fields`
	targets           []scalar    // of a filter: the rules that it names
	filters           []*document // that apply to this rule
	over              *overTime   // of a correlation
	// made are the texts that the rule was made of: its file, then the filters, field
	// names and lists that came in. Its version is their hash.
	made []([]byte)
}

// knownKeys are the top-level attributes of a Sigma rule.
func knownKeys() []string {
	return []string{
		"title", "id", "name", "related", "taxonomy", "status", "description", "license", "references", "author", "date",
		"modified", "logsource", "detection", "correlation", "filter", "fields", "falsepositives", "level", "tags", "scope", "watchglass",
	}
}

// parseDocuments reads a file: what could be read, and faults for the rest.
func parseDocuments(file ruleFile, f *faults) (list []*document) {
	for _, body := range parseYAML(file.text, f) {
		if d := parseDocument(body, file, f); d != nil {
			list = append(list, d)
		}
	}
	return list
}

func parseDocument(body ast.Node, file ruleFile, f *faults) *document {
	top, ok := entries(body, "the rule", f)
	if !ok {
		return nil
	}
	d := &document{
		f: f, has: map[string]bool{}, made: [][]byte{file.text},
		rule: &Rule{File: file.name, Status: statusStable, Level: defaultLevel},
	}
	d.rule.source = d
	for _, e := range top {
		d.has[e.key] = true
		d.attribute(e, f)
	}
	if d.has["action"] {
		return nil // said by attribute
	}
	kinds := 0
	for _, key := range []string{"detection", "correlation", "filter"} {
		if d.has[key] {
			kinds++
		}
	}
	if kinds > 1 {
		f.add(start(body), "expected one of detection, correlation and filter: each is a document of its own")
	}
	d.require(start(body))
	return d
}

// require adds a fault for each attribute that is missing.
func (d *document) require(at position) {
	needed := []string{"title", "logsource", "detection"}
	switch {
	case d.isFilter():
		needed = []string{"title", "logsource"}
	case d.isOverTime():
		needed = []string{"title"}
	}
	for _, key := range needed {
		if !d.has[key] {
			d.f.add(at, "the rule has no %s: expected one", key)
		}
	}
	switch {
	case d.has["id"] || d.isFilter():
	case d.rule.Name != "":
		d.rule.ID = d.rule.Name
	default:
		d.f.add(at, "the rule has no id: expected one, a UUID: alerts are named after it")
	}
}

func (d *document) isFilter() bool   { return d.has["filter"] }
func (d *document) isOverTime() bool { return d.has["correlation"] }

// version is the hash of all that the rule was made of.
func (d *document) version() string {
	sum := sha256.New()
	for _, text := range d.made {
		sum.Write(text)
	}
	return hex.EncodeToString(sum.Sum(nil))[:versionDigits]
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
	case "name":
		d.rule.Name = text(e, f)
		if strings.ContainsFunc(r.Name, func(c rune) bool { return unicode.IsSpace(c) || unicode.IsControl(c) }) || len(r.Name) > 128 {
			f.add(start(e.value), "name has spaces or more than 128 bytes: expected one word")
		}
	case "taxonomy":
		d.rule.Taxonomy, d.taxonomyAt = text(e, f), start(e.value)
	case "license":
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
		d.rule.LogSource = logSource(e, f)
	case "detection":
		d.detection(e, f)
	case "filter":
		d.filter(e, f)
	case "correlation":
		d.correlation(e, f)
	case "watchglass":
		d.own(e, f)
	case "related":
	case "action":
		f.add(e.pos, "a rule collection (action: global, reset, repeat) of Sigma 1: expected a whole rule per document")
	default:
		d.unknown = append(d.unknown, e)
	}
}

func logSource(e entry, f *faults) (l LogSource) {
	list, _ := entries(e.value, e.key, f)
	for _, part := range list {
		switch part.key {
		case "category":
			l.Category = text(part, f)
		case "product":
			l.Product = text(part, f)
		case "service":
			l.Service = text(part, f)
		}
	}
	return l
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
