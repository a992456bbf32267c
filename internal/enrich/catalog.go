package enrich

import (
	"io"
	"slices"
	"strings"

	"github.com/watchglass/watchglass/schema"
)

// catalog is catalog.yaml: what kind of data each field of each dataset holds.
type catalog struct {
	silos   []silo
	entries []catalogEntry
	file    string
}

type silo struct {
	ID        string   `yaml:"id"`
	Residents string   `yaml:"residents"`
	Regions   []string `yaml:"regions"`
	Clearance string   `yaml:"clearance"`
}

type catalogEntry struct {
	Store      words    `yaml:"store"`
	Dataset    words    `yaml:"dataset"`
	Fields     words    `yaml:"fields"`
	Categories []string `yaml:"categories"`
	Silo       string   `yaml:"silo"`
	Residents  string   `yaml:"residents"`
	Note       string   `yaml:"note"`

	store, dataset, fields []pattern
	silo                   *silo // nil when it is in none
	line                   int
}

func readCatalog(name string, r io.Reader, taxonomy []string) (*catalog, error) {
	var doc struct {
		Version  int            `yaml:"version"`
		Taxonomy []string       `yaml:"taxonomy"`
		Silos    []silo         `yaml:"silos"`
		Entries  []catalogEntry `yaml:"entries"`
	}
	f, err := decodeYAML(name, r, &doc)
	if err != nil {
		return nil, err
	}
	if err := f.checkVersion(doc.Version); err != nil {
		return nil, err
	}
	for i, c := range doc.Taxonomy {
		if c == "" || strings.Trim(c, "abcdefghijklmnopqrstuvwxyz0123456789_.") != "" {
			return nil, f.fault(index("$.taxonomy", i), "category %q: expected small letters, digits, _ and .", c)
		}
	}
	c := &catalog{silos: doc.Silos, entries: doc.Entries, file: name}
	for i := range c.silos {
		s, path := &c.silos[i], index("$.silos", i)
		if s.ID == "" {
			return nil, f.fault(path, "a silo has no id")
		}
		if first := slices.IndexFunc(c.silos, func(o silo) bool { return o.ID == s.ID }); first != i {
			return nil, f.fault(path+".id", "silo %q is there twice: first on line %d", s.ID, f.line(index("$.silos", first)+".id"))
		}
		if s.Clearance == "" {
			s.Clearance = s.ID
		}
	}
	known := slices.Concat(taxonomy, doc.Taxonomy)
	for i := range c.entries {
		if err := c.entries[i].prepare(f, index("$.entries", i), c, known); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *catalog) hasSilo(id string) bool { return c.siloByID(id) != nil }

func (c *catalog) siloByID(id string) *silo {
	for i := range c.silos {
		if c.silos[i].ID == id {
			return &c.silos[i]
		}
	}
	return nil
}

// prepare checks an entry and compiles its patterns.
func (e *catalogEntry) prepare(f *yamlFile, path string, c *catalog, known []string) error {
	e.line = f.line(path)
	for _, part := range []struct {
		key  string
		from words
		into *[]pattern
	}{{"store", e.Store, &e.store}, {"dataset", e.Dataset, &e.dataset}, {"fields", e.Fields, &e.fields}} {
		if len(part.from) == 0 {
			if part.key == "fields" && part.from == nil {
				e.fields = []pattern{"*"}
				continue
			}
			return f.fault(path+"."+part.key, "an entry has no %s: expected a pattern or a list of them, \"*\" for any", part.key)
		}
		for _, text := range part.from {
			if text == "" {
				return f.fault(path+"."+part.key, "a pattern is empty: expected \"*\" for any")
			}
			*part.into = append(*part.into, newPattern(text))
		}
	}
	if len(e.Categories) == 0 {
		return f.fault(path, "an entry has no categories: expected at least one (%s for what is not known)", schema.Unclassified)
	}
	for i, cat := range e.Categories {
		if !slices.Contains(known, cat) {
			return f.fault(index(path+".categories", i), "unknown category %q: expected one of %s, or add it under taxonomy", cat, strings.Join(known, ", "))
		}
	}
	if e.Silo != "" {
		if e.silo = c.siloByID(e.Silo); e.silo == nil {
			return f.fault(path+".silo", "silo %q is not declared under silos", e.Silo)
		}
		if e.Residents == "" {
			e.Residents = e.silo.Residents
		}
	}
	return nil
}

// class is what the catalog says about one combination of store, dataset and
// fields. It keeps the combination, so that a cache can tell that a hash hit
// is a true one.
type class struct {
	store, dataset string
	fields         []string

	categories []string // ascending, never empty
	silo       *silo    // nil for none
	residents  string
	entries    []int  // that count, ascending
	byField    []int  // for each field the entry that decides, -1 for none
	scope      uint32 // number of silo and residents, given by the enricher
}

func (k *class) siloID() string {
	if k.silo == nil {
		return ""
	}
	return k.silo.ID
}

// classify finds the entries that count. Its cost is entries × fields; callers
// remember the result. It keeps none of the strings it is given.
func (c *catalog) classify(store, dataset string, fields []string) *class {
	out := &class{store: strings.Clone(store), dataset: strings.Clone(dataset)}
	near := c.near(store, dataset)
	if len(fields) == 0 {
		out.entries = near
		if len(near) == 0 {
			out.categories = []string{schema.Unclassified}
		}
	}
	for _, field := range fields {
		out.fields = append(out.fields, strings.Clone(field))
		text, at := lower(field), -1
		for _, i := range near {
			if matchAny(c.entries[i].fields, text) {
				at = i
				break
			}
		}
		out.byField = append(out.byField, at)
		if at < 0 {
			out.categories = append(out.categories, schema.Unclassified)
		} else {
			out.entries = append(out.entries, at)
		}
	}
	slices.Sort(out.entries)
	out.entries = slices.Compact(out.entries)
	for _, i := range out.entries {
		e := &c.entries[i]
		out.categories = append(out.categories, e.Categories...)
		if out.silo == nil {
			out.silo = e.silo
		}
		if out.residents == "" {
			out.residents = e.Residents
		}
	}
	slices.Sort(out.categories)
	out.categories = slices.Compact(out.categories)
	return out
}

// near lists the entries whose store and dataset match. An empty store, which
// only Explain passes, matches every entry.
func (c *catalog) near(store, dataset string) []int {
	store, dataset = lower(store), lower(dataset)
	var out []int
	for i := range c.entries {
		e := &c.entries[i]
		if (store == "" || matchAny(e.store, store)) && matchAny(e.dataset, dataset) {
			out = append(out, i)
		}
	}
	return out
}

// is reports whether the class was made for this combination.
func (k *class) is(store, dataset string, fields []string) bool {
	return k.store == store && k.dataset == dataset && slices.Equal(k.fields, fields)
}

// misplaced reports whether data of the class is stored outside its silo. A
// region that the producer does not tell is not judged.
func (k *class) misplaced(region string) bool {
	if k.silo == nil || len(k.silo.Regions) == 0 || region == "" {
		return false
	}
	for _, r := range k.silo.Regions {
		if strings.EqualFold(r, region) {
			return false
		}
	}
	return true
}

// cleared reports whether somebody with such clearances may enter the silo.
func (k *class) cleared(clearances []string) bool {
	return k.silo == nil || slices.Contains(clearances, k.silo.Clearance)
}
