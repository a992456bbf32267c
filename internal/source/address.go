package source

import (
	"net/netip"
	"strings"
)

// parseAddress reads an IP address as logs write it: plain, with a port
// (`1.2.3.4:80`, `[::1]:443`), in brackets, with a zone. Port and zone are
// dropped and IPv4 in IPv6 is unmapped, so that one machine has one address.
func parseAddress(s string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(s)
	if err != nil {
		if port, err := netip.ParseAddrPort(s); err == nil {
			addr = port.Addr()
		} else if inner, ok := strings.CutPrefix(s, "["); ok && strings.HasSuffix(inner, "]") {
			addr, _ = netip.ParseAddr(strings.TrimSuffix(inner, "]"))
			if addr.Is4() { // [1.2.3.4] is nobody's notation
				return netip.Addr{}, false
			}
		}
	}
	if !addr.IsValid() {
		return netip.Addr{}, false
	}
	return addr.WithZone("").Unmap(), true
}
