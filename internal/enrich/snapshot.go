package enrich

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// Config says where the policy is.
type Config struct {
	PolicyDir     string   // the policy folder, see docs/policy.md
	MMDB          []string // geo databases: the first that knows a value gives it
	ProtectedKeys []Key    // for the lists of protected subjects
	Taxonomy      []string // categories besides the built-in ones; catalog.yaml may add more
}

// Snapshot is a policy that was read completely and found valid. It never
// changes; any number of goroutines may use it.
type Snapshot struct {
	parts     parts
	locator   locator
	employers []*employer // by profile; nil for unknown accessors
	version   string
}

// parts holds each piece of the policy. The pieces are immutable: a reload
// copies the struct and replaces some.
type parts struct {
	jurisdictions *jurisdictions
	entities      *entities
	directory     *directory
	networks      *networks
	anonymisers   *anonymisers
	geo           *geo
	catalog       *catalog
	protected     *protected
	sums          [partCount]sum
}

// Load reads and checks the whole policy. Errors of files are, or wrap, a
// [FileError]; all parts are looked at, so that one run shows what is wrong with each.
func Load(cfg Config) (*Snapshot, error) {
	if err := checkKeys(cfg.ProtectedKeys); err != nil {
		return nil, err
	}
	var ps parts
	var errs []error
	for p := range partCount {
		if err := ps.load(&cfg, p); err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return assemble(ps)
}

// load reads one part in place of what was there.
func (ps *parts) load(cfg *Config, p part) error {
	paths, err := cfg.files(p)
	if err != nil {
		return err
	}
	in := newInputs()
	switch p {
	case partJurisdictions:
		err = in.read(paths[0], func(name string, r io.Reader) (err error) {
			ps.jurisdictions, err = readJurisdictions(name, r)
			return err
		})
	case partEntities:
		err = in.read(paths[0], func(name string, r io.Reader) (err error) {
			ps.entities, err = readEntities(name, r)
			return err
		})
	case partDirectory:
		read := readDirectoryCSV
		if paths[0][len(paths[0])-1] == 'l' {
			read = readDirectoryJSONL
		}
		err = in.read(paths[0], func(name string, r io.Reader) (err error) {
			ps.directory, err = read(name, r)
			return err
		})
	case partNetworks:
		err = in.read(paths[0], func(name string, r io.Reader) (err error) {
			ps.networks, err = readNetworks(name, r)
			return err
		})
	case partCatalog:
		err = in.read(paths[0], func(name string, r io.Reader) (err error) {
			ps.catalog, err = readCatalog(name, r, cfg.categories())
			return err
		})
	case partAnonymisers:
		ps.anonymisers = &anonymisers{}
		for _, path := range paths {
			err = errors.Join(err, in.read(path, ps.anonymisers.read))
		}
	case partGeo:
		ps.geo = &geo{}
		for _, path := range paths {
			err = errors.Join(err, in.read(path, func(name string, r io.Reader) error {
				data, err := io.ReadAll(r)
				if err != nil {
					return err
				}
				base, err := readMMDB(name, data)
				ps.geo.bases = append(ps.geo.bases, base)
				return err
			}))
		}
	case partProtected:
		b := newProtectedBuilder(cfg.ProtectedKeys)
		for _, path := range paths {
			err = errors.Join(err, in.read(path, b.read))
		}
		if err == nil {
			ps.protected, err = b.done()
		}
	}
	ps.sums[p] = in.sum()
	return err
}

// assemble checks what the parts say of each other, and links them.
func assemble(ps parts) (*Snapshot, error) {
	if err := ps.jurisdictions.checkSilos(ps.catalog); err != nil {
		return nil, err
	}
	s := &Snapshot{parts: ps, locator: locator{ps.networks, ps.anonymisers, ps.geo}}
	list := ps.entities.employers(ps.jurisdictions.restricted)
	s.employers = make([]*employer, len(ps.directory.profiles))
	for i, p := range ps.directory.profiles {
		if i == unknownProfile {
			continue
		}
		at, ok := ps.entities.byID[p.employer]
		if !ok {
			return nil, faultAt(ps.directory.file, p.line, 0, "employer %q is no entity of %s", p.employer, fileEntities)
		}
		s.employers[i] = &list[at]
	}
	h := sha256.New()
	for _, sum := range ps.sums {
		_, _ = h.Write(sum[:])
	}
	s.version = hex.EncodeToString(h.Sum(nil)[:8])
	return s, nil
}

// Version is a hash over the contents of all files, 16 hex digits. It is
// the same on every worker that read the same files.
func (s *Snapshot) Version() string { return s.version }

// Count is how many entries of a kind a policy holds.
type Count struct {
	Kind    string // as in metrics
	Entries int
}

// Entries counts what was read, for `check` and for metrics.
func (s *Snapshot) Entries() []Count {
	p := &s.parts
	return []Count{
		{"jurisdictions", len(p.jurisdictions.restricted)},
		{"entities", len(p.entities.list)},
		{"accessors", len(p.directory.ends)},
		{"networks", p.networks.count},
		{"trusted_proxies", p.networks.proxyCount},
		{"anonymisers", p.anonymisers.lines},
		{"geo_databases", len(p.geo.bases)},
		{"silos", len(p.catalog.silos)},
		{"catalog", len(p.catalog.entries)},
		{"protected", p.protected.count()},
	}
}

// NewEnricher makes an enricher with caches of its own, for one goroutine.
func (s *Snapshot) NewEnricher() *Enricher { return newEnricher(s, defaultBounds()) }

// String names a snapshot without its contents.
func (s *Snapshot) String() string { return fmt.Sprintf("policy %s", s.version) }
