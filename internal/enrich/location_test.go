package enrich

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/maxmind/mmdbwriter/mmdbtype"

	"github.com/watchglass/watchglass/schema"
)

func TestLocation(t *testing.T) {
	s := loadPolicy(t, lumen())
	for _, c := range []struct {
		name, peer string
		forwarded  []string
		client     string
		want       string // state, site, country, AS number, jurisdictions of an unknown accessor
	}{
		{"site", "10.20.3.4", nil, "10.20.3.4", "known san-jose US 0 US"},
		{"site by the longest prefix", "10.20.7.1", nil, "10.20.7.1", "known lab CN 0 CN"},
		{"beside the longest prefix", "10.20.8.1", nil, "10.20.8.1", "known san-jose US 0 US"},
		{"site in IPv6", "2001:db8:20::1", nil, "2001:db8:20::1", "known san-jose US 0 US"},
		{"beside the site in IPv6", "2001:db8:21::1", nil, "2001:db8:21::1", "unknown   0 "},
		{"IPv4-mapped", "::ffff:10.20.3.4", nil, "10.20.3.4", "known san-jose US 0 US"},
		{"a corporate network comes before anonymiser lists", "10.20.9.9", nil, "10.20.9.9", "known san-jose US 0 US"},
		{"VPN pool", "10.99.1.1", nil, "10.99.1.1", "unknown vpn-west  0 "},
		{"VPN pool: what a client says of itself is not believed", "10.99.1.1", []string{"10.20.3.4"}, "10.99.1.1", "unknown vpn-west  0 "},
		{"bastion that forwards", "10.98.1.1", []string{"175.16.199.7"}, "175.16.199.7", "known  CN 64500 CN"},
		{"bastion that forwards nothing", "10.98.1.1", nil, "10.98.1.1", "unknown bastion  0 "},
		{"cloud with country", "10.50.1.1", nil, "10.50.1.1", "known us-west-1 US 0 US"},
		{"cloud without country", "10.60.1.1", nil, "10.60.1.1", "unknown burst  0 "},
		{"cloud without country, in the geo database", "175.16.200.1", nil, "175.16.200.1", "known burst CN 64500 CN"},
		{"trusted proxy", "10.0.0.1", []string{"175.16.199.7"}, "175.16.199.7", "known  CN 64500 CN"},
		{"just outside the trusted proxies", "10.0.0.16", []string{"175.16.199.7"}, "10.0.0.16", "unknown   0 "},
		{"two trusted proxies", "10.0.0.1", []string{"175.16.199.7", "10.0.0.2"}, "175.16.199.7", "known  CN 64500 CN"},
		{"a client cannot put itself in front of what its proxy saw", "10.0.0.1", []string{"10.20.3.4", "175.16.199.7"}, "175.16.199.7", "known  CN 64500 CN"},
		{"header as it was", "10.0.0.1", []string{"10.20.3.4, 175.16.199.7 , 10.0.0.2"}, "175.16.199.7", "known  CN 64500 CN"},
		{"with port", "10.0.0.1", []string{"175.16.199.7:8443"}, "175.16.199.7", "known  CN 64500 CN"},
		{"IPv6 with brackets and port", "10.0.0.1", []string{`"[2001:db8:c0::7]:443"`}, "2001:db8:c0::7", "known  CN 0 CN"},
		{"RFC 7239", "10.0.0.1", []string{`for="[2001:db8:c0::7]";proto=https`}, "2001:db8:c0::7", "known  CN 0 CN"},
		{"IPv6 proxy", "2001:db8:ffff::1", []string{"10.20.3.4"}, "10.20.3.4", "known san-jose US 0 US"},
		{"trusted proxy that hides its client", "10.0.0.1", nil, "", "unknown   0 "},
		{"trusted proxy that says unknown", "10.0.0.1", []string{"10.20.3.4", "unknown"}, "", "unknown   0 "},
		{"trusted proxy and nonsense", "10.0.0.1", []string{"10.20.3.4.5"}, "", "unknown   0 "},
		{"nothing but trusted proxies", "10.0.0.1", []string{"10.0.0.3", "10.0.0.2"}, "10.0.0.3", "unknown   0 "},
		{"anonymiser", "192.0.2.200", nil, "192.0.2.200", "anonymised   0 "},
		{"anonymiser that geo knows", "192.0.2.1", nil, "192.0.2.1", "anonymised  NL 0 NL"},
		{"anonymiser, one address", "198.51.100.7", nil, "198.51.100.7", "anonymised  US 0 US"},
		{"beside it", "198.51.100.8", nil, "198.51.100.8", "known  US 0 US"},
		{"anonymiser in IPv6", "2001:db8:66:1::1", nil, "2001:db8:66:1::1", "anonymised   0 "},
		{"anonymiser behind a proxy", "10.0.0.1", []string{"192.0.2.200"}, "192.0.2.200", "anonymised   0 "},
		{"geo", "175.16.199.7", nil, "175.16.199.7", "known  CN 64500 CN"},
		{"AS number without country is no place", "175.16.1.1", nil, "175.16.1.1", "unknown   64500 "},
		{"private", "192.168.1.1", nil, "192.168.1.1", "unknown   0 "},
		{"loopback", "127.0.0.1", nil, "127.0.0.1", "unknown   0 "},
		{"link-local with zone", "fe80::1%eth0", nil, "fe80::1", "unknown   0 "},
		{"nothing", "", nil, "", "unknown   0 "},
		{"no peer: nobody vouches for the chain", "", []string{"10.20.3.4"}, "", "unknown   0 "},
		{"conflict: forwarded from elsewhere through a site", "10.20.3.4", []string{"175.16.199.7"}, "10.20.3.4", "conflict san-jose US 0 CN,US"},
		{"conflict: anywhere in the chain", "10.20.3.4", []string{"175.16.199.7", "192.168.1.1"}, "10.20.3.4", "conflict san-jose US 0 CN,US"},
		{"conflict: anonymised through a site", "10.20.3.4", []string{"192.0.2.200"}, "10.20.3.4", "conflict san-jose US 0 US"},
		{"no conflict: same country", "10.20.3.4", []string{"198.51.100.8"}, "10.20.3.4", "known san-jose US 0 US"},
		{"no conflict: private", "10.20.3.4", []string{"192.168.1.1", "x"}, "10.20.3.4", "known san-jose US 0 US"},
		{"no conflict: the cloud is no site", "10.50.1.1", []string{"175.16.199.7"}, "10.50.1.1", "known us-west-1 US 0 US"},
		{"conflict: geo contradicts the site", "203.0.113.200", nil, "203.0.113.200", "conflict san-jose US 0 CN,US"},
		{"no conflict: geo agrees", "203.0.113.1", nil, "203.0.113.1", "known san-jose US 0 US"},
		{"no conflict: geo does not know", "203.0.113.100", nil, "203.0.113.100", "known san-jose US 0 US"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ev := schema.AccessEvent{Origin: schema.Origin{IP: ip(c.peer), Forwarded: c.forwarded}}
			en := enriched(s, ev)
			if en.Client != ip(c.client) {
				t.Errorf("client is %v, want %v", en.Client, c.client)
			}
			got := place{site: en.Site, country: en.NetworkCountry, asn: en.NetworkASN}
			if text := describe(en.LocationState, got, en.Jurisdictions); text != c.want {
				t.Errorf("got  %q\nwant %q", text, c.want)
			}
		})
	}
}

func describe(state string, p place, law []string) string {
	return strings.Join([]string{state, p.site, p.country, uintText(p.asn), strings.Join(law, ",")}, " ")
}

func uintText(n uint32) string { return strconv.FormatUint(uint64(n), 10) }

func TestConflictsCanBeSwitchedOff(t *testing.T) {
	s := loadPolicy(t, with(lumen(), "networks.yaml", strings.Replace(lumen()["networks.yaml"], "version: 1", "version: 1\nconflicts: []", 1)))
	for _, o := range []schema.Origin{{IP: ip("203.0.113.200")}, {IP: ip("10.20.3.4"), Forwarded: []string{"175.16.199.7"}}} {
		if en := enriched(s, schema.AccessEvent{Origin: o}); en.LocationState != "known" || en.NetworkCountry != "US" {
			t.Errorf("%v: %s %s, want known US", o, en.LocationState, en.NetworkCountry)
		}
	}
}

func TestGeoShapes(t *testing.T) {
	dir := t.TempDir()
	writePolicy(t, dir, lumen())
	flat := mmdb(t, "flat", map[string]mmdbtype.Map{
		"198.18.0.0/24": {"country_code": mmdbtype.String("BR"), "asn": mmdbtype.String("AS64501")},
		"198.18.1.0/24": {"country_code": mmdbtype.String("br?")},
	})
	second := mmdb(t, "second", map[string]mmdbtype.Map{"198.18.0.0/16": isoCode("AR")})
	s, err := Load(Config{PolicyDir: dir, MMDB: []string{flat, second}})
	must(t, err)
	for addr, want := range map[string]string{
		"198.18.0.1": "BR 64501", // the first that knows
		"198.18.1.1": "AR 0",     // the first has no country code there
		"198.18.2.1": "AR 0",
		"198.19.0.1": " 0",
	} {
		en := enriched(s, schema.AccessEvent{Origin: schema.Origin{IP: ip(addr)}})
		if got := en.NetworkCountry + " " + uintText(en.NetworkASN); got != want {
			t.Errorf("%s: %q, want %q", addr, got, want)
		}
	}
	for name, kind := range map[string]string{
		"no members": mmdb(t, "other", map[string]mmdbtype.Map{"198.18.0.0/16": {"city": mmdbtype.String("x")}}),
		"no MMDB":    dir + "/catalog.yaml",
	} {
		if _, err := Load(Config{PolicyDir: dir, MMDB: []string{kind}}); err == nil || !strings.Contains(err.Error(), kind) {
			t.Errorf("%s: %v, want an error that names the file", name, err)
		}
	}
}

// FuzzOrigin: no origin makes enrichment panic, or an address known that is
// neither in a network nor in a database; and a client behind a trusted proxy is
// never in the part of the chain to the left of an untrusted address.
func FuzzOrigin(f *testing.F) {
	for _, seed := range []string{"10.20.3.4", "for=\"[::1%x]:9\"", ",,", "[", "]:", "::ffff:1.2.3.4", "10.0.0.1, 175.16.199.7", strings.Repeat(":", 99), "%", "unknown"} {
		f.Add("10.0.0.1", seed, "10.0.0.2")
	}
	s := loadPolicy(f, lumen())
	e := s.NewEnricher()
	f.Fuzz(func(t *testing.T, peer, a, b string) {
		addr, _ := netip.ParseAddr(peer)
		ev := schema.AccessEvent{Origin: schema.Origin{IP: addr, Forwarded: []string{"10.20.3.4", a, "175.16.199.7", b}}}
		e.Enrich(&ev)
		en := ev.Enrichment
		if !slices.Contains(schema.LocationStates(), en.LocationState) {
			t.Fatalf("state %q", en.LocationState)
		}
		if en.LocationState == "known" && (en.NetworkCountry == "" || !en.Client.IsValid()) {
			t.Fatal("known without a country or an address")
		}
		if en.Client.Is4In6() || en.Client.Zone() != "" {
			t.Fatalf("client %v is not in normal form", en.Client)
		}
		if s.locator.locate(normal(addr)).believed && en.Client == ip("10.20.3.4") && !names(b, en.Client) {
			t.Fatal("believed what an untrusted client said of itself")
		}
	})
}

// names reports whether an element of a chain is this address.
func names(element string, a netip.Addr) bool {
	c := chain{list: []string{element}}
	for {
		text, ok := c.next()
		if !ok {
			return false
		}
		if parseForwarded(text) == a {
			return true
		}
	}
}
