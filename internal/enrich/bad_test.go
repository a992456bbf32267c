package enrich

import (
	"strings"
	"testing"
)

// Every mistake is refused with the place where it is, and what was expected.
func TestBadFiles(t *testing.T) {
	secret := "u-5501"
	line := func(s string) string { return strings.TrimSpace(s) }
	good := line(protectedLine(t, testKeys()[0], "u", "staff"))
	csv := "id,employer,home_country,status\n"
	for _, c := range []struct{ name, file, text, want string }{
		{"missing file", "entities.yaml", "", "entities.yaml: no such file"},
		{"empty file", "entities.yaml", "\n# nothing\n", "entities.yaml:1:1: the file is empty"},
		{"not YAML", "entities.yaml", "version: 1\nentities: [", "entities.yaml:2:"},
		{"unknown key", "entities.yaml", "version: 1\nentitys: []\n", `entities.yaml:2:1: unknown field "entitys"`},
		{"duplicate key", "entities.yaml", "version: 1\nversion: 1\n", `entities.yaml:2:1: mapping key "version" already defined`},
		{"wrong type", "entities.yaml", "version: 1\nentities: 7\n", "entities.yaml:2:11: "},
		{"no version", "entities.yaml", "entities: []\n", "entities.yaml:1:1: version is 0"},
		{"other version", "entities.yaml", "version: 2\n", "entities.yaml:1:10: version is 2"},
		{"two documents", "entities.yaml", "version: 1\n---\nversion: 1\n", "holds 2 YAML documents"},
		{"country", "entities.yaml", "version: 1\nentities:\n  - id: a\n    country: UK\n", `entities.yaml:4:14: entity "a": "UK" is no country: expected GB`},
		{"country in small letters", "entities.yaml", "version: 1\nentities:\n  - id: a\n    country: us\n", "expected US"},
		{"no country", "entities.yaml", "version: 1\nentities:\n  - id: a\n", "entities.yaml:3:5: "},
		{"entity twice", "entities.yaml", "version: 1\nentities:\n  - {id: a, country: US}\n  - {id: a, country: US}\n", `entities.yaml:4:10: entity "a" is there twice: first on line 3`},
		{"owner not there", "entities.yaml", "version: 1\nentities:\n  - {id: a, country: US, owners: [{entity: b, percent: 1}]}\n", `owner "b" of "a" is no entity`},
		{"owner of both kinds", "entities.yaml", "version: 1\nentities:\n  - {id: a, country: US, owners: [{entity: a, country: US, percent: 1}]}\n", "either an entity or a country"},
		{"too many percent", "entities.yaml", "version: 1\nentities:\n  - {id: a, country: US, owners: [{country: US, percent: 60}, {country: CN, percent: 41}]}\n", "add up to 101 %"},
		{"no percent", "entities.yaml", "version: 1\nentities:\n  - {id: a, country: US, owners: [{country: US}]}\n", "percent is 0"},

		{"restricted: country", "jurisdictions.yaml", "version: 1\nrestricted:\n  - countries: [CN, XX]\n    reason: r\n", `jurisdictions.yaml:3:21: "XX" is no country`},
		{"restricted: no reason", "jurisdictions.yaml", "version: 1\nrestricted:\n  - countries: [CN]\n", "jurisdictions.yaml:3:5: a restricted entry has no reason"},
		{"restricted: no countries", "jurisdictions.yaml", "version: 1\nrestricted:\n  - reason: r\n", "names no countries"},
		{"restricted: ground", "jurisdictions.yaml", "version: 1\nrestricted:\n  - countries: [CN]\n    reason: r\n    grounds: [unknown]\n", `unknown ground "unknown"`},
		{"restricted: silo", "jurisdictions.yaml", "version: 1\nrestricted:\n  - countries: [CN]\n    silos: [algorithm, us-rimg]\n    reason: r\n", `jurisdictions.yaml:4:24: silo "us-rimg" is not declared`},
		{"fail closed: state", "jurisdictions.yaml", "version: 1\nfail_closed:\n  location: [known]\n", `"known" is no location state that can fail closed`},

		{"network: bits", "networks.yaml", "version: 1\nnetworks:\n  - {name: a, kind: cloud, cidrs: [10.20.0.1/16]}\n", `networks.yaml:3:36: "10.20.0.1/16" has bits set after its prefix: expected 10.20.0.0/16`},
		{"network: no CIDR", "networks.yaml", "version: 1\nnetworks:\n  - {name: a, kind: cloud, cidrs: [10.20.0.0/33]}\n", "is no network"},
		{"network: twice", "networks.yaml", "version: 1\nnetworks:\n  - {name: a, kind: cloud, cidrs: [10.0.0.0/8]}\n  - {name: b, kind: cloud, cidrs: [\"::ffff:10.0.0.0/104\"]}\n", "10.0.0.0/8 is there twice: first on line 3"},
		{"network: kind", "networks.yaml", "version: 1\nnetworks:\n  - {name: a, kind: office, cidrs: [10.0.0.0/8]}\n", `kind is "office": expected site`},
		{"network: site without country", "networks.yaml", "version: 1\nnetworks:\n  - {name: a, kind: site, cidrs: [10.0.0.0/8]}\n", "a site needs a country"},
		{"network: a VPN is no place", "networks.yaml", "version: 1\nnetworks:\n  - {name: a, kind: remote_access, country: US, cidrs: [10.0.0.0/8]}\n", "is not a place"},
		{"network: proxy", "networks.yaml", "version: 1\ntrusted_proxies: [10.0.0.0/8, lb1]\n", `networks.yaml:2:31: "lb1" is no address`},
		{"network: conflict", "networks.yaml", "version: 1\nconflicts: [all]\n", `unknown conflict "all"`},
		{"anonymiser", "anonymisers/tor.txt", "# x\n192.0.2.0/24\n192.0.2\n", `anonymisers/tor.txt:3: "192.0.2" is no address`},

		{"catalog: category", "catalog.yaml", "version: 1\nentries:\n  - {store: a, dataset: b, categories: [location]}\n", `catalog.yaml:3:41: unknown category "location"`},
		{"catalog: none", "catalog.yaml", "version: 1\nentries:\n  - {store: a, dataset: b}\n", "has no categories"},
		{"catalog: silo", "catalog.yaml", "version: 1\nentries:\n  - {store: a, dataset: b, categories: [device], silo: x}\n", `silo "x" is not declared`},
		{"catalog: no store", "catalog.yaml", "version: 1\nentries:\n  - {dataset: b, categories: [device]}\n", "has no store"},
		{"catalog: no fields", "catalog.yaml", "version: 1\nentries:\n  - {store: a, dataset: b, fields: [], categories: [device]}\n", "has no fields"},
		{"catalog: pattern of the wrong type", "catalog.yaml", "version: 1\nentries:\n  - {store: 7, dataset: b, categories: [device]}\n", "catalog.yaml:3:"},
		{"catalog: silo twice", "catalog.yaml", "version: 1\nsilos:\n  - {id: a}\n  - {id: a}\n", `silo "a" is there twice: first on line 3`},

		{"directory: empty", "directory.csv", "\n", "directory.csv:1:1: the file is empty"},
		{"directory: column missing", "directory.csv", "id,employer,status\n", "directory.csv:1: column home_country is missing"},
		{"directory: column unknown", "directory.csv", csv[:len(csv)-1] + ",boss\n", `unknown column "boss"`},
		{"directory: twice", "directory.csv", csv + secret + ",lumen-us,US,active\nb,lumen-us,US,active\n" + secret + ",lumen-us,US,active\n", "directory.csv:4: this accessor id is there twice: first on line 2"},
		{"directory: employer", "directory.csv", csv + "a,lumen-us,US,active\nb,lumen-usa,US,active\n", `directory.csv:3: employer "lumen-usa" is no entity`},
		{"directory: no home", "directory.csv", csv + secret + ",lumen-us,,active\n", "directory.csv:2: home_country is empty"},
		{"directory: home", "directory.csv", csv + secret + ",lumen-us,usa,active\n", `home_country "usa" is no country`},
		{"directory: status", "directory.csv", csv + secret + ",lumen-us,US,gone\n", `status is "gone"`},
		{"directory: no id", "directory.csv", csv + ",lumen-us,US,active\n", "directory.csv:2: id is empty"},
		{"directory: cells", "directory.csv", csv + "a,lumen-us,US,active\n" + secret + ",lumen-us\n", "directory.csv:3:1: wrong number of fields"},
		{"directory: both", "directory.jsonl", "", ""}, // see below
		{"protected: in clear", "protected/a.txt", good + "\n" + secret + " journalist\n", "protected/a.txt:2: the key id is missing"},
		{"protected: key", "protected/a.txt", "k9" + good[2:] + "\n", `protected/a.txt:1:1: key "k9" is not configured: expected one of [k1, k2]`},
		{"protected: hash", "protected/a.txt", "k1:" + secret + " journalist\n", "protected/a.txt:1:4: the hash is not 64 hex digits"},
		{"protected: no group", "protected/a.txt", strings.Fields(good)[0] + "\n", "protected/a.txt:1: expected `<key id>:"},
		{"protected: group", "protected/a.txt", strings.Fields(good)[0] + " Press\n", "protected/a.txt:1: group: expected"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := with(lumen(), c.file, c.text)
			if c.name == "directory: both" {
				files["directory.jsonl"] = "\n"
				c.want = "there are both"
			}
			dir := t.TempDir()
			writePolicy(t, dir, files)
			_, err := Load(Config{PolicyDir: dir, ProtectedKeys: testKeys()})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got  %v\nwant %s", err, c.want)
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error shows an id: %v", err)
			}
		})
	}
}

func TestBadJSONLines(t *testing.T) {
	ok := `{"id":"a","employer":"lumen-us","home_country":"US","status":"active"}`
	for text, want := range map[string]string{
		ok + "\n{\n":                              "directory.jsonl:2",
		ok + "\n\n" + ok:                          "directory.jsonl:3: this accessor id is there twice: first on line 1",
		ok + " " + ok:                             "expected one JSON object a line",
		`{"id":7}`:                                "id is a number: expected string",
		`{"id":"a","boss":"b"}`:                   `unknown field "boss"`,
		`{"id":"a","clearances":"x"}`:             "clearances is a string",
		strings.Replace(ok, `"US"`, `""`, 1):      "home_country is empty",
		strings.Repeat("x", maxDirectoryLine+100): "directory.jsonl:1: the line is longer",
	} {
		if _, err := readDirectoryJSONL("directory.jsonl", strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestKeysAreChecked(t *testing.T) {
	dir := t.TempDir()
	writePolicy(t, dir, lumen())
	k := testKeys()[0]
	for name, keys := range map[string][]Key{"short": {{"a", []byte("short")}}, "twice": {k, k}, "no id": {{"", k.Secret}}} {
		if _, err := Load(Config{PolicyDir: dir, ProtectedKeys: keys}); err == nil || strings.Contains(err.Error(), "short") && name != "short" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNorwayIsACountry(t *testing.T) {
	if _, err := readEntities("e", strings.NewReader("version: 1\nentities: [{id: a, country: NO}]\n")); err != nil {
		t.Error(err)
	}
}
