package enrich

import (
	"bytes"
	"maps"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"

	"github.com/watchglass/watchglass/schema"
)

// lumen is a small but complete policy of a made-up video platform.
func lumen() map[string]string {
	return map[string]string{
		"jurisdictions.yaml": `
version: 1
restricted:
  - countries: [CN, HK, MO, CU, IR, KP, RU, VE]
    residents: [US]
    silos: [algorithm]
    reason: "28 CFR § 202.601"
`,
		"entities.yaml": `
version: 1
entities:
  - id: lumen-global
    country: US
    owners:
      - {entity: hongyun-cn, percent: 40}
      - {country: US, percent: 60, name: funds}
  - {id: lumen-us, country: US, owners: [{entity: lumen-global, percent: 100}]}
  - {id: lumen-sg, country: SG, owners: [{entity: lumen-global, percent: 100}]}
  - {id: hongyun-cn, country: CN}
  - {id: hongyun-rd, country: CN, owners: [{entity: hongyun-cn, percent: 100}]}
  - {id: holding-vg, country: VG, owners: [{entity: hongyun-cn, percent: 100}]}
  - {id: stellar-ops, country: SG, owners: [{entity: holding-vg, percent: 55}, {country: SG, percent: 45}]}
`,
		"directory.csv": `id,employer,unit,home_country,citizenships,clearances,status
e-us,lumen-us,usds,US,US,us-ring,active
e-sg,lumen-sg,support,SG,SG|MY,,active
e-cn,hongyun-rd,ranking,CN,CN,algorithm,active
e-expat,lumen-sg,support,CN,,,active
e-owned,stellar-ops,ops,SG,,,active
e-left,lumen-us,usds,US,,us-ring,departed
svc,lumen-us,platform,-,,us-ring|algorithm,active
`,
		"networks.yaml": `
version: 1
trusted_proxies: [10.0.0.0/28, "2001:db8:ffff::/64"]
networks:
  - {name: san-jose, kind: site, country: US, cidrs: [10.20.0.0/16, "2001:db8:20::/48", 203.0.113.0/24]}
  - {name: lab, kind: site, country: CN, cidrs: [10.20.7.0/24]}
  - {name: vpn-west, kind: remote_access, cidrs: [10.99.0.0/16]}
  - {name: bastion, kind: remote_access, forwards: true, cidrs: [10.98.0.0/16]}
  - {name: us-west-1, kind: cloud, country: US, cidrs: [10.50.0.0/16]}
  - {name: burst, kind: cloud, cidrs: [10.60.0.0/16, 175.16.200.0/24]}
`,
		"anonymisers/tor.txt":  "# exits\n192.0.2.0/24 # all\n2001:db8:66::/48\n",
		"anonymisers/vpn.txt":  "198.51.100.7\n10.20.9.9\n",
		"anonymisers/notes.md": "not a list",
		"catalog.yaml": `
version: 1
taxonomy: [operational]
silos:
  - {id: us-ring, residents: US, regions: [us-east-1, us-west-1]}
  - {id: algorithm, clearance: algo}
entries:
  - {store: profiles, dataset: us.users.sessions, fields: [ip, "*_ip"], categories: [location.ip], silo: us-ring}
  - {store: profiles, dataset: us.*, fields: [email], categories: [contact.email], silo: us-ring}
  - {store: profiles, dataset: us.*, categories: [unclassified], silo: us-ring}
  - {store: profiles, dataset: sg.users, fields: [lat, lon, ip], categories: [location.precise, location.ip], residents: SG}
  - {store: [ranking, "feature?"], dataset: "*", categories: [algorithm], silo: algorithm}
  - {store: ops, dataset: "*", categories: [operational]}
`,
	}
}

// with is a policy with some files replaced; an empty text removes one.
func with(base map[string]string, files ...string) map[string]string {
	out := maps.Clone(base)
	for i := 0; i < len(files); i += 2 {
		out[files[i]] = files[i+1]
		if files[i+1] == "" {
			delete(out, files[i])
		}
	}
	return out
}

func writePolicy(tb testing.TB, dir string, files map[string]string) {
	tb.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		must(tb, os.MkdirAll(filepath.Dir(path), 0o755))
		must(tb, os.WriteFile(path, []byte(text), 0o600))
	}
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func testKeys() []Key {
	return []Key{{"k1", []byte("0123456789abcdef")}, {"k2", []byte("fedcba9876543210fedcba9876543210")}}
}

// loadPolicy loads a policy with two geo databases.
func loadPolicy(tb testing.TB, files map[string]string) *Snapshot {
	tb.Helper()
	dir := tb.TempDir()
	writePolicy(tb, dir, files)
	s, err := Load(Config{PolicyDir: dir, MMDB: []string{countryMMDB(tb), asnMMDB(tb)}, ProtectedKeys: testKeys()})
	must(tb, err)
	return s
}

func protectedLine(tb testing.TB, key Key, id string, groups ...string) string {
	tb.Helper()
	line, err := HashLine(key, id, groups)
	must(tb, err)
	return line + "\n"
}

func mmdb(tb testing.TB, kind string, records map[string]mmdbtype.Map) string {
	tb.Helper()
	// The writer puts the second of its writing into the file unless it is told one.
	tree, err := mmdbwriter.New(mmdbwriter.Options{BuildEpoch: 1, DatabaseType: kind, IncludeReservedNetworks: true})
	must(tb, err)
	for cidr, record := range records {
		_, n, err := net.ParseCIDR(cidr)
		must(tb, err)
		must(tb, tree.Insert(n, record))
	}
	var b bytes.Buffer
	_, err = tree.WriteTo(&b)
	must(tb, err)
	path := filepath.Join(tb.TempDir(), kind+".mmdb")
	must(tb, os.WriteFile(path, b.Bytes(), 0o600))
	return path
}

func isoCode(c string) mmdbtype.Map {
	return mmdbtype.Map{"country": mmdbtype.Map{"iso_code": mmdbtype.String(c)}}
}

func countryMMDB(tb testing.TB) string {
	return mmdb(tb, "country", map[string]mmdbtype.Map{
		"175.16.199.0/24": isoCode("CN"), "175.16.200.0/24": isoCode("CN"), "175.16.201.0/24": isoCode("SG"), "2001:db8:c0::/48": isoCode("CN"),
		"192.0.2.0/25": isoCode("NL"), "203.0.113.128/25": isoCode("CN"), "203.0.113.0/26": isoCode("US"), "198.51.100.0/28": isoCode("US"),
	})
}

func asnMMDB(tb testing.TB) string {
	return mmdb(tb, "asn", map[string]mmdbtype.Map{
		"175.16.0.0/16": {"autonomous_system_number": mmdbtype.Uint32(64500), "autonomous_system_organization": mmdbtype.String("x")},
	})
}

// ip is an address, or the zero one for "".
func ip(text string) netip.Addr {
	if text == "" {
		return netip.Addr{}
	}
	return netip.MustParseAddr(text)
}

func enriched(s *Snapshot, ev schema.AccessEvent) schema.Enrichment {
	s.NewEnricher().Enrich(&ev)
	return ev.Enrichment
}
