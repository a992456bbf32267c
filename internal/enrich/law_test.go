package enrich

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/watchglass/watchglass/schema"
)

func usData() schema.Resource {
	return schema.Resource{Store: "profiles", Dataset: "us.users.sessions", Fields: []string{"ip"}, Region: "us-west-1"}
}

func sgData() schema.Resource {
	return schema.Resource{Store: "profiles", Dataset: "sg.users", Fields: []string{"ip"}}
}

func ranking() schema.Resource { return schema.Resource{Store: "ranking", Dataset: "weights"} }

func TestJurisdictions(t *testing.T) {
	const office, china, vpn = "10.20.3.4", "175.16.199.7", "10.99.1.1"
	with := func(key, value string) map[string]string {
		p := lumen()
		p["jurisdictions.yaml"] = strings.Replace(p["jurisdictions.yaml"], key, value, 1)
		return p
	}
	for _, c := range []struct {
		name     string
		policy   map[string]string
		id, ip   string
		resource schema.Resource
		want     string // jurisdictions, restricted by; cleared
	}{
		{"at home, in the office", lumen(), "e-us", office, usData(), "[US] [] true"},
		{"from a restricted network", lumen(), "e-us", china, usData(), "[CN US] [network] true"},
		{"the same for data that no entry covers", lumen(), "e-us", china, sgData(), "[CN US] [] true"},
		{"home", lumen(), "e-expat", office, usData(), "[CN SG US] [home] false"},
		{"employer and home", lumen(), "e-cn", office, usData(), "[CN US] [home employer owner] false"},
		{"owner through a chain", lumen(), "e-owned", office, usData(), "[CN SG US VG] [owner] false"},
		{"owner of 40 % does not count", lumen(), "e-sg", office, usData(), "[SG US] [] false"},
		{"everything at once", lumen(), "e-cn", china, usData(), "[CN] [network home employer owner] false"},
		{"covered by silo", lumen(), "e-expat", office, ranking(), "[CN SG US] [home] false"},
		{"unknown location fails closed", lumen(), "e-us", vpn, usData(), "[US] [unknown] true"},
		{"unknown location, not covered", lumen(), "e-us", vpn, sgData(), "[US] [] true"},
		{"anonymised fails closed", lumen(), "e-us", "192.0.2.1", usData(), "[NL US] [unknown] true"},
		{"conflict fails closed, with both countries", lumen(), "e-us", "203.0.113.200", usData(), "[CN US] [network unknown] true"},
		{"unknown accessor fails closed", lumen(), "x", office, usData(), "[US] [unknown] false"},
		{"unknown accessor, not covered", lumen(), "x", office, sgData(), "[US] [] true"},
		{"unknown accessor from a restricted network", lumen(), "x", china, usData(), "[CN] [network unknown] false"},
		{"a service has no home", lumen(), "svc", "10.50.1.1", usData(), "[US] [] true"},
		{"policy opens unknown locations", with("restricted:", "fail_closed: {location: [anonymised]}\nrestricted:"), "e-us", vpn, usData(), "[US] [] true"},
		{"but not anonymised ones", with("restricted:", "fail_closed: {location: [anonymised]}\nrestricted:"), "e-us", "192.0.2.1", usData(), "[NL US] [unknown] true"},
		{"policy opens unknown accessors", with("restricted:", "fail_closed: {accessor: false}\nrestricted:"), "x", office, usData(), "[US] [] false"},
		{"grounds of an entry", with("residents: [US]", "residents: [US]\n    grounds: [network]"), "e-cn", office, usData(), "[CN US] [] false"},
		{"grounds of an entry, network", with("residents: [US]", "residents: [US]\n    grounds: [network]"), "e-cn", china, usData(), "[CN] [network] false"},
		{"in general", with("    residents: [US]\n    silos: [algorithm]\n", ""), "e-expat", office, sgData(), "[CN SG US] [home] true"},
		{"nothing restricted", map[string]string{"jurisdictions.yaml": "version: 1\nrestricted: []\n"}, "x", vpn, usData(), "[] [] false"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := lumen()
			maps.Copy(files, c.policy)
			en := enriched(loadPolicy(t, files), schema.AccessEvent{Accessor: schema.Accessor{ID: c.id}, Origin: schema.Origin{IP: ip(c.ip)}, Resource: c.resource})
			if got := fmt.Sprint(en.Jurisdictions, en.RestrictedBy, en.Cleared); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if en.Restricted != (len(en.RestrictedBy) > 0) {
				t.Errorf("restricted is %v by %v", en.Restricted, en.RestrictedBy)
			}
		})
	}
}

func TestOnBehalfOf(t *testing.T) {
	for _, c := range []struct {
		name, of string
		policy   map[string]string
		resource schema.Resource
		want     string // known, employer, its country, home, unit, restricted by
	}{
		{"nobody", "", lumen(), usData(), "false []"},
		{"harmless", "e-sg", lumen(), usData(), "true lumen-sg SG SG support []"},
		{"restricted", "e-cn", lumen(), usData(), "true hongyun-rd CN CN ranking [home employer owner]"},
		{"restricted, but not for this", "e-cn", lumen(), sgData(), "true hongyun-rd CN CN ranking []"},
		{"owner", "e-owned", lumen(), ranking(), "true stellar-ops SG SG ops [owner]"},
		{"unknown fails closed", "x", lumen(), usData(), "false [unknown]"},
		{"unknown, policy opens", "x", with(lumen(), "jurisdictions.yaml", strings.Replace(lumen()["jurisdictions.yaml"], "restricted:", "fail_closed: {on_behalf_of: false}\nrestricted:", 1)), usData(), "false []"},
	} {
		t.Run(c.name, func(t *testing.T) {
			// The accessor is in a VPN: what is not known of him is not held against the other.
			ev := schema.AccessEvent{Accessor: schema.Accessor{ID: "e-us", OnBehalfOf: c.of}, Origin: schema.Origin{IP: ip("10.99.1.1")}, Resource: c.resource}
			o := enriched(loadPolicy(t, c.policy), ev).OnBehalfOf
			got := strings.Join(strings.Fields(fmt.Sprint(o.Known, " ", o.Employer, " ", o.EmployerCountry, " ", o.HomeCountry, " ", o.Unit)), " ") + " " + fmt.Sprint(o.RestrictedBy)
			if got != c.want || o.Restricted != (len(o.RestrictedBy) > 0) {
				t.Errorf("got %s %v, want %s", got, o.Restricted, c.want)
			}
		})
	}
}
