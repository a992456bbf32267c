package enrich

import "slices"

// verdict is which law reaches somebody, and whether it is restricted for the
// resource that was read. Its slices are shared and never written to.
type verdict struct {
	jurisdictions []string // ascending
	restricted    bool
	by            []string // of schema.RestrictionGrounds, in their order
}

// judge decides for a person, a place (nil: the location does not matter, as for the person
// for whom something was done) and a resource. failUnknown says whether an unknown
// person fails closed. It is pure; callers remember what it returns.
func (s *Snapshot) judge(profile uint32, at *place, siloID, residents string, failUnknown bool) verdict {
	p, emp := &s.parts.directory.profiles[profile], s.employers[profile]
	var v verdict
	reach := func(country string) {
		if country != "" {
			v.jurisdictions = append(v.jurisdictions, country)
		}
	}
	if at != nil {
		reach(at.country)
		reach(at.other)
	}
	reach(p.home)
	if emp != nil {
		reach(emp.country)
		v.jurisdictions = append(v.jurisdictions, emp.owners...)
	}
	slices.Sort(v.jurisdictions)
	v.jurisdictions = slices.Clip(slices.Compact(v.jurisdictions))

	j := s.parts.jurisdictions
	var hit [groundCount]bool
	for i := range j.restricted {
		r := &j.restricted[i]
		if !r.covers(siloID, residents) {
			continue
		}
		hit[groundUnknown] = hit[groundUnknown] ||
			at != nil && j.closed.location[at.state] ||
			profile == unknownProfile && failUnknown
		hit[groundNetwork] = hit[groundNetwork] || r.grounds[groundNetwork] && at != nil && (r.names(at.country) || r.names(at.other))
		hit[groundHome] = hit[groundHome] || r.grounds[groundHome] && r.names(p.home)
		if emp != nil {
			hit[groundEmployer] = hit[groundEmployer] || r.grounds[groundEmployer] && r.names(emp.country)
			hit[groundOwner] = hit[groundOwner] || r.grounds[groundOwner] && emp.ownedBy[i]
		}
	}
	for g, yes := range hit {
		if yes {
			v.restricted = true
			v.by = append(v.by, ground(g).String())
		}
	}
	return v
}
