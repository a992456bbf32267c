package enrich

import (
	"fmt"
	"slices"
	"strings"

	"github.com/watchglass/watchglass/schema"
)

// Explanation says what the policy makes of a resource, and because of which lines.
type Explanation struct {
	Store, Dataset string
	Fields         []FieldExplanation // one for each field; for none, one for each entry that matches the dataset
	Categories     []string
	Silo           string
	Clearance      string // that the silo asks for
	Regions        []string
	Residents      string
	Restrictions   []Restriction // that cover the resource
}

// FieldExplanation names the entry of the catalog that decides about a field.
type FieldExplanation struct {
	Field      string // "" when the explanation is for all fields
	File       string
	Line       int // 0 when nothing matches
	Categories []string
	Silo       string
	Residents  string
}

// Restriction is an entry of jurisdictions.yaml.
type Restriction struct {
	Countries []string
	Grounds   []string
	Reason    string
}

// ParseTarget reads what `check --explain` is given: dataset.field, with
// store: in front to name the store. The dataset may hold dots; an empty or `*`
// field stands for all of them.
func ParseTarget(text string) (store, dataset string, fields []string, err error) {
	rest := text
	if before, after, ok := strings.Cut(text, ":"); ok {
		store, rest = before, after
	}
	at := strings.LastIndexByte(rest, '.')
	if at <= 0 {
		return "", "", nil, fmt.Errorf("explain %q: expected dataset.field, or store:dataset.field (dataset.* for all fields)", text)
	}
	dataset = rest[:at]
	if field := rest[at+1:]; field != "" && field != "*" {
		fields = []string{field}
	}
	return store, dataset, fields, nil
}

// Explain says how the policy judges these fields of a dataset (no fields: as
// an event that names none). An empty store stands for any.
func (s *Snapshot) Explain(store, dataset string, fields []string) Explanation {
	c := s.parts.catalog
	k := c.classify(store, dataset, fields)
	x := Explanation{Store: store, Dataset: dataset, Categories: k.categories, Residents: k.residents}
	if k.silo != nil {
		x.Silo, x.Clearance, x.Regions = k.silo.ID, k.silo.Clearance, k.silo.Regions
	}
	add := func(field string, at int) {
		fe := FieldExplanation{Field: field, File: c.file, Categories: []string{schema.Unclassified}}
		if at >= 0 {
			e := &c.entries[at]
			fe.Line, fe.Categories, fe.Silo, fe.Residents = e.line, e.Categories, e.Silo, e.Residents
		}
		x.Fields = append(x.Fields, fe)
	}
	for i, field := range fields {
		add(field, k.byField[i])
	}
	if len(fields) == 0 {
		for _, at := range k.entries {
			add("", at)
		}
		if len(k.entries) == 0 {
			add("", -1)
		}
	}
	for i := range s.parts.jurisdictions.restricted {
		r := &s.parts.jurisdictions.restricted[i]
		if !r.covers(x.Silo, x.Residents) {
			continue
		}
		var grounds []string
		for g, yes := range r.grounds {
			if yes {
				grounds = append(grounds, ground(g).String())
			}
		}
		x.Restrictions = append(x.Restrictions, Restriction{Countries: slices.Clone(r.Countries), Grounds: grounds, Reason: r.Reason})
	}
	return x
}

// String is the text that `check --explain` prints.
func (x Explanation) String() string {
	var b strings.Builder
	for _, f := range x.Fields {
		name := x.Dataset + ".*"
		if f.Field != "" {
			name = x.Dataset + "." + f.Field
		}
		fmt.Fprintf(&b, "%s: %s", name, strings.Join(f.Categories, ", "))
		if f.Line == 0 {
			fmt.Fprintf(&b, " (no entry of %s matches)\n", f.File)
		} else {
			fmt.Fprintf(&b, " (%s:%d)\n", f.File, f.Line)
		}
	}
	line := func(what, value string) {
		if value != "" {
			fmt.Fprintf(&b, "  %-12s %s\n", what, value)
		}
	}
	line("categories", strings.Join(x.Categories, ", "))
	line("silo", x.Silo)
	line("clearance", x.Clearance)
	line("regions", strings.Join(x.Regions, ", "))
	line("residents", x.Residents)
	for _, r := range x.Restrictions {
		line("restricted", fmt.Sprintf("%s, by %s: %s", strings.Join(r.Countries, " "), strings.Join(r.Grounds, ", "), r.Reason))
	}
	if len(x.Restrictions) == 0 {
		line("restricted", "to nobody")
	}
	return b.String()
}
