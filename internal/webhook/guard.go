package webhook

import (
	"fmt"
	"net/netip"
	"slices"
	"syscall"
)

// Guard decides which addresses may be dialled: those of the public Internet,
// and those that the configuration allows. It looks at the address that is
// dialled, after the name was resolved, so a name that resolves to something
// else the second time gains nothing.
type Guard struct{ allow []netip.Prefix }

// NewGuard takes the prefixes that may be dialled though they are not public.
func NewGuard(allow []netip.Prefix) Guard { return Guard{allow: slices.Clone(allow)} }

// ForbiddenError says that an address may not be dialled.
type ForbiddenError struct {
	Addr netip.Addr
	Kind string
}

func (e *ForbiddenError) Error() string {
	return fmt.Sprintf("address %s is %s: allow it in the destination's settings if it is meant", e.Addr, e.Kind)
}

// Check returns a *ForbiddenError for an address that may not be dialled.
func (g Guard) Check(addr netip.Addr) error {
	addr = addr.Unmap().WithZone("")
	for _, p := range g.allow {
		if p.Contains(addr) {
			return nil
		}
	}
	if kind := inside(addr); kind != "" {
		return &ForbiddenError{Addr: addr, Kind: kind}
	}
	return nil
}

// control is a net.Dialer.Control.
func (g Guard) control(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return &ForbiddenError{Kind: "not an IP address"}
	}
	return g.Check(ap.Addr())
}

// inside names what kind of non-public address this is, "" for a public one.
func inside(addr netip.Addr) string {
	switch {
	case !addr.IsValid():
		return "invalid"
	case addr.IsUnspecified():
		return "unspecified"
	case addr.IsLoopback():
		return "loopback"
	case addr.IsLinkLocalUnicast(), addr.IsLinkLocalMulticast(), addr.IsInterfaceLocalMulticast():
		return "link-local"
	case addr.IsPrivate():
		return "private"
	case addr.IsMulticast():
		return "multicast"
	}
	for _, r := range reserved() {
		if r.prefix.Contains(addr) {
			return r.kind
		}
	}
	if v4, ok := embedded(addr); ok {
		return inside(v4)
	}
	return ""
}

type reservedRange struct {
	prefix netip.Prefix
	kind   string
}

// reserved lists what the IANA special-purpose registries do not make globally
// reachable and netip does not know, and one cloud's metadata address that
// looks public.
func reserved() []reservedRange {
	p := netip.MustParsePrefix
	return []reservedRange{
		{p("168.63.129.16/32"), "a cloud's metadata service"},
		{p("0.0.0.0/8"), "this network"},
		{p("100.64.0.0/10"), "shared address space"},
		{p("192.0.0.0/24"), "reserved"},
		{p("192.0.2.0/24"), "documentation"},
		{p("198.18.0.0/15"), "benchmarking"},
		{p("198.51.100.0/24"), "documentation"},
		{p("203.0.113.0/24"), "documentation"},
		{p("240.0.0.0/4"), "reserved"},
		{p("100::/64"), "discard-only"},
		{p("2001:db8::/32"), "documentation"},
		{p("3fff::/20"), "documentation"},
		{p("5f00::/16"), "segment routing"},
		{p("fec0::/10"), "site-local"},
		{p("2001::/32"), "teredo"},
		{p("64:ff9b:1::/48"), "local translation"},
	}
}

// embedded gives the IPv4 address inside a translated (64:ff9b::/96), 6to4
// (2002::/16) or IPv4-compatible (::/96) one.
func embedded(addr netip.Addr) (netip.Addr, bool) {
	if !addr.Is6() {
		return netip.Addr{}, false
	}
	b := addr.As16()
	switch {
	case netip.MustParsePrefix("64:ff9b::/96").Contains(addr), netip.MustParsePrefix("::/96").Contains(addr):
		return netip.AddrFrom4([4]byte(b[12:16])), true
	case netip.MustParsePrefix("2002::/16").Contains(addr):
		return netip.AddrFrom4([4]byte(b[2:6])), true
	}
	return netip.Addr{}, false
}
