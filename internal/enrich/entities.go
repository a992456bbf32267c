package enrich

import "io"

// entities is entities.yaml: legal entities and who owns them.
type entities struct {
	list []entity
	byID map[string]int
}

type entity struct {
	ID      string  `yaml:"id"`
	Country string  `yaml:"country"`
	Owners  []owner `yaml:"owners"`
	Name    string  `yaml:"name"` // a note
}

type owner struct {
	Entity  string  `yaml:"entity"`
	Country string  `yaml:"country"`
	Percent float64 `yaml:"percent"`
	Name    string  `yaml:"name"` // a note

	entity int   // index of Entity, -1 for an owner of which only the country is known
	share  int64 // millionths of a percent: sums must not depend on rounding
}

const (
	percent = 1_000_000 // millionths
	half    = 50 * percent
	whole   = 100 * percent
)

func readEntities(name string, r io.Reader) (*entities, error) {
	var doc struct {
		Version  int      `yaml:"version"`
		Entities []entity `yaml:"entities"`
	}
	f, err := decodeYAML(name, r, &doc)
	if err != nil {
		return nil, err
	}
	if err := f.checkVersion(doc.Version); err != nil {
		return nil, err
	}
	es := &entities{list: doc.Entities, byID: make(map[string]int, len(doc.Entities))}
	for i, e := range es.list {
		path := index("$.entities", i)
		if e.ID == "" {
			return nil, f.fault(path, "an entity has no id")
		}
		if first, ok := es.byID[e.ID]; ok {
			return nil, f.fault(path+".id", "entity %q is there twice: first on line %d", e.ID, f.line(index("$.entities", first)+".id"))
		}
		if !isCountry(e.Country) {
			return nil, f.fault(path+".country", "entity %q: %q is no country: %s", e.ID, e.Country, expectedCountry(e.Country))
		}
		es.byID[e.ID] = i
	}
	for i := range es.list {
		if err := es.resolveOwners(f, i); err != nil {
			return nil, err
		}
	}
	return es, nil
}

func (es *entities) resolveOwners(f *yamlFile, at int) error {
	e := &es.list[at]
	var sum int64
	for i := range e.Owners {
		o, path := &e.Owners[i], index(index("$.entities", at)+".owners", i)
		o.entity = -1
		switch {
		case (o.Entity == "") == (o.Country == ""):
			return f.fault(path, "an owner of %q needs either an entity or a country", e.ID)
		case o.Entity != "":
			at, known := es.byID[o.Entity]
			if !known {
				return f.fault(path+".entity", "owner %q of %q is no entity of this file: add it, or give the owner's country instead", o.Entity, e.ID)
			}
			o.entity = at
		case !isCountry(o.Country):
			return f.fault(path+".country", "%q is no country: %s", o.Country, expectedCountry(o.Country))
		}
		if !(o.Percent > 0 && o.Percent <= 100) {
			return f.fault(path+".percent", "percent is %v: expected more than 0 and at most 100", o.Percent)
		}
		o.share = int64(o.Percent*percent + 0.5)
		sum += o.share
	}
	if sum > whole {
		return f.fault(index("$.entities", at)+".owners", "the shares of %q add up to %v %%: expected at most 100", e.ID, float64(sum)/percent)
	}
	return nil
}
