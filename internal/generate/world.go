package generate

import "strconv"

// Person is a row of the directory: a person, a service or an authority.
type Person struct {
	ID           string
	Employer     string
	Unit         string
	Home         string // country of residence, "-" for services
	Citizenships []string
	Clearances   []string
	Departed     bool
}

// team is people of one unit at one site.
type team struct {
	unit       string
	employer   string
	site       string
	kind       string // accessor.kind; "" is person
	clearances []string
	named      []string // its members with names, first
	size       int      // members altogether
	gone       []string // who left
	prefix     string   // of ids, for services
}

func teams() []team {
	ring, ranking := []string{"us-ring"}, []string{"algorithm"}
	return []team{
		// The ring-fenced unit: US residents' data is theirs alone.
		{unit: "usds", employer: "lumen-us", site: "mountain-view", clearances: ring, size: 380, named: []string{"e-dana-cole", "e-marcus-bell", "e-priya-raman", "e-lucy-ortega"}},
		{unit: "usds", employer: "lumen-us", site: "austin", clearances: ring, size: 260, named: []string{"e-omar-haddad", "e-jill-stone"}},
		// People who may touch the recommender.
		{unit: "ranking", employer: "lumen-us", site: "mountain-view", clearances: ranking, size: 160, named: []string{"e-ines-duarte", "e-sam-okafor"}},
		{unit: "ranking", employer: "lumen-sg", site: "singapore", clearances: ranking, size: 110, named: []string{"e-kavya-nair"}},

		{unit: "support", employer: "lumen-us", site: "austin", size: 210, named: []string{"e-ben-walsh", "e-rosa-kim"}},
		{unit: "support", employer: "lumen-eu", site: "dublin", size: 300, named: []string{"e-tom-brandt", "e-aoife-byrne"}, gone: []string{"e-karl-voss"}},
		{unit: "support", employer: "lumen-sg", site: "singapore", size: 150, named: []string{"e-mei-tan"}},
		{unit: "support", employer: "brightdesk", site: "manila", size: 260, named: []string{"e-jose-reyes", "e-ana-cruz"}, gone: []string{"e-rico-santos"}},
		{unit: "safety", employer: "lumen-eu", site: "dublin", size: 190, named: []string{"e-nora-lynch", "e-piotr-nowak"}},
		{unit: "ads", employer: "lumen-us", site: "mountain-view", size: 120, named: []string{"e-cara-fox"}},
		{unit: "ads", employer: "lumen-eu", site: "london", size: 110, named: []string{"e-hugh-price"}},
		{unit: "ads", employer: "lumen-sg", site: "tokyo", size: 90, named: []string{"e-yuki-mori"}},
		{unit: "payments", employer: "lumen-us", site: "austin", size: 70, named: []string{"e-gail-novak"}},
		{unit: "payments", employer: "lumen-eu", site: "dublin", size: 80, named: []string{"e-sean-daly"}},
		{unit: "analytics", employer: "lumen-eu", site: "london", size: 70, named: []string{"e-freya-holm"}},
		{unit: "analytics", employer: "lumen-sg", site: "singapore", size: 70, named: []string{"e-arjun-rao"}},
		{unit: "legal", employer: "lumen-us", site: "mountain-view", size: 30, named: []string{"e-helen-marsh"}},
		{unit: "legal", employer: "lumen-eu", site: "dublin", size: 25, named: []string{"e-eoin-kelly"}},
		{unit: "hr", employer: "lumen-us", site: "mountain-view", size: 20, named: []string{"e-paula-grant"}},
		{unit: "hr", employer: "lumen-eu", site: "dublin", size: 15, named: []string{"e-maeve-ryan"}},
		{unit: "content", employer: "lumen-sg", site: "singapore", size: 60, named: []string{"e-li-hua"}},
		// Under a restricted jurisdiction: by place, or by who owns the employer.
		{unit: "content", employer: "hongyun-rd", site: "beijing", size: 160, named: []string{"e-wei-zhao", "e-na-li", "e-jun-ma"}},
		{unit: "content", employer: "hongyun-rd", site: "shanghai", size: 60, named: []string{"e-min-xu"}},
		{unit: "content", employer: "stellar-ops", site: "singapore", size: 40, named: []string{"e-yu-chen", "e-dev-pillai"}},

		{unit: "platform-us", employer: "lumen-us", site: "us-east-1", kind: "service", prefix: "svc-use-", clearances: ring, size: 40, named: []string{"svc-feed-us", "svc-backup"}},
		{unit: "platform-us", employer: "lumen-us", site: "us-west-1", kind: "service", prefix: "svc-usw-", clearances: ring, size: 24},
		{unit: "platform-eu", employer: "lumen-eu", site: "eu-west-1", kind: "service", prefix: "svc-euw-", size: 30, named: []string{"svc-feed-eu"}},
		{unit: "platform-apac", employer: "lumen-sg", site: "ap-southeast-1", kind: "service", prefix: "svc-aps-", size: 24, named: []string{"svc-feed-apac"}},
		{unit: "ranker", employer: "lumen-us", site: "us-east-1", kind: "model", prefix: "mdl-rank-", clearances: []string{"algorithm", "us-ring"}, size: 12},

		{unit: "disclosure", employer: "authority-us", site: "portal-us", kind: "authority", prefix: "a-us-", size: 6},
		{unit: "disclosure", employer: "authority-ie", site: "portal-ie", kind: "authority", prefix: "a-ie-", size: 4},
		{unit: "disclosure", employer: "authority-cn", kind: "authority", named: []string{"a-cn-0001"}, size: 1},
	}
}

// World is everybody of Lumen. It is the same in every run: deploy/policy is
// its description.
type World struct {
	teams     []team
	members   [][]Person // active, by team
	departed  []Person
	protected []Protected
	sites     map[string]site
}

// NewWorld builds the world.
func NewWorld() *World {
	w := &World{teams: teams(), protected: protectedUsers(), sites: map[string]site{}}
	for _, s := range sites() {
		w.sites[s.name] = s
	}
	number := 1000
	for _, t := range w.teams {
		var people []Person
		for i := range t.size {
			var id string
			switch {
			case i < len(t.named):
				id = t.named[i]
			case t.prefix != "":
				id = t.prefix + strconv.Itoa(1001 + i)[1:]
			default:
				number++
				id = "e-" + strconv.Itoa(number)
			}
			people = append(people, w.person(t, id, i))
		}
		w.members = append(w.members, people)
		for i, id := range t.gone {
			p := w.person(t, id, i)
			p.Departed = true
			w.departed = append(w.departed, p)
		}
	}
	return w
}

// person gives a member of a team a residence and passports. Some hold a
// passport of a restricted country while neither they nor their employer live
// under its law: a near miss that rules must not take for a match.
func (w *World) person(t team, id string, i int) Person {
	p := Person{ID: id, Employer: t.employer, Unit: t.unit, Clearances: t.clearances}
	if t.kind == "service" || t.kind == "model" {
		p.Home = "-"
		return p
	}
	p.Home = w.sites[t.site].country
	if t.site == "" {
		p.Home = "CN" // the authority there; it has no site of ours
	}
	p.Citizenships = []string{p.Home}
	switch {
	case i%23 == 7:
		p.Citizenships = []string{"IN"}
	case i%31 == 9:
		p.Citizenships = []string{"CN"}
	case i%41 == 11:
		p.Citizenships = append(p.Citizenships, "BR")
	}
	return p
}
