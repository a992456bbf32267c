package enrich

import "slices"

// ownedBy computes which entities are owned by a set of countries, as
// 28 CFR § 202.211 counts it: an entity is owned by the set when the shares of
// those of its owners that are in one of the countries, or are themselves owned
// by the set, add up to 50 % or more. Shares along a chain are not multiplied.
//
// It is the least fixed point: it starts with nobody owned and adds only what
// follows, so that a circle of owners does not make itself count. Each round
// adds at least one entity; rounds are bounded by the length of the longest chain.
func (es *entities) ownedBy(countries ...string) []bool {
	owned := make([]bool, len(es.list))
	for changed := true; changed; {
		changed = false
		for i := range es.list {
			if !owned[i] && es.shareOf(i, owned, countries) >= half {
				owned[i], changed = true, true
			}
		}
	}
	return owned
}

// shareOf sums the shares in entity i that count for the countries.
func (es *entities) shareOf(i int, owned []bool, countries []string) int64 {
	var sum int64
	for _, o := range es.list[i].Owners {
		if slices.Contains(countries, es.countryOf(o)) || o.entity >= 0 && owned[o.entity] {
			sum += o.share
		}
	}
	return sum
}

func (es *entities) countryOf(o owner) string {
	if o.entity >= 0 {
		return es.list[o.entity].Country
	}
	return o.Country
}

// employer is an entity in the light of the law: what its staff are under.
type employer struct {
	id      string
	country string
	owners  []string // countries of owners that count, ascending
	ownedBy []bool   // for each restriction: do its countries own the entity together
}

// employers judges all entities: each country alone, and the countries of each
// restriction together (individually or in the aggregate).
func (es *entities) employers(restricted []restriction) []employer {
	out := make([]employer, len(es.list))
	countries := map[string]bool{}
	for i, e := range es.list {
		out[i] = employer{id: e.ID, country: e.Country, ownedBy: make([]bool, len(restricted))}
		for _, o := range e.Owners {
			countries[es.countryOf(o)] = true
		}
	}
	alone := map[string][]bool{}
	for c := range countries {
		alone[c] = es.ownedBy(c)
		for i, yes := range alone[c] {
			if yes {
				out[i].owners = append(out[i].owners, c)
			}
		}
	}
	for k := range restricted {
		owned := es.ownedBy(restricted[k].Countries...)
		for i, yes := range owned {
			if !yes {
				continue
			}
			out[i].ownedBy[k] = true
			if !slices.ContainsFunc(restricted[k].Countries, func(c string) bool { return alone[c] != nil && alone[c][i] }) {
				out[i].owners = append(out[i].owners, es.contributors(i, owned, restricted[k].Countries)...)
			}
		}
	}
	for i := range out {
		slices.Sort(out[i].owners)
		out[i].owners = slices.Compact(out[i].owners)
	}
	return out
}

// contributors lists those of the countries from which, directly or through
// owned owners, shares in entity i come.
func (es *entities) contributors(i int, owned []bool, countries []string) []string {
	var found []string
	seen := map[int]bool{i: true}
	for todo := []int{i}; len(todo) > 0; {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, o := range es.list[at].Owners {
			if c := es.countryOf(o); slices.Contains(countries, c) {
				found = append(found, c)
			}
			if o.entity >= 0 && owned[o.entity] && !seen[o.entity] {
				seen[o.entity] = true
				todo = append(todo, o.entity)
			}
		}
	}
	return found
}
