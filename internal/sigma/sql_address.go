package sigma

import (
	"fmt"
	"net/netip"
	"strings"
)

// sqlAddress is predicate.contains for a text. The expression takes what
// netip.ParseAddr takes and nothing else; ClickHouse reads that rightly, IPv4 as
// mapped to IPv6.
func sqlAddress(network netip.Prefix, text string) string {
	first, last := span(network)
	terms := []string{
		sqlMatch(text, addressRegexp()),
		"toIPv6OrDefault(substringIndex(" + text + ", '%', 1)) BETWEEN toIPv6('" + first.String() + "') AND toIPv6('" + last.String() + "')",
	}
	if mapped := netip.MustParsePrefix("::ffff:0:0/96"); network.Addr().Is6() && network.Overlaps(mapped) {
		terms = append(terms, "toIPv6OrDefault(substringIndex("+text+", '%', 1)) NOT BETWEEN toIPv6('::ffff:0.0.0.0') AND toIPv6('::ffff:255.255.255.255')")
	}
	return sqlAnd(terms...)
}

// span is a network's first and last address, as IPv6.
func span(network netip.Prefix) (first, last netip.Addr) {
	bits := network.Bits()
	if network.Addr().Is4() {
		bits += 96
	}
	end := network.Addr().As16()
	for i := bits; i < 128; i++ {
		end[i/8] |= 0x80 >> (i % 8)
	}
	return netip.AddrFrom16(network.Addr().As16()), netip.AddrFrom16(end)
}

// addressRegexp is the notation of netip.ParseAddr.
func addressRegexp() string {
	const (
		octet = `(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])`
		ipv4  = octet + `(?:\.` + octet + `){3}`
		group = `[0-9A-Fa-f]{1,4}`
	)
	six := []string{`(?:` + group + `:){7}` + group, `(?:` + group + `:){6}` + ipv4}
	for left := range 8 { // groups in front of ::, which stands for one at least
		front := ""
		if left > 0 {
			front = group + fmt.Sprintf(`(?::%s){%d}`, group, left-1)
		}
		right := []string{``}
		if left < 7 {
			right = append(right, fmt.Sprintf(`(?:%s:){0,%d}%s`, group, 6-left, group))
		}
		if left < 6 {
			right = append(right, fmt.Sprintf(`(?:%s:){0,%d}%s`, group, 5-left, ipv4))
		}
		six = append(six, front+`::(?:`+strings.Join(right, `|`)+`)`)
	}
	return `\A(?:` + ipv4 + `|(?:` + strings.Join(six, `|`) + `)(?:%(?s:.)+)?)\z`
}
