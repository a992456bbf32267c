package enrich

import (
	"hash/maphash"
	"net/netip"

	"github.com/watchglass/watchglass/schema"
)

// Enricher completes events by one snapshot. It is for one goroutine at a
// time. It remembers, within bounds, what it found out: places by address, classes by
// combination of dataset and fields, verdicts by combination of person, place
// and resource, groups of subjects. What is remembered depends on the snapshot
// alone, so forgetting it is always right: a full cache is emptied.
type Enricher struct {
	s      *Snapshot
	bounds bounds
	seed   maphash.Seed

	places   map[netip.Addr]*place
	classes  map[uint64]*class
	verdicts map[verdictKey]*verdict
	subjects *subjectCache
	scopes   map[[2]string]uint32    // numbers of silo and residents; as many as the catalog has
	at       func(netip.Addr) *place // e.placeOf, made once: a method value allocates
	doubted  place                   // of the event at hand, when it is in conflict with its chain
}

// bounds are how many entries each cache holds at most.
type bounds struct{ places, classes, verdicts, subjects int }

func defaultBounds() bounds {
	return bounds{places: 1 << 15, classes: 1 << 14, verdicts: 1 << 15, subjects: 1 << 15}
}

// verdictKey is everything that a verdict depends on, besides the snapshot.
type verdictKey struct{ profile, law, scope uint32 }

func newEnricher(s *Snapshot, b bounds) *Enricher {
	e := &Enricher{
		s: s, bounds: b, seed: maphash.MakeSeed(),
		places: map[netip.Addr]*place{}, classes: map[uint64]*class{}, verdicts: map[verdictKey]*verdict{}, scopes: map[[2]string]uint32{},
		subjects: newSubjectCache(s.parts.protected, b.subjects),
	}
	e.at = e.placeOf
	return e
}

// Snapshot is what the enricher works by.
func (e *Enricher) Snapshot() *Snapshot { return e.s }

// Enrich fills ev.Enrichment and leaves the rest of the event alone. Whatever
// was in it before is gone. The slices and strings it sets are shared and must not
// be written to; they stay valid after the enricher and its snapshot are dropped.
func (e *Enricher) Enrich(ev *schema.AccessEvent) {
	en := &ev.Enrichment
	*en = schema.Enrichment{PolicyVersion: e.s.version}

	who := e.s.parts.directory.find(ev.Accessor.ID)
	p := &e.s.parts.directory.profiles[who]
	en.Known, en.Status = who != unknownProfile, p.status
	en.Unit, en.HomeCountry, en.Citizenships, en.Clearances = p.unit, p.home, p.citizenships, p.clearances
	if emp := e.s.employers[who]; emp != nil {
		en.Employer, en.EmployerCountry, en.OwnerCountries = emp.id, emp.country, emp.owners
	}

	client, where := e.locate(&ev.Origin)
	en.Client = client
	en.Site, en.NetworkCountry, en.NetworkASN, en.LocationState = where.site, where.country, where.asn, where.state.String()

	k := e.classOf(&ev.Resource)
	en.Categories, en.Residents = k.categories, k.residents
	en.Silo = k.siloID()
	en.Misplaced, en.Cleared = k.misplaced(ev.Resource.Region), k.cleared(p.clearances)

	v := e.verdict(who, where, k)
	en.Jurisdictions, en.Restricted, en.RestrictedBy = v.jurisdictions, v.restricted, v.by

	if ev.Accessor.OnBehalfOf != "" {
		e.enrichPrincipal(ev.Accessor.OnBehalfOf, k, en)
	}
	en.Groups = e.subjects.groups(ev.Subject.IDs)
}

// enrichPrincipal judges the person on whose behalf something was read.
func (e *Enricher) enrichPrincipal(id string, k *class, en *schema.Enrichment) {
	who := e.s.parts.directory.find(id)
	p, o := &e.s.parts.directory.profiles[who], &en.OnBehalfOf
	o.Known, o.HomeCountry, o.Unit = who != unknownProfile, p.home, p.unit
	if emp := e.s.employers[who]; emp != nil {
		o.Employer, o.EmployerCountry = emp.id, emp.country
	}
	v := e.verdict(who, nil, k)
	o.Restricted, o.RestrictedBy = v.restricted, v.by
}

// locate finds the client and where it is.
func (e *Enricher) locate(o *schema.Origin) (netip.Addr, *place) {
	addr, where, rest := client(o.IP, o.Forwarded, e.at)
	if len(o.Forwarded) > 0 && where.isSite && where.state == stateKnown && e.s.parts.networks.conflictForwarded {
		if other, yes := contradicted(where, rest, e.at); yes {
			doubted := &e.doubted
			*doubted = *where
			doubted.state, doubted.other = stateConflict, other
			return addr, doubted
		}
	}
	return addr, where
}

func (e *Enricher) placeOf(a netip.Addr) *place {
	if p := e.places[a]; p != nil {
		return p
	}
	if len(e.places) >= e.bounds.places {
		clear(e.places)
	}
	p := e.s.locator.locate(a)
	e.places[a] = p
	return p
}

func (e *Enricher) classOf(r *schema.Resource) *class {
	h := maphash.String(e.seed, r.Store)*31 ^ maphash.String(e.seed, r.Dataset)
	for _, f := range r.Fields {
		h = h*0x9e3779b97f4a7c15 + maphash.String(e.seed, f)
	}
	if k := e.classes[h]; k != nil && k.is(r.Store, r.Dataset, r.Fields) {
		return k
	}
	if len(e.classes) >= e.bounds.classes {
		clear(e.classes)
	}
	k := e.s.parts.catalog.classify(r.Store, r.Dataset, r.Fields)
	scope := [2]string{k.siloID(), k.residents}
	if _, ok := e.scopes[scope]; !ok {
		e.scopes[scope] = uint32(len(e.scopes))
	}
	k.scope = e.scopes[scope]
	e.classes[h] = k
	return k
}

// verdict judges the accessor at a place, or, without a place, whom it acted for.
func (e *Enricher) verdict(who uint32, at *place, k *class) *verdict {
	key, fail := verdictKey{who, nowhere, k.scope}, e.s.parts.jurisdictions.closed.onBehalfOf
	if at != nil {
		key.law, fail = at.law(), e.s.parts.jurisdictions.closed.accessor
	}
	if v := e.verdicts[key]; v != nil {
		return v
	}
	if len(e.verdicts) >= e.bounds.verdicts {
		clear(e.verdicts)
	}
	v := e.s.judge(who, at, k.siloID(), k.residents, fail)
	e.verdicts[key] = &v
	return &v
}
