package enrich

import (
	"net/netip"
	"strings"
)

// chain is what is left of a forwarded chain, to be walked from the right.
// Producers send a list, or the header as it was: elements may hold commas.
type chain struct {
	list []string
	tail string // what is left of the element at hand
	open bool   // tail is in use
}

// next takes the last element off the chain.
func (c *chain) next() (element string, ok bool) {
	if !c.open {
		if len(c.list) == 0 {
			return "", false
		}
		c.tail, c.open = c.list[len(c.list)-1], true
		c.list = c.list[:len(c.list)-1]
	}
	if at := strings.LastIndexByte(c.tail, ','); at >= 0 {
		element, c.tail = c.tail[at+1:], c.tail[:at]
	} else {
		element, c.open = c.tail, false
	}
	return element, true
}

// client finds whose address a request came from: the peer's, unless the peer
// is believed to speak for others; then the last element of the chain, and so
// on. The address is invalid when nobody who is believed names one. where is its
// place, rest the part of the chain that nobody vouches for; at places an address.
func client(peer netip.Addr, forwarded []string, at func(netip.Addr) *place) (addr netip.Addr, where *place, rest chain) {
	addr, rest = normal(peer), chain{list: forwarded}
	where = at(addr)
	for walked := false; where.believed; walked = true {
		element, ok := rest.next()
		if !ok {
			// The chain is used up. The leftmost address is the client's, but a
			// proxy that names nobody at all hides who is behind it.
			if !walked && where.proxy {
				addr = netip.Addr{}
				where = at(addr)
			}
			break
		}
		addr = parseForwarded(element)
		where = at(addr)
	}
	return addr, where, rest
}

// normal drops what does not tell places apart: IPv4-mapping and zone ids.
func normal(a netip.Addr) netip.Addr { return a.WithZone("").Unmap() }

// parseForwarded reads one element of a forwarded chain: an address, with or
// without port, brackets, quotes, zone id or `for=`. Anything else (unknown,
// an obfuscated name, nonsense) gives the invalid address. It never allocates
// for IPv4.
func parseForwarded(element string) netip.Addr {
	s := strings.TrimSpace(element)
	if len(s) > 4 && strings.EqualFold(s[:4], "for=") {
		s, _, _ = strings.Cut(s[4:], ";")
		s = strings.TrimSpace(s)
	}
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		s = s[1 : len(s)-1]
	}
	if strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']')
		if end < 0 || !isPort(s[end+1:]) {
			return netip.Addr{}
		}
		s = s[1:end]
	} else if strings.Count(s, ":") == 1 {
		at := strings.IndexByte(s, ':')
		if !isPort(s[at:]) {
			return netip.Addr{}
		}
		s = s[:at]
	}
	s, _, _ = strings.Cut(s, "%")
	if s == "" || len(s) > 45 {
		return netip.Addr{}
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}
	}
	return normal(a)
}

// isPort accepts "" and a colon with digits.
func isPort(s string) bool {
	if s == "" {
		return true
	}
	return s[0] == ':' && len(s) > 1 && len(s) <= 6 && strings.Trim(s[1:], "0123456789") == ""
}
