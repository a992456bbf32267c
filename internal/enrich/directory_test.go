package enrich

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/watchglass/watchglass/schema"
)

func TestDirectory(t *testing.T) {
	s := loadPolicy(t, lumen())
	for _, c := range []struct {
		name, id string
		want     string // known, status, employer, its country, unit, home, citizenships, clearances, owners
	}{
		{"known", "e-us", "true active lumen-us US usds US [US] [us-ring] [US]"},
		{"lists in order", "svc", "true active lumen-us US platform  [] [algorithm us-ring] [US]"},
		{"several citizenships", "e-sg", "true active lumen-sg SG support SG [MY SG] [] [US]"},
		{"departed is still known", "e-left", "true departed lumen-us US usds US [] [us-ring] [US]"},
		{"owner through a chain", "e-owned", "true active stellar-ops SG ops SG [] [] [CN VG]"},
		{"not there", "e-nobody", "false unknown     [] [] []"},
		{"ids are exact", "E-US", "false unknown     [] [] []"},
		{"a part of an id", "e-u", "false unknown     [] [] []"},
		{"empty", "", "false unknown     [] [] []"},
	} {
		t.Run(c.name, func(t *testing.T) {
			en := enriched(s, schema.AccessEvent{Accessor: schema.Accessor{ID: c.id}})
			got := strings.Join([]string{fmt.Sprint(en.Known), en.Status, en.Employer, en.EmployerCountry, en.Unit, en.HomeCountry, fmt.Sprint(en.Citizenships, en.Clearances, en.OwnerCountries)}, " ")
			if got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestJSONLinesSayTheSameAsCSV(t *testing.T) {
	csv := loadPolicy(t, lumen())
	jsonl := loadPolicy(t, with(lumen(), "directory.csv", "", "directory.jsonl", "\ufeff"+`{"id":"e-sg","employer":"lumen-sg","unit":"support","home_country":"SG","citizenships":["SG","MY"],"clearances":[],"status":"active"}

{"status":"active","id":"svc","employer":"lumen-us","unit":"platform","home_country":"-","clearances":["us-ring","algorithm"]}
`))
	for _, id := range []string{"e-sg", "svc"} {
		a, b := csv.parts.directory, jsonl.parts.directory
		x, y := a.profiles[a.find(id)], b.profiles[b.find(id)]
		x.line, y.line = 0, 0
		if fmt.Sprintf("%+v", x) != fmt.Sprintf("%+v", y) {
			t.Errorf("%s: CSV gives %+v, JSON Lines %+v", id, x, y)
		}
	}
}

func TestProfilesAreShared(t *testing.T) {
	var b strings.Builder
	b.WriteString("\ufeffstatus,home_country,id,employer,clearances\n")
	for i := range 5_000 {
		fmt.Fprintf(&b, "active,SG,\"e-%d\",lumen-sg,%s\n", i, []string{"a|b", "b|a|b"}[i%2])
	}
	d := loadPolicy(t, with(lumen(), "directory.csv", b.String())).parts.directory
	if len(d.profiles) != 3 { // unknown, and the two spellings of one set
		t.Errorf("%d profiles, want 3", len(d.profiles))
	}
	for i := range 5_000 {
		p := d.profiles[d.find(fmt.Sprintf("e-%d", i))]
		if p.status != statusActive || !slices.Equal(p.clearances, []string{"a", "b"}) {
			t.Fatalf("accessor %d: %+v", i, p)
		}
	}
	for _, id := range []string{"e-5000", "e--1", "e-4999 "} {
		if d.find(id) != unknownProfile {
			t.Errorf("%q was found", id)
		}
	}
}
