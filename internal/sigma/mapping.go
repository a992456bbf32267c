package sigma

import "github.com/goccy/go-yaml/ast"

// mapping is a file NAME.fields.yml beside the rules: what the fields of rules that
// were written for another product are called here, so that their files can stay
// as they were published.
//
//	taxonomy: ecs                 # for rules of this taxonomy,
//	logsource: {product: okta}    # and for this log source (one of the two, or both)
//	fields:
//	    user.name: accessor.id
//	becomes: {category: data_access, product: watchglass}
type mapping struct {
	file     string
	text     []byte
	taxonomy string
	source   LogSource
	becomes  LogSource
	fields   map[string]string
}

func parseMapping(file ruleFile, f *faults) *mapping {
	body := parseOne(file.text, f)
	if body == nil {
		return nil
	}
	m := &mapping{file: file.name, text: file.text, fields: map[string]string{}}
	top, _ := entries(body, "the mapping", f)
	for _, e := range top {
		switch e.key {
		case "taxonomy":
			m.taxonomy = text(e, f)
		case "logsource":
			m.source = logSource(e, f)
		case "becomes":
			m.becomes = logSource(e, f)
		case "fields":
			m.names(e.value, f)
		default:
			f.add(e.pos, "unknown key %q: expected taxonomy, logsource, fields, becomes", e.key)
		}
	}
	if m.taxonomy == "" && m.source == (LogSource{}) {
		f.add(start(body), "expected taxonomy, logsource or both: which rules the fields are those of")
	}
	return m
}

func (m *mapping) names(n ast.Node, f *faults) {
	list, _ := entries(n, "fields", f)
	for _, e := range list {
		m.fields[e.key] = text(e, f)
	}
}

// fits reports that a rule is written in the names of this mapping.
func (m *mapping) fits(r *Rule) bool {
	return (m.taxonomy == "" || m.taxonomy == r.Taxonomy) && m.source.covers(r.LogSource)
}

// apply renames the fields of a rule, and gives it the log source that it has here.
func (m *mapping) apply(d *document) {
	for _, s := range d.searches {
		m.tree(s.tree)
	}
	for _, list := range [][]scalar{d.grouping, d.display} {
		for i := range list {
			list[i].text = m.name(list[i].text)
		}
	}
	if d.over != nil {
		d.over.rename(m.name)
	}
	if m.becomes != (LogSource{}) && !d.isOverTime() {
		d.rule.LogSource = m.becomes
	}
	d.rule.Taxonomy = ""
	d.made = append(d.made, m.text)
}

func (m *mapping) tree(t tree) {
	for _, kid := range t.kids {
		m.tree(kid)
	}
	if t.item == nil {
		return
	}
	t.item.field = m.name(t.item.field)
	if t.item.mods.match == "fieldref" {
		for i := range t.item.values {
			t.item.values[i].text = m.name(t.item.values[i].text)
		}
	}
}

func (m *mapping) name(field string) string {
	if mapped, ok := m.fields[field]; ok {
		return mapped
	}
	return field
}

// applyMappings applies, of the mappings that fit a rule, the first by file name.
// A taxonomy that none fits is refused: its fields are not known here.
func applyMappings(mappings []*mapping, docs []*document, anyField bool) {
	for _, d := range docs {
		for _, m := range mappings {
			if m.fits(d.rule) {
				m.apply(d)
				break
			}
		}
		if t := d.rule.Taxonomy; t != "" && t != "sigma" && t != ourProduct && !anyField {
			d.f.add(d.taxonomyAt, "taxonomy %q: expected a file NAME.fields.yml beside the rules, which says what its fields are called here", t)
		}
	}
}
