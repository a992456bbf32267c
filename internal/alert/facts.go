package alert

import (
	"slices"
	"strconv"
	"strings"

	"github.com/watchglass/watchglass/schema"
)

// Facts are the only values of an event that a notification shows: a closed
// list, none of which says whom the data is about. What has a closed set of
// values or a fixed shape is checked against it, since much of the evidence
// was written by a producer that we do not control.
type Facts struct {
	Employer  string   `json:"employer,omitempty"`
	Unit      string   `json:"unit,omitempty"`
	Network   string   `json:"network_country,omitempty"`
	Location  string   `json:"location_state,omitempty"`
	Law       []string `json:"jurisdictions,omitempty"`
	Action    string   `json:"action,omitempty"`
	Dataset   string   `json:"dataset,omitempty"`
	Silo      string   `json:"silo,omitempty"`
	Residents string   `json:"residents,omitempty"`
	Category  []string `json:"categories,omitempty"`
	Groups    []string `json:"groups,omitempty"`
	Subjects  uint64   `json:"subjects,omitempty"`
}

// FactsOf takes the facts out of an alert's evidence, and nothing else.
func FactsOf(a *schema.Alert) Facts {
	var f Facts
	for _, p := range a.Evidence {
		switch p.Field {
		case "accessor.employer":
			f.Employer = cut(p.Value, maxTextBytes)
		case "accessor.unit":
			f.Unit = cut(p.Value, maxTextBytes)
		case "accessor.network_country":
			f.Network = country(p.Value)
		case "accessor.location_state":
			f.Location = oneOf(p.Value, schema.LocationStates())
		case "accessor.jurisdictions":
			f.Law = slices.DeleteFunc(split(p.Value), func(s string) bool { return country(s) == "" })
		case "action":
			f.Action = oneOf(p.Value, schema.Actions())
		case "resource.dataset":
			f.Dataset = cut(p.Value, maxTextBytes)
		case "resource.silo":
			f.Silo = cut(p.Value, maxTextBytes)
		case "resource.residents":
			f.Residents = cut(p.Value, maxTextBytes)
		case "data.categories":
			f.Category = split(p.Value)
		case "subject.groups":
			f.Groups = split(p.Value)
		case "subject.count":
			f.Subjects, _ = strconv.ParseUint(p.Value, 10, 64) // 0 says unknown
		}
	}
	return f
}

func (f *Facts) describe(n *schema.Notification) {
	n.Employer, n.Unit, n.Network, n.Location, n.Law = f.Employer, f.Unit, f.Network, f.Location, f.Law
	n.Action, n.Dataset, n.Silo, n.Residents = f.Action, f.Dataset, f.Silo, f.Residents
	n.Category, n.Groups, n.Subjects = f.Category, f.Groups, f.Subjects
}

// country gives an ISO 3166-1 alpha-2 code back, and nothing for anything else.
func country(s string) string {
	if len(s) == 2 && 'A' <= s[0] && s[0] <= 'Z' && 'A' <= s[1] && s[1] <= 'Z' {
		return s
	}
	return ""
}

func oneOf(s string, set []string) string {
	if slices.Contains(set, s) {
		return s
	}
	return ""
}

func split(s string) []string {
	if s == "" {
		return nil
	}
	return cutList(strings.Split(s, listSeparator))
}

func cutList(items []string) []string {
	if len(items) == 0 {
		return nil
	}
	items = slices.Clone(items[:min(len(items), maxListItems)])
	for i := range items {
		items[i] = cut(items[i], maxItemBytes)
	}
	return items
}
