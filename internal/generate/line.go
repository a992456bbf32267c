package generate

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// line is a job as one team does it, with all that does not change from event
// to event written out as JSON.
type line struct {
	job    *job
	people []string // ids of who does it
	site   site
	home   ring
	weight int      // in the busiest hour
	subs   []string // protected subjects to choose from; nil: anybody unprotected

	afterTime   string   // ","action":…,"accessor":{"id":"
	afterDenied string   // the same, outcome denied
	person      bool     // has a session and a device
	resources   []string // ,"resource":{…}
	purposes    []string // ,"purpose":{"kind":…,"ticket":" or the whole of it
	statements  [][2]string
	agent       string // "user_agent":…}
	producer    string // ,"producer":{"name":…,"sequence":
}

// linesOf combines every job with every team that does it.
func linesOf(w *World) []line {
	var all []line
	for _, j := range jobs() {
		size := 0
		for i, t := range w.teams {
			if t.does(j, w) {
				size += len(w.members[i])
			}
		}
		for i, t := range w.teams {
			if t.does(j, w) {
				l := newLine(j, t, w.members[i], w)
				l.weight = max(1, 100*j.weight*len(w.members[i])/size)
				all = append(all, l)
			}
		}
	}
	return all
}

func (t team) does(j job, w *World) bool {
	if t.unit != j.unit || t.site == "" {
		return false
	}
	home := ringAt(w.sites[t.site].country)
	for _, r := range j.rings {
		if r == home {
			return true
		}
	}
	return j.rings == nil
}

// ringAt is the ring whose users a site works for.
func ringAt(country string) ring {
	switch country {
	case "US":
		return us
	case "IE", "GB":
		return eu
	default:
		return apac
	}
}

func newLine(j job, t team, people []Person, w *World) line {
	s := w.sites[t.site]
	l := line{job: &j, site: s, home: ringAt(s.country), person: t.kind == ""}
	for _, p := range people {
		l.people = append(l.people, p.ID)
	}
	if j.group != "" {
		for _, p := range w.protected {
			if p.Group == j.group && p.ring == l.home && !slices.Contains(storyUsers(), p.ID) {
				l.subs = append(l.subs, p.ID)
			}
		}
	}
	dataset, region := l.home.String()+"."+j.table, j.region
	if j.plain {
		dataset = j.table
	}
	if region == "" {
		region = [...]string{"us-east-1", "eu-west-1", "ap-southeast-1"}[l.home]
	}
	fields := j.fields
	if fields == nil {
		fields = [][]string{nil}
	}
	for _, f := range fields {
		text := `,"resource":{"store":` + quote(j.store) + `,"region":` + quote(region) + `,"dataset":` + quote(dataset)
		if f != nil {
			text += `,"fields":` + quote(f)
		}
		l.resources = append(l.resources, text+"}")
	}
	kind := ""
	if t.kind != "" {
		kind = `"kind":` + quote(t.kind) + ","
	}
	l.afterTime = `","action":` + quote(j.action) + `,"accessor":{` + kind + `"id":"`
	if l.person { // services leave the default out
		l.afterTime = `","action":` + quote(j.action) + `,"outcome":"allowed","accessor":{` + kind + `"id":"`
	}
	l.afterDenied = `","action":` + quote(j.action) + `,"outcome":"denied","accessor":{` + kind + `"id":"`
	l.agent = `"user_agent":` + quote(j.agent) + "}"
	l.producer = `,"producer":{"name":` + quote(j.producer) + `,"sequence":`
	for _, s := range j.asked {
		before, after, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(quote(s), `"`), `"`), "$")
		l.statements = append(l.statements, [2]string{before, after})
	}
	l.purposes = purposesOf(j)
	return l
}

// purposesOf writes out the purposes. One that has a ticket ends where the
// ticket's number goes, and the rest of it comes first.
func purposesOf(j job) []string {
	if j.why == "" {
		return nil
	}
	reasons := j.reasons
	if reasons == nil {
		reasons = []string{""}
	}
	var all []string
	for _, reason := range reasons {
		text := `,"purpose":{"kind":` + quote(j.why)
		if reason != "" {
			text += `,"reason":` + quote(reason)
		}
		if j.ticket != "" {
			text += `,"ticket":"` + j.ticket
		}
		all = append(all, text)
	}
	return all
}

// quote writes a JSON value; it is used when lines are made, never per event.
func quote(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return strconv.Quote("unmarshalable: " + err.Error())
	}
	return string(text)
}
