package enrich

import (
	"fmt"
	"io"
	"net/netip"
	"strings"

	"github.com/gaissmai/bart"
)

// networks is networks.yaml: which proxies are believed, and which network is
// which place.
type networks struct {
	proxies           bart.Lite
	table             bart.Table[*network]
	conflictForwarded bool
	conflictGeo       bool
	count, proxyCount int
}

// networkKind says what being in a network tells about where somebody is.
type networkKind string

const (
	kindSite         networkKind = "site"          // a place
	kindRemoteAccess networkKind = "remote_access" // anybody anywhere
	kindCloud        networkKind = "cloud"         // machines of ours
)

type network struct {
	Name     string      `yaml:"name"`
	Kind     networkKind `yaml:"kind"`
	Country  string      `yaml:"country"`
	CIDRs    []string    `yaml:"cidrs"`
	Forwards bool        `yaml:"forwards"`
}

func readNetworks(name string, r io.Reader) (*networks, error) {
	var doc struct {
		Version        int       `yaml:"version"`
		TrustedProxies []string  `yaml:"trusted_proxies"`
		Conflicts      *[]string `yaml:"conflicts"`
		Networks       []network `yaml:"networks"`
	}
	f, err := decodeYAML(name, r, &doc)
	if err != nil {
		return nil, err
	}
	if err := f.checkVersion(doc.Version); err != nil {
		return nil, err
	}
	n := &networks{conflictForwarded: true, conflictGeo: true, proxyCount: len(doc.TrustedProxies)}
	if doc.Conflicts != nil {
		if err := n.setConflicts(f, *doc.Conflicts); err != nil {
			return nil, err
		}
	}
	for i, text := range doc.TrustedProxies {
		p, err := parsePrefix(text)
		if err != nil {
			return nil, f.fault(index("$.trusted_proxies", i), "%s", err)
		}
		n.proxies.Insert(p)
	}
	lines := map[netip.Prefix]int{}
	for i := range doc.Networks {
		if err := n.add(f, index("$.networks", i), &doc.Networks[i], lines); err != nil {
			return nil, err
		}
	}
	return n, nil
}

func (n *networks) setConflicts(f *yamlFile, conflicts []string) error {
	n.conflictForwarded, n.conflictGeo = false, false
	for i, c := range conflicts {
		switch c {
		case "forwarded":
			n.conflictForwarded = true
		case "geo":
			n.conflictGeo = true
		default:
			return f.fault(index("$.conflicts", i), "unknown conflict %q: expected forwarded or geo", c)
		}
	}
	return nil
}

// add checks one network and enters its prefixes. lines remembers where each
// prefix was first given.
func (n *networks) add(f *yamlFile, path string, w *network, lines map[netip.Prefix]int) error {
	switch {
	case w.Name == "":
		return f.fault(path, "a network has no name")
	case w.Kind != kindSite && w.Kind != kindRemoteAccess && w.Kind != kindCloud:
		return f.fault(path+".kind", "network %q: kind is %q: expected site, remote_access or cloud", w.Name, w.Kind)
	case w.Kind == kindSite && w.Country == "":
		return f.fault(path, "network %q: a site needs a country", w.Name)
	case w.Kind == kindRemoteAccess && w.Country != "":
		return f.fault(path+".country", "network %q: remote_access is not a place and has no country: remove it, or say kind: site", w.Name)
	case w.Country != "" && !isCountry(w.Country):
		return f.fault(path+".country", "network %q: %q is no country: %s", w.Name, w.Country, expectedCountry(w.Country))
	case w.Forwards && w.Kind != kindRemoteAccess:
		return f.fault(path+".forwards", "network %q: forwards is for remote_access only: list proxies under trusted_proxies", w.Name)
	case len(w.CIDRs) == 0:
		return f.fault(path, "network %q has no cidrs", w.Name)
	}
	for i, text := range w.CIDRs {
		at := index(path+".cidrs", i)
		p, err := parsePrefix(text)
		if err != nil {
			return f.fault(at, "%s", err)
		}
		if first, ok := lines[p]; ok {
			return f.fault(at, "%s is there twice: first on line %d", p, first)
		}
		lines[p] = f.line(at)
		n.table.Insert(p, w)
		n.count++
	}
	return nil
}

// parsePrefix reads a CIDR, or one address. IPv4-mapped IPv6 becomes IPv4, as
// the addresses that are looked up do.
func parsePrefix(text string) (netip.Prefix, error) {
	if !strings.Contains(text, "/") {
		a, err := netip.ParseAddr(text)
		if err != nil || a.Zone() != "" {
			return netip.Prefix{}, fmt.Errorf("%q is no address: expected one such as 192.0.2.7, or a network such as 192.0.2.0/24", text)
		}
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q is no network: expected one such as 192.0.2.0/24 or 2001:db8::/32", text)
	}
	if p != p.Masked() {
		return netip.Prefix{}, fmt.Errorf("%q has bits set after its prefix: expected %s", text, p.Masked())
	}
	if p.Addr().Is4In6() {
		if p.Bits() < 96 {
			return netip.Prefix{}, fmt.Errorf("%q covers IPv4-mapped addresses only in part: write the IPv4 network", text)
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p, nil
}
