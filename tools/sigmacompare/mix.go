package main

import (
	"fmt"
	"math/rand/v2"
	"strconv"
)

// mix is the rules that speed is measured with: what people write about access
// events as producers send them. A rule looks at two to four fields.
func mix(seed uint64, n int) []rule {
	r := rand.New(rand.NewPCG(seed, 1))
	rules := make([]rule, n)
	for i := range rules {
		rules[i] = ordinary(r)
		rules[i].id = ruleID(i)
	}
	return rules
}

func ordinary(r *rand.Rand) rule {
	selection := search{name: "selection", maps: [][]item{nil}}
	put := func(it item) { selection.maps[0] = append(selection.maps[0], it) }
	put(pick(r, []func(*rand.Rand) item{dataset, store, account, unit, categories})(r))
	switch r.IntN(20) {
	case 0, 1, 2, 3, 4:
		put(statement(r))
	case 5, 6, 7:
		put(agent(r))
	case 8, 9, 10:
		put(network(r))
	case 11, 12, 13, 14:
		put(threshold(r))
	case 15, 16:
		put(expression(r))
	case 17:
		put(item{field: "purpose.ticket", modifiers: []string{"exists"}, values: []value{{boolean, "false"}}})
		put(agent(r))
	default:
		put(item{field: "action", values: texts(r, 2, "export", "copy", "share", "delete", "decrypt", "list"), list: true})
	}
	if r.IntN(2) == 0 {
		return rule{searches: []search{selection}, conditions: []condition{{leaf: "selection"}}}
	}
	filter := search{name: "filter", maps: [][]item{{pick(r, []func(*rand.Rand) item{purpose, producer, network})(r)}}}
	not := condition{op: "not", kids: []condition{{leaf: "filter"}}}
	return rule{
		searches:   []search{selection, filter},
		conditions: []condition{{op: "and", kids: []condition{{leaf: "selection"}, not}}},
	}
}

func texts(r *rand.Rand, n int, from ...string) []value {
	r.Shuffle(len(from), func(i, j int) { from[i], from[j] = from[j], from[i] })
	var list []value
	for _, s := range from[:n] {
		list = append(list, value{text, s})
	}
	return list
}

func dataset(r *rand.Rand) item {
	area := pick(r, []string{"eu", "us", "apac", "latam", "mea"})
	name := pick(r, []string{"viewing.history", "users.accounts", "interests.topics", "support.tickets", "messages.threads", "payments.cards", "ads.audiences", "devices.keys"})
	if r.IntN(3) == 0 {
		return item{field: "resource.dataset", modifiers: []string{"endswith"}, values: []value{{text, "." + name}}}
	}
	return item{field: "resource.dataset", values: []value{{text, area + "." + name}}}
}

func store(r *rand.Rand) item {
	return item{field: "resource.store", list: true, values: texts(r, 2, "viewing", "profiles", "recommender", "safety", "support", "telemetry", "content", "messages", "billing", "hr")}
}

func account(r *rand.Rand) item {
	if r.IntN(2) == 0 {
		return item{field: "accessor.id", modifiers: []string{"startswith"}, values: []value{{text, fmt.Sprintf("svc-%s-0", pick(r, []string{"eu", "us", "aps", "euw", "use"}))}}}
	}
	return item{field: "accessor.id", list: true, values: []value{{text, "e-" + strconv.Itoa(1000+r.IntN(3000))}, {text, "e-" + strconv.Itoa(1000+r.IntN(3000))}}}
}

func unit(r *rand.Rand) item {
	return item{field: "accessor.unit", list: true, values: texts(r, 2, "safety", "support", "security", "ranking", "advertising", "data-platform", "people", "legal")}
}

func categories(r *rand.Rand) item {
	return item{field: "data.categories", list: true, values: texts(r, 3, "location", "contacts", "messages", "viewing", "biometrics", "payment", "identity", "device")}
}

func statement(r *rand.Rand) item {
	return item{field: "statement", modifiers: []string{"contains"}, list: true, values: texts(r, 1+r.IntN(3),
		"select *", "users.accounts", "email, phone", "join messages", "into outfile", "limit 100000", "where user_id =", "credit_card", "password", "group by interest", "drop table", "union all", "user_id = 'u-"+strconv.Itoa(r.IntN(90000)))}
}

func agent(r *rand.Rand) item {
	return item{field: "origin.user_agent", modifiers: []string{"contains"}, list: true, values: texts(r, 1+r.IntN(2),
		"curl", "python-requests", "grafana/9", "console/6", "helpdesk/2", "postman", "sqlmap", "studio/9", "go-http-client")}
}

func network(r *rand.Rand) item {
	return item{field: "origin.ip", modifiers: []string{"cidr"}, list: true, values: []value{
		{text, fmt.Sprintf("10.%d.%d.0/24", r.IntN(256), r.IntN(256))},
		{text, fmt.Sprintf("198.18.%d.0/24", r.IntN(256))},
		{text, fmt.Sprintf("3fff:0:%x::/48", r.IntN(256))},
	}}
}

func threshold(r *rand.Rand) item {
	field := pick(r, []string{"rows", "bytes", "subject.count"})
	return item{field: field, modifiers: []string{pick(r, []string{"gt", "gte"})}, values: []value{{number, strconv.Itoa((1 + r.IntN(50)) * 10_000)}}}
}

func expression(r *rand.Rand) item {
	return pick(r, []item{
		{field: "statement", modifiers: []string{"re", "i"}, values: []value{{text, fmt.Sprintf(`user_id\s*=\s*'u-%d\d*'`, 10+r.IntN(90))}}},
		{field: "accessor.device", modifiers: []string{"re"}, values: []value{{text, fmt.Sprintf(`^lt-%d[0-9]{2}$`, 10+r.IntN(30))}}},
		{field: "purpose.ticket", modifiers: []string{"re"}, values: []value{{text, fmt.Sprintf(`^(SUP|SEC|MOD)-%d[0-9]+$`, 10+r.IntN(90))}}},
	})
}

func purpose(r *rand.Rand) item {
	return item{field: "purpose.kind", list: true, values: texts(r, 2, "service", "support", "moderation", "security", "editing", "development", "training")}
}

func producer(r *rand.Rand) item {
	return item{field: "producer.name", values: texts(r, 1, "viewing-api", "profiles-gw", "interests-api", "safety-api", "helpdesk", "lake-gw")}
}
