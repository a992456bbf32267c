package alert_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/watchglass/watchglass/internal/alert"
	"github.com/watchglass/watchglass/schema"
)

const marker = "MARKED-PERSONAL"

// public are the evidence fields that a notification may show.
func public() map[string]bool {
	fields := map[string]bool{}
	for _, f := range []string{
		"accessor.employer", "accessor.unit", "accessor.network_country", "accessor.location_state", "accessor.jurisdictions",
		"action", "resource.dataset", "resource.silo", "resource.residents", "data.categories", "subject.groups", "subject.count",
	} {
		fields[f] = true
	}
	return fields
}

// TestNoPersonalDataLeaves marks every value of an alert that is not in the
// closed list, the accessor and group included, and looks for the mark in what
// leaves.
func TestNoPersonalDataLeaves(t *testing.T) {
	t.Parallel()
	identity, err := alert.NewIdentity([]byte("0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, f := range schema.Fields() {
		paths = append(paths, f.Path)
	}
	paths = append(paths, "attributes.note", "attributes.user.email")
	rapid.Check(t, func(t *rapid.T) {
		s := settings()
		s.Identity, s.HashAccessor, s.UpdateInterval = identity, true, 0
		marked := rapid.Custom(func(t *rapid.T) string {
			return rapid.StringN(0, 8, -1).Draw(t, "before") + marker + rapid.StringN(0, 8, -1).Draw(t, "after")
		})
		var state *alert.Incident
		for i := range rapid.IntRange(1, 4).Draw(t, "alerts") {
			a := alertAt(int64(i), start)
			a.Accessor = marker
			a.Group = []schema.Pair{{Field: "subject.ids", Value: marker}}
			for _, path := range rapid.SliceOfDistinct(rapid.SampledFrom(paths), rapid.ID[string]).Draw(t, "fields") {
				value := marked.Draw(t, path)
				if public()[path] && path != "action" && path != "accessor.network_country" && path != "accessor.location_state" && path != "accessor.jurisdictions" {
					value = "public" // fields with a closed set of values are marked, too
				}
				a.Evidence = append(a.Evidence, schema.Pair{Field: path, Value: value})
			}
			state = alert.OnAlert(state, a, start, &s).State
		}
		state = alert.OnTick(state, start.Add(2*time.Hour), &s).State
		for _, p := range state.Pending {
			body, err := json.Marshal(p.Notification)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(bytes.ToUpper(body), []byte(marker)) {
				t.Fatalf("personal data in %s", body)
			}
		}
	})
}

// TestFactsAreShown is the other half: the closed list does arrive.
func TestFactsAreShown(t *testing.T) {
	t.Parallel()
	s := settings()
	a := alertAt(1, start)
	for field := range public() {
		value := map[string]string{
			"accessor.network_country": "CN", "accessor.location_state": "anonymised", "accessor.jurisdictions": "CN, US",
			"action": "query", "data.categories": "location.ip, device", "subject.groups": "journalist", "subject.count": "12",
		}[field]
		if value == "" {
			value = "of " + field
		}
		a.Evidence = append(a.Evidence, schema.Pair{Field: field, Value: value})
	}
	n := alert.OnAlert(nil, a, start, &s).Publish.Notification
	body, err := json.Marshal(n)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"network_country":"CN"`, `"location_state":"anonymised"`, `"jurisdictions":["CN","US"]`, `"action":"query"`,
		`"categories":["location.ip","device"]`, `"groups":["journalist"]`, `"subjects":12`, `"employer":"of accessor.employer"`,
		`"unit":"of accessor.unit"`, `"dataset":"of resource.dataset"`, `"silo":"of resource.silo"`, `"residents":"of resource.residents"`,
		`"accessor":"e-1042"`, `"type":"incident.opened"`,
	} {
		if !strings.Contains(string(body), want) {
			t.Errorf("%s is missing in %s", want, body)
		}
	}
	if strings.Contains(n.ID, ".") {
		t.Errorf("id %s holds a full stop, which the signature uses as its separator", n.ID)
	}
}

// TestNotificationsAreSmall: however large the evidence and however its JSON
// is escaped.
func TestNotificationsAreSmall(t *testing.T) {
	t.Parallel()
	s := settings()
	long := strings.Repeat("\x01\xff, ", 5_000)
	a := alertAt(1, start)
	a.Accessor = long
	a.Rule = schema.RuleRef{ID: long, Title: long, Level: long, Version: long, Tags: strings.Split(long, " ")}
	for field := range public() {
		a.Evidence = append(a.Evidence, schema.Pair{Field: field, Value: long})
	}
	body, err := json.Marshal(alert.OnAlert(nil, a, start, &s).Publish.Notification)
	if err != nil {
		t.Fatal(err)
	}
	if len(body) >= 20_000 {
		t.Errorf("%d bytes, want less than 20,000", len(body))
	}
}
