package enrich

import (
	"io"
	"slices"
	"strings"

	"github.com/watchglass/watchglass/schema"
)

// jurisdictions is jurisdictions.yaml.
type jurisdictions struct {
	restricted []restriction
	closed     failClosed
	file       *yamlFile // for what can be checked only with the catalog
}

// failClosed says what counts as restricted because it is not known.
type failClosed struct {
	location   [stateCount]bool // by location state
	accessor   bool
	onBehalfOf bool
}

// restriction is one legal reason to keep some data out of some countries' reach.
type restriction struct {
	Countries []string `yaml:"countries"`
	Residents []string `yaml:"residents"`
	Silos     []string `yaml:"silos"`
	Reason    string   `yaml:"reason"`
	Grounds   []string `yaml:"grounds"`

	grounds [groundCount]bool
}

// ground is why somebody is restricted; the names are schema.RestrictionGrounds.
type ground uint8

const (
	groundNetwork ground = iota
	groundHome
	groundEmployer
	groundOwner
	groundUnknown
	groundCount
)

func (g ground) String() string { return schema.RestrictionGrounds()[g] }

// state is a location state; the names are schema.LocationStates.
type state uint8

const (
	stateKnown state = iota
	stateUnknown
	stateAnonymised
	stateConflict
	stateCount
)

func (s state) String() string { return schema.LocationStates()[s] }

// covers reports whether the restriction speaks about such data.
func (r *restriction) covers(silo, residents string) bool {
	if len(r.Residents) == 0 && len(r.Silos) == 0 {
		return true
	}
	return residents != "" && slices.Contains(r.Residents, residents) || silo != "" && slices.Contains(r.Silos, silo)
}

func (r *restriction) names(country string) bool {
	return country != "" && slices.Contains(r.Countries, country)
}

func readJurisdictions(name string, r io.Reader) (*jurisdictions, error) {
	var doc struct {
		Version    int `yaml:"version"`
		FailClosed struct {
			Location   *[]string `yaml:"location"`
			Accessor   *bool     `yaml:"accessor"`
			OnBehalfOf *bool     `yaml:"on_behalf_of"`
		} `yaml:"fail_closed"`
		Restricted []restriction `yaml:"restricted"`
	}
	f, err := decodeYAML(name, r, &doc)
	if err != nil {
		return nil, err
	}
	if err := f.checkVersion(doc.Version); err != nil {
		return nil, err
	}
	j := &jurisdictions{restricted: doc.Restricted, file: f}
	j.closed = failClosed{location: [stateCount]bool{stateUnknown: true, stateAnonymised: true, stateConflict: true}, accessor: true, onBehalfOf: true}
	if v := doc.FailClosed.Accessor; v != nil {
		j.closed.accessor = *v
	}
	if v := doc.FailClosed.OnBehalfOf; v != nil {
		j.closed.onBehalfOf = *v
	}
	if v := doc.FailClosed.Location; v != nil {
		j.closed.location = [stateCount]bool{}
		for i, s := range *v {
			at := slices.Index(schema.LocationStates(), s)
			if at <= int(stateKnown) {
				return nil, f.fault(index("$.fail_closed.location", i), "%q is no location state that can fail closed: expected unknown, anonymised or conflict", s)
			}
			j.closed.location[at] = true
		}
	}
	for i := range j.restricted {
		if err := j.restricted[i].check(f, index("$.restricted", i)); err != nil {
			return nil, err
		}
	}
	return j, nil
}

func (r *restriction) check(f *yamlFile, path string) error {
	if len(r.Countries) == 0 {
		return f.fault(path, "a restricted entry names no countries: expected countries: [...]")
	}
	for i, c := range r.Countries {
		if !isCountry(c) {
			return f.fault(index(path+".countries", i), "%q is no country: %s", c, expectedCountry(c))
		}
	}
	for i, v := range r.Residents {
		if v == "" {
			return f.fault(index(path+".residents", i), "empty: expected a country or region")
		}
	}
	if strings.TrimSpace(r.Reason) == "" {
		return f.fault(path, "a restricted entry has no reason: expected the law or policy it follows from")
	}
	if r.Grounds == nil {
		r.grounds = [groundCount]bool{groundNetwork: true, groundHome: true, groundEmployer: true, groundOwner: true}
		return nil
	}
	for i, g := range r.Grounds {
		at := slices.Index(schema.RestrictionGrounds(), g)
		if at < 0 || ground(at) == groundUnknown {
			return f.fault(index(path+".grounds", i), "unknown ground %q: expected network, home, employer or owner", g)
		}
		r.grounds[at] = true
	}
	if len(r.Grounds) == 0 {
		return f.fault(path+".grounds", "empty: expected at least one of network, home, employer, owner")
	}
	return nil
}

// checkSilos holds the silos to those that the catalog declares.
func (j *jurisdictions) checkSilos(c *catalog) error {
	for i, r := range j.restricted {
		for k, id := range r.Silos {
			if !c.hasSilo(id) {
				return j.file.fault(index(index("$.restricted", i)+".silos", k), "silo %q is not declared in %s", id, fileCatalog)
			}
		}
	}
	return nil
}
