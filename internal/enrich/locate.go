package enrich

import "net/netip"

// place is where somebody is, as far as can be told.
type place struct {
	site    string // name of the corporate network
	country string
	asn     uint32
	state   state
	other   string // conflict: the country that contradicts
	isSite  bool   // in a network of kind site

	proxy    bool // a trusted proxy
	believed bool // … or anything else whose word on its client is taken
}

// law is what jurisdictions depend on, packed: state and two countries.
func (p *place) law() uint32 {
	return uint32(p.state)<<20 | code2(p.country)<<10 | code2(p.other)
}

// nowhere is the law of somebody whose location does not matter: a person on
// whose behalf something was read.
const nowhere = 1 << 31

// locator decides places. It is immutable.
type locator struct {
	networks    *networks
	anonymisers *anonymisers
	geo         *geo
}

// locate places one address, in the order that docs/policy.md gives.
func (l *locator) locate(a netip.Addr) *place {
	if !a.IsValid() {
		return &place{state: stateUnknown}
	}
	w, ok := l.networks.table.Lookup(a)
	var p place
	if ok {
		p = l.inNetwork(a, w)
	} else {
		p = l.outside(a)
	}
	p.proxy = l.networks.proxies.Lookup(a)
	p.believed = p.proxy || ok && w.Forwards
	return &p
}

// outside places an address that is in no corporate network.
func (l *locator) outside(a netip.Addr) place {
	p := place{state: stateUnknown}
	p.country, p.asn = l.geo.lookup(a)
	switch {
	case l.anonymisers.table.Lookup(a):
		p.state = stateAnonymised
	case p.country != "":
		p.state = stateKnown
	}
	return p
}

func (l *locator) inNetwork(a netip.Addr, w *network) place {
	p := place{site: w.Name, state: stateUnknown, isSite: w.Kind == kindSite}
	if w.Kind == kindRemoteAccess {
		return p
	}
	country, asn := l.geo.lookup(a)
	p.asn, p.country, p.state = asn, w.Country, stateKnown
	switch {
	case w.Kind == kindSite && l.networks.conflictGeo && country != "" && country != w.Country:
		p.state, p.other = stateConflict, country
	case w.Country == "" && country == "":
		p.state = stateUnknown
	case w.Country == "":
		p.country = country
	}
	return p
}

// contradicted reports whether a chain that nobody vouches for names an address
// that is elsewhere than the site: not enough to clear somebody, but enough to
// doubt. at places an address.
func contradicted(site *place, rest chain, at func(netip.Addr) *place) (other string, yes bool) {
	for {
		element, ok := rest.next()
		if !ok {
			return "", false
		}
		a := parseForwarded(element)
		if !a.IsValid() {
			continue
		}
		p := at(a)
		if p.state == stateAnonymised || p.country != "" && p.country != site.country {
			return p.country, true
		}
	}
}
