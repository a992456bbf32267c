package generate

import (
	"encoding/json"
	"net/netip"
	"strings"
	"time"

	"github.com/watchglass/watchglass/schema"
)

// Act is a scene of the story: a few planted events that belong together.
type Act struct {
	Name   string // short, in lower case, unique
	Title  string // one sentence for people
	Events []Planted
}

// Planted is an event that must make exactly these rules match.
type Planted struct {
	Event schema.AccessEvent // without id and time: its place among the others decides them
	Rules []string           // rule ids, ascending
}

// encode writes a planted event that happens at epoch milliseconds.
func (p plantedAt) encode(at int64) Event {
	e := p.event.Event
	e.Time = time.UnixMilli(at).UTC()
	value, err := json.Marshal(e)
	if err != nil {
		panic("generate: an act of the story cannot be written: " + err.Error()) // constant data: a test marshals every act
	}
	return Event{Key: []byte(e.Accessor.ID), Value: value, Time: e.Time, Act: p.act, Rules: p.event.Rules}
}

// Incident is what acts must be delivered as: by default one for each rule
// and accessor, however many events matched.
type Incident struct {
	Rule     string // id
	Accessor string // id
}

// Incidents returns what the acts must be delivered as, in the order in which
// they are first due.
func Incidents(acts []Act) []Incident {
	var all []Incident
	seen := map[Incident]bool{}
	for _, act := range acts {
		for _, p := range act.Events {
			for _, rule := range p.Rules {
				i := Incident{Rule: rule, Accessor: p.Event.Accessor.ID}
				if !seen[i] {
					seen[i] = true
					all = append(all, i)
				}
			}
		}
	}
	return all
}

// StoryOverTime returns the incidents of rules over time that [Story] must be delivered
// as, besides [Incidents].
func StoryOverTime() []Incident {
	return []Incident{
		{Rule: RuleSourceHunting, Accessor: wei},
		{Rule: RuleExported, Accessor: "e-omar-haddad"},
	}
}

// People and users of the story.
const (
	wei        = "e-wei-zhao"   // hongyun-rd, Beijing
	na         = "e-na-li"      // his colleague
	dana       = "e-dana-cole"  // cleared, ring-fenced unit
	journalist = "u-5501"       // US
	officialEU = "u-10486"      //
	minorAPAC  = "u-19459"      //
	beijing    = "10.60.14.8"   //
	california = "10.20.3.4"    //
	oldVPN     = "10.98.7.77"   // a pool that does not say who its client is
	anonymous  = "198.51.100.7" // a VPN provider's
)

// staffUsers are colleagues who have accounts of their own on the platform.
func staffUsers() []string { return []string{"u-4504", "u-8492", "u-12480"} }

// storyUsers are left alone by ordinary traffic, so that whoever asks who read
// them sees the story and nothing else.
func storyUsers() []string { return append(staffUsers(), journalist, officialEU, minorAPAC) }

// Story returns the acts, in the order in which they happen. Together they
// fire every rule of deploy/policy/rules that is on single events.
func Story() []Act {
	return append(tracking(), others()...)
}

// tracking is the main line: people under a restricted jurisdiction find out
// whom a journalist meets.
func tracking() []Act {
	sessions := func(who, ip string, subjects ...string) schema.AccessEvent {
		e := act(who, "query", ip)
		e.Resource = schema.Resource{Store: "profiles", Region: "us-west-1", Dataset: "us.users.sessions", Fields: []string{"ip", "lat", "lon"}}
		e.Subject.IDs = subjects
		e.Origin.UserAgent = "psql/16"
		e.Statement = "SELECT ip, lat, lon FROM users.sessions WHERE user_id = '" + subjects[0] + "'"
		e.Rows, e.Bytes = 20, 1640
		return e
	}
	staff := staffUsers()
	cleared := sessions(dana, california, journalist)
	cleared.Accessor.OnBehalfOf = wei
	cleared.Purpose = schema.Purpose{Kind: "security", Ticket: "SEC-4471", Reason: "asked by a colleague"}
	return []Act{
		{"journalist", "An employee in Beijing looks up where a US journalist logs in from.", []Planted{
			{sessions(wei, beijing, journalist), rules(RuleRestricted, RuleJournalist, RuleNoClearance, RuleNoPurpose)},
			{sessions(wei, beijing, journalist), rules(RuleRestricted, RuleJournalist, RuleNoClearance, RuleNoPurpose)},
		}},
		{"colleagues", "Two of them look up colleagues, to see whose addresses are the same.", []Planted{
			{sessions(wei, beijing, staff[0]), rules(RuleRestricted, RuleStaff, RuleNoClearance, RuleNoPurpose)},
			{sessions(na, beijing, staff[1:]...), rules(RuleRestricted, RuleStaff, RuleNoClearance, RuleNoPurpose)},
		}},
		{"vpn", "The first comes back through the old VPN, then through a commercial one.", []Planted{
			{sessions(wei, oldVPN, journalist), rules(RuleRestricted, RuleWhereabouts, RuleJournalist, RuleNoClearance, RuleNoPurpose)},
			{sessions(wei, anonymous, journalist), rules(RuleRestricted, RuleWhereabouts, RuleJournalist, RuleNoClearance, RuleNoPurpose)},
		}},
		{"cleared-colleague", "A cleared colleague in California looks for him.", []Planted{
			{cleared, rules(RuleJournalist, RuleOnBehalf)},
		}},
	}
}

// others are the scenes beside the main line.
func others() []Act {
	export := act("e-omar-haddad", "export", "10.21.5.9")
	export.Resource = schema.Resource{Store: "profiles", Region: "us-east-1", Dataset: "us.users.accounts", Fields: []string{"email", "phone"}}
	export.Subject.Count, export.Rows, export.Bytes = 48_000, 48_000, 9_600_000
	export.Purpose = schema.Purpose{Kind: "analytics", Ticket: "ANA-207"}
	backup := act("svc-backup", "read", "10.128.0.9")
	backup.Accessor.Kind = "service"
	backup.Resource = schema.Resource{Store: "viewing", Region: "ap-southeast-1", Dataset: "us.viewing.history", Fields: []string{"video_id"}}
	backup.Rows, backup.Purpose.Kind = 1_000, "service"

	model := act("e-yu-chen", "read", "10.40.8.8")
	model.Resource = schema.Resource{Store: "recommender", Region: "us-east-1", Dataset: "ranking.models", Object: "feed-v9"}
	model.Rows, model.Purpose.Kind = 1, "development"

	disclosed := func(who, ip, dataset, subject string) schema.AccessEvent {
		e := act(who, "read", ip)
		e.Accessor.Kind = "authority"
		e.Resource = schema.Resource{Store: "legal", Region: "us-east-1", Dataset: dataset, Fields: []string{"name", "email"}}
		e.Subject.IDs, e.Rows, e.Purpose.Kind = []string{subject}, 1, "legal"
		return e
	}
	withTicket := disclosed("a-cn-0001", beijing, "apac.legal.disclosures", "u-2008")
	withTicket.Resource.Region, withTicket.Purpose.Ticket = "ap-southeast-1", "LEG-9001"
	prepared := act("e-helen-marsh", "share", "10.20.9.1")
	prepared.Resource = schema.Resource{Store: "legal", Region: "us-east-1", Dataset: "us.legal.disclosures", Fields: []string{"name", "email"}}
	prepared.Subject.IDs, prepared.Rows, prepared.Purpose.Kind = []string{"u-3010"}, 1, "legal"

	official := work("e-tom-brandt", "10.30.2.2", "support", "eu.support.tickets", officialEU, "topic")
	minor := work("e-mei-tan", "10.40.2.2", "viewing", "apac.viewing.history", minorAPAC, "video_id")
	messages := work("e-nora-lynch", "10.30.7.1", "messages", "eu.messages.bodies", "u-2005", "body")
	unclear := act("e-freya-holm", "export", "10.31.4.4")
	unclear.Resource = schema.Resource{Store: "lake", Region: "eu-west-1", Dataset: "scratch.export_0423"}
	unclear.Rows, unclear.Bytes, unclear.Purpose = 250_000, 90_000_000, schema.Purpose{Kind: "analytics", Ticket: "ANA-311"}
	curious := work("e-aoife-byrne", "10.30.2.7", "profiles", "eu.users.accounts", "u-13477", "display_name")
	curious.Purpose = schema.Purpose{}
	departed := work("e-karl-voss", "10.30.6.6", "support", "eu.support.tickets", "u-2015", "status")
	unknown := work("x-7731", "10.30.6.7", "support", "eu.support.tickets", "u-2025", "status")

	return []Act{
		{"silo-export", "The ring-fenced data leaves the ring: an export, and a copy found in Singapore.", []Planted{
			{export, rules(RuleSiloLeft)}, {backup, rules(RuleSiloLeft)},
		}},
		{"algorithm", "A contractor in Singapore, owned from China, reads the ranking model.", []Planted{
			{model, rules(RuleNoClearance, RuleAlgorithm)},
		}},
		{"disclosure", "Data is disclosed without a ticket, and to an authority of a restricted country.", []Planted{
			{prepared, rules(RuleDisclosure)},
			{disclosed("a-us-001", "10.70.1.1", "us.legal.disclosures", "u-3010"), rules(RuleDisclosure)},
			{withTicket, rules(RuleDisclosure)},
		}},
		{"official", "Somebody of support reads an official's tickets.", []Planted{{official, rules(RuleOfficial)}}},
		{"minor", "Somebody of support reads what a minor watched.", []Planted{{minor, rules(RuleMinor)}}},
		{"messages", "A moderator reads a private conversation.", []Planted{{messages, rules(RuleIntimate)}}},
		{"unclassified", "An analyst exports a table that nobody has classified.", []Planted{{unclear, rules(RuleUnclassified)}}},
		{"curiosity", "Somebody looks up a protected user without saying why.", []Planted{{curious, rules(RuleNoPurpose)}}},
		{"departed", "An account of somebody who left, and one that nobody knows, read on.", []Planted{
			{departed, rules(RuleGhost)}, {unknown, rules(RuleGhost)},
		}},
	}
}

func act(who, action, ip string) schema.AccessEvent {
	return schema.AccessEvent{
		Action: action, Accessor: schema.Accessor{ID: who},
		Origin: schema.Origin{IP: netip.MustParseAddr(ip), UserAgent: "console/7.2"},
	}
}

// work is somebody's ordinary reading, with a ticket, of one field about one
// subject.
func work(who, ip, store, dataset, subject, field string) schema.AccessEvent {
	e := act(who, "read", ip)
	region := "eu-west-1"
	if strings.HasPrefix(dataset, apac.String()) {
		region = "ap-southeast-1"
	}
	e.Resource = schema.Resource{Store: store, Region: region, Dataset: dataset, Fields: []string{field}}
	e.Subject.IDs, e.Rows = []string{subject}, 1
	e.Purpose = schema.Purpose{Kind: "support", Ticket: "SUP-1881", Reason: "login trouble"}
	return e
}
