package enrich

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/watchglass/watchglass/schema"
)

func TestCatalog(t *testing.T) {
	s := loadPolicy(t, lumen())
	for _, c := range []struct {
		name, store, dataset string
		fields               []string
		region               string
		want                 string // categories, silo, residents, misplaced
	}{
		{"field", "profiles", "us.users.sessions", []string{"ip"}, "", "[location.ip] us-ring US false"},
		{"pattern", "profiles", "us.users.sessions", []string{"last_ip"}, "", "[location.ip] us-ring US false"},
		{"near the pattern: the rest of the silo", "profiles", "us.users.sessions", []string{"ip_hash"}, "", "[unclassified] us-ring US false"},
		{"first match wins", "profiles", "us.users", []string{"email"}, "", "[contact.email] us-ring US false"},
		{"several fields", "profiles", "us.users.sessions", []string{"email", "IP", "ip"}, "", "[contact.email location.ip] us-ring US false"},
		{"upper and lower case", "Profiles", "US.Users.SESSIONS", []string{"Last_IP"}, "", "[location.ip] us-ring US false"},
		{"no fields: all entries of the dataset", "profiles", "us.users.sessions", nil, "", "[contact.email location.ip unclassified] us-ring US false"},
		{"residents without silo", "profiles", "sg.users", []string{"lat"}, "", "[location.ip location.precise] - SG false"},
		{"one field of two is not known", "profiles", "sg.users", []string{"lat", "shoe_size"}, "", "[location.ip location.precise unclassified] - SG false"},
		{"nothing matches", "profiles", "sg.videos", []string{"lat"}, "", "[unclassified] -  false"},
		{"nothing matches, no fields", "other", "us.users", nil, "", "[unclassified] -  false"},
		{"one character", "feature1", "x", []string{"y"}, "", "[algorithm] algorithm  false"},
		{"not two", "feature12", "x", []string{"y"}, "", "[unclassified] -  false"},
		{"category of the operator's", "ops", "queue", nil, "", "[operational] -  false"},
		{"in its region", "profiles", "us.users", []string{"email"}, "US-WEST-1", "[contact.email] us-ring US false"},
		{"outside its region", "profiles", "us.users", []string{"email"}, "ap-southeast-1", "[contact.email] us-ring US true"},
		{"a silo without regions", "ranking", "x", nil, "ap-southeast-1", "[algorithm] algorithm  false"},
	} {
		t.Run(c.name, func(t *testing.T) {
			en := enriched(s, schema.AccessEvent{Resource: schema.Resource{Store: c.store, Dataset: c.dataset, Fields: c.fields, Region: c.region}})
			silo := en.Silo
			if silo == "" {
				silo = "-"
			}
			if got := fmt.Sprintf("%v %s %s %v", en.Categories, silo, en.Residents, en.Misplaced); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestClearanceOfASilo(t *testing.T) {
	s := loadPolicy(t, with(lumen(), "directory.csv", "id,employer,home_country,clearances,status\na,lumen-us,US,algo,active\nb,lumen-us,US,algorithm,active\n"))
	for id, want := range map[string]bool{"a": true, "b": false, "nobody": false} { // the silo `algorithm` asks for `algo`
		if en := enriched(s, schema.AccessEvent{Accessor: schema.Accessor{ID: id}, Resource: ranking()}); en.Cleared != want {
			t.Errorf("%s: cleared is %v", id, en.Cleared)
		}
	}
}

func TestExplain(t *testing.T) {
	s := loadPolicy(t, lumen())
	store, dataset, fields, err := ParseTarget("profiles:us.users.sessions.last_ip")
	must(t, err)
	x := s.Explain(store, dataset, fields)
	if f := x.Fields[0]; f.Line != 8 || !strings.HasSuffix(f.File, "catalog.yaml") || x.Silo != "us-ring" || x.Clearance != "us-ring" || x.Residents != "US" || len(x.Restrictions) != 1 {
		t.Errorf("%+v", x)
	}
	want := "us.users.sessions.last_ip: location.ip (" + x.Fields[0].File + `:8)
  categories   location.ip
  silo         us-ring
  clearance    us-ring
  regions      us-east-1, us-west-1
  residents    US
  restricted   CN HK MO CU IR KP RU VE, by network, home, employer, owner: 28 CFR § 202.601
`
	if got := x.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if x := s.Explain("profiles", "sg.videos", nil); x.Fields[0].Line != 0 || x.Categories[0] != schema.Unclassified || !strings.Contains(x.String(), "to nobody") {
		t.Errorf("%+v", x)
	}
	if x := s.Explain("", "weights", []string{"w"}); x.Silo != "algorithm" {
		t.Errorf("without a store: %+v", x)
	}
	for text, want := range map[string]string{"users.ip": " users [ip]", "a:b.c.d": "a b.c [d]", "us.users.*": " us.users []", "users": "error", ".ip": "error", "": "error"} {
		store, dataset, fields, err := ParseTarget(text)
		got := store + " " + dataset + " " + fmt.Sprint(fields)
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// A pattern agrees with its definition, taken literally.
func TestPatternAgreesWithItsDefinition(t *testing.T) {
	var matches func(p, s string) bool
	matches = func(p, s string) bool {
		switch {
		case p == "":
			return s == ""
		case p[0] == '*':
			return matches(p[1:], s) || s != "" && matches(p, s[1:])
		}
		return s != "" && (p[0] == '?' || p[0] == s[0]) && matches(p[1:], s[1:])
	}
	rapid.Check(t, func(t *rapid.T) {
		p, s := rapid.StringMatching(`[ab*?]{0,8}`).Draw(t, "pattern"), rapid.StringMatching(`[ab]{0,10}`).Draw(t, "text")
		if got := newPattern(p).match(s); got != matches(p, s) {
			t.Fatalf("%q on %q: %v", p, s, got)
		}
	})
}
