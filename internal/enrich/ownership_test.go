package enrich

import (
	"fmt"
	"strings"
	"testing"
)

func TestOwnership(t *testing.T) {
	for _, c := range []struct {
		name, entities string
		want           string // owner countries of entity "e"
	}{
		{"no owners", `- {id: e, country: US}`, "[]"},
		{"its own country is not an owner's", `- {id: e, country: CN}`, "[]"},
		{"half", `- {id: e, country: US, owners: [{country: CN, percent: 50}]}`, "[CN]"},
		{"just below half", `- {id: e, country: US, owners: [{country: CN, percent: 49.999999}]}`, "[]"},
		{"in sum", `- {id: e, country: US, owners: [{country: CN, percent: 33.34}, {country: CN, percent: 16.66}]}`, "[CN]"},
		{"two halves", `- {id: e, country: US, owners: [{country: CN, percent: 50}, {country: IE, percent: 50}]}`, "[CN IE]"},
		{"in the aggregate of restricted countries", `- {id: e, country: US, owners: [{country: CN, percent: 30}, {country: RU, percent: 20}, {country: IE, percent: 50}]}`, "[CN IE RU]"},
		{"no aggregate of other countries", `- {id: e, country: US, owners: [{country: SG, percent: 30}, {country: IE, percent: 20}]}`, "[]"},
		{"through a chain", `
- {id: e, country: SG, owners: [{entity: m, percent: 55}]}
- {id: m, country: VG, owners: [{entity: p, percent: 100}]}
- {id: p, country: CN}`, "[CN VG]"},
		{"percentages along a chain are not multiplied", `
- {id: e, country: SG, owners: [{entity: m, percent: 50}]}
- {id: m, country: SG, owners: [{country: CN, percent: 50}]}`, "[CN SG]"},
		{"a chain that breaks below half", `
- {id: e, country: SG, owners: [{entity: m, percent: 100}]}
- {id: m, country: IE, owners: [{country: CN, percent: 49}]}`, "[IE]"},
		{"direct and indirect in sum", `
- {id: e, country: SG, owners: [{entity: m, percent: 30}, {country: CN, percent: 20}]}
- {id: m, country: IE, owners: [{country: CN, percent: 60}]}`, "[CN]"},
		{"a circle counts by its countries only", `
- {id: e, country: SG, owners: [{entity: m, percent: 100}]}
- {id: m, country: IE, owners: [{entity: e, percent: 100}]}`, "[IE SG]"},
		{"a circle with an owner outside", `
- {id: e, country: SG, owners: [{entity: m, percent: 60}]}
- {id: m, country: IE, owners: [{entity: e, percent: 40}, {country: CN, percent: 60}]}`, "[CN IE]"},
		{"a circle with too little from outside", `
- {id: e, country: SG, owners: [{entity: m, percent: 60}]}
- {id: m, country: IE, owners: [{entity: e, percent: 55}, {country: CN, percent: 45}]}`, "[IE SG]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			es, err := readEntities("entities.yaml", strings.NewReader("version: 1\nentities:\n"+c.entities))
			must(t, err)
			list := es.employers([]restriction{{Countries: []string{"CN", "RU"}}})
			if got := fmt.Sprint(list[es.byID["e"]].owners); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
