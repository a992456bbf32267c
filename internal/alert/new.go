package alert

import (
	"fmt"
	"time"

	"github.com/watchglass/watchglass/schema"
)

const accessorField = "accessor.id"

// Rule is what an alert needs to know of a rule, resolved once when the rule
// is loaded. It is immutable and safe for concurrent use.
type Rule struct {
	ref      schema.RuleRef
	group    []schema.Field
	evidence []schema.Field
	looked   int // how many of evidence the rule looked at; the rest is context
}

// NewRule resolves the paths of the fields that a rule looks at, and of those
// it groups by (none: the accessor). An unknown path is an error that names it.
func NewRule(ref schema.RuleRef, looked, groupBy []string) (*Rule, error) {
	r := &Rule{ref: ref}
	if len(groupBy) == 0 {
		groupBy = []string{accessorField}
	}
	var err error
	if r.group, err = resolve(ref.ID, nil, groupBy); err != nil {
		return nil, err
	}
	if r.evidence, err = resolve(ref.ID, nil, looked); err != nil {
		return nil, err
	}
	r.looked = len(r.evidence)
	if r.evidence, err = resolve(ref.ID, r.evidence, contextFields()); err != nil {
		return nil, err
	}
	return r, nil
}

// resolve appends the fields of the paths that are not in the list yet.
func resolve(rule string, fields []schema.Field, paths []string) ([]schema.Field, error) {
	have := make(map[string]bool, len(fields)+len(paths))
	for _, f := range fields {
		have[f.Path] = true
	}
	for _, path := range paths {
		if have[path] {
			continue
		}
		f, ok := schema.Lookup(path)
		if !ok {
			return nil, fmt.Errorf("rule %s: unknown field %q", rule, path)
		}
		have[path] = true
		fields = append(fields, f)
	}
	return fields, nil
}

// contextFields are in the evidence of every alert, where they are not empty:
// what a notification is made of, and what an analyst asks next.
func contextFields() []string {
	return []string{
		"action", "outcome", accessorField, "accessor.kind", "accessor.on_behalf_of", "accessor.employer", "accessor.unit",
		"accessor.network_country", "accessor.location_state", "accessor.jurisdictions", "accessor.restricted_by",
		"origin.client", "resource.store", "resource.region", "resource.dataset", "resource.silo", "resource.residents",
		"data.categories", "subject.groups", "subject.count", "purpose.kind", "purpose.ticket",
	}
}

// New makes the alert of one event that a rule matched. Fields that the rule
// looked at are in the evidence even when they are empty: their emptiness may
// be what matched. The alert keeps no reference to the event, but shares its
// strings.
func New(r *Rule, ev *schema.AccessEvent, pos schema.Position, now time.Time) schema.Alert {
	a := schema.Alert{
		ID:       ID(r.ref.ID, pos),
		Time:     ev.Time,
		Created:  now,
		Rule:     r.ref,
		Accessor: ev.Accessor.ID,
		Source:   pos,
		Group:    make([]schema.Pair, 0, len(r.group)),
		Evidence: make([]schema.Pair, 0, len(r.evidence)),
	}
	for i := range r.group {
		a.Group = append(a.Group, schema.Pair{Field: r.group[i].Path, Value: groupValue(&r.group[i], ev)})
	}
	for i := range r.evidence {
		if v := evidenceValue(&r.evidence[i], ev); v != "" || i < r.looked {
			a.Evidence = append(a.Evidence, schema.Pair{Field: r.evidence[i].Path, Value: v})
		}
	}
	return a
}
