package generate

// job is one kind of ordinary work: who does it, what it reads and why. It
// stays within every rule of deploy/policy/rules by what it is, not by chance.
type job struct {
	unit   string
	weight int    // how often, against the other jobs
	rings  []ring // only at sites of these rings; nil: at all
	store  string
	table  string // dataset, with the ring's prefix
	plain  bool   // the dataset has no ring: no prefix

	region   string // where the data is stored; "": where the ring keeps it
	fields   [][]string
	action   string
	subjects [2]int // how many subject ids, from and to
	count    int    // up to how many subjects in an aggregate that names none
	rows     int    // up to how many rows
	why      string // purpose.kind, "" for none
	ticket   string // prefix of tickets, "" for none
	reasons  []string
	asked    []string // statements; $ is the first subject
	agent    string
	producer string
	behalf   bool   // for another active member of the same team
	group    string // its subjects are of this protected group: a near miss
	blind    bool   // through the old VPN, of which nobody knows where it is used from: a near miss
}

// jobs is everybody's ordinary work.
func jobs() []job {
	return append(append(peopleJobs(), serviceJobs()...), nearMisses()...)
}

func peopleJobs() []job {
	one, abroad := [2]int{1, 1}, []ring{eu, apac}
	profileSQL := []string{"SELECT email, phone FROM users.accounts WHERE user_id = '$'", "SELECT * FROM users.accounts WHERE user_id = '$' LIMIT 1"}
	return []job{
		{
			unit: "usds", weight: 90, store: "profiles", table: "users.accounts", fields: [][]string{{"email", "phone"}, {"display_name", "email", "status"}, nil},
			action: "query", subjects: one, rows: 1, why: "support", ticket: "SUP-", reasons: []string{"account locked", "wrong birthday", "login trouble"},
			asked: profileSQL, agent: "console/7.2", producer: "profiles-gw",
		},
		{
			unit: "usds", weight: 45, store: "profiles", table: "users.sessions", fields: [][]string{{"ip", "device_id"}, {"device_id", "os_version", "carrier"}},
			action: "query", subjects: one, rows: 20, why: "security", ticket: "SEC-", reasons: []string{"account takeover", "suspicious login"},
			asked: []string{"SELECT ip, device_id FROM users.sessions WHERE user_id = '$' ORDER BY at DESC LIMIT 20"}, agent: "psql/16", producer: "profiles-gw",
		},
		{
			unit: "usds", weight: 35, store: "safety", table: "safety.reports", fields: [][]string{{"report", "reason"}, nil},
			action: "read", subjects: [2]int{1, 3}, rows: 3, why: "moderation", ticket: "MOD-", reasons: []string{"reported comment", "appeal"}, agent: "console/7.2", producer: "safety-api",
		},
		{
			unit: "usds", weight: 20, store: "viewing", table: "viewing.history", fields: [][]string{{"video_id", "watched_ms"}},
			action: "query", subjects: one, rows: 200, why: "debugging", ticket: "BUG-", reasons: []string{"history not shown"},
			asked: []string{"SELECT video_id, watched_ms FROM viewing.history WHERE user_id = '$'"}, agent: "trino/451", producer: "lake-gw",
		},
		{unit: "usds", weight: 6, store: "profiles", table: "users.verification", fields: [][]string{{"document_number"}}, action: "decrypt", subjects: one, rows: 1, why: "verification", ticket: "VER-", reasons: []string{"creator payout"}, agent: "console/7.2", producer: "profiles-gw"},
		{
			unit: "ranking", weight: 60, store: "recommender", table: "ranking.features", plain: true, region: "us-east-1", fields: [][]string{{"name", "weight"}, nil},
			action: "query", rows: 5000, why: "development", reasons: []string{"offline evaluation", "feature review"},
			asked: []string{"SELECT name, weight FROM ranking.features WHERE model = 'feed-v9'"}, agent: "jupyter/4.1", producer: "ranking-lake",
		},
		{
			unit: "ranking", weight: 25, store: "recommender", table: "ranking.code", plain: true, region: "us-west-1",
			action: "read", rows: 1, why: "development", agent: "git/2.47", producer: "code-host",
		},
		{
			unit: "support", weight: 190, store: "support", table: "support.tickets", fields: [][]string{{"name", "email", "topic"}, {"topic", "status"}, {"status", "queue", "opened_at"}, nil},
			action: "read", subjects: one, rows: 4, why: "support", ticket: "SUP-", reasons: []string{"login trouble", "refund", "cannot upload", "wants data deleted"},
			agent: "helpdesk/3.9", producer: "helpdesk",
		},
		{
			unit: "support", weight: 80, rings: abroad, store: "profiles", table: "users.accounts", fields: [][]string{{"display_name", "email"}, {"status", "language"}},
			action: "read", subjects: one, rows: 1, why: "support", ticket: "SUP-", reasons: []string{"login trouble", "name change"}, agent: "helpdesk/3.9", producer: "profiles-gw",
		},
		{
			unit: "safety", weight: 70, store: "safety", table: "safety.reports", fields: [][]string{{"report", "reason"}},
			action: "read", subjects: [2]int{1, 4}, rows: 4, why: "moderation", ticket: "MOD-", reasons: []string{"reported comment", "self-harm", "appeal"}, agent: "console/7.2", producer: "safety-api",
		},
		{
			unit: "safety", weight: 25, store: "viewing", table: "viewing.history", fields: [][]string{{"video_id"}},
			action: "query", subjects: one, rows: 50, why: "moderation", ticket: "MOD-",
			asked: []string{"SELECT video_id FROM viewing.history WHERE user_id = '$' LIMIT 50"}, agent: "trino/451", producer: "lake-gw",
		},
		{
			unit: "ads", weight: 60, store: "ads", table: "ads.audiences", fields: [][]string{{"interest", "size"}},
			action: "query", count: 90_000, rows: 40, why: "advertising", reasons: []string{"campaign planning"},
			asked: []string{"SELECT interest, count() AS size FROM ads.audiences GROUP BY interest ORDER BY size DESC LIMIT 40"}, agent: "superset/5.0", producer: "ads-lake",
		},
		{unit: "ads", weight: 40, store: "ads", table: "ads.campaigns", plain: true, region: "us-east-1", action: "list", rows: 100, why: "advertising", agent: "adsdesk/2.2", producer: "ads-api"},
		{
			unit: "payments", weight: 45, store: "payments", table: "payments.payouts", fields: [][]string{{"amount", "iban"}, {"amount", "status"}},
			action: "query", subjects: one, rows: 12, why: "payments", ticket: "PAY-", reasons: []string{"payout failed", "monthly audit"},
			asked: []string{"SELECT amount, iban FROM payments.payouts WHERE creator_id = '$'"}, agent: "metabase/0.56", producer: "payments-gw",
		},
		{
			unit: "analytics", weight: 60, store: "viewing", table: "viewing.history", fields: [][]string{{"video_id", "watched_ms"}}, rings: abroad,
			action: "query", count: 100_000, rows: 500, why: "analytics", reasons: []string{"weekly report"},
			asked: []string{"SELECT video_id, sum(watched_ms) FROM viewing.history WHERE day = today() - 1 GROUP BY video_id LIMIT 500"}, agent: "trino/451", producer: "lake-gw",
		},
		{unit: "legal", weight: 14, store: "legal", table: "legal.requests", fields: [][]string{{"name", "email"}}, action: "read", subjects: one, rows: 1, why: "legal", ticket: "LEG-", reasons: []string{"subject access request"}, agent: "casefile/1.8", producer: "legal-api"},
		{unit: "hr", weight: 14, store: "hr", table: "hr.employees", plain: true, region: "us-east-1", fields: [][]string{{"name", "phone"}, {"email"}}, action: "read", rows: 1, why: "hr", agent: "peopledesk/6", producer: "hr-api"},
		{unit: "hr", weight: 4, store: "hr", table: "hr.leave", plain: true, region: "us-east-1", action: "read", rows: 1, why: "hr", ticket: "HR-", agent: "peopledesk/6", producer: "hr-api"},
		{
			unit: "content", weight: 120, store: "content", table: "content.videos", plain: true, region: "ap-southeast-1", fields: [][]string{{"title", "caption"}, nil},
			action: "search", rows: 50, why: "editing", reasons: []string{"trending page", "subtitles"}, agent: "studio/11.4", producer: "content-api",
		},
		{unit: "content", weight: 40, store: "content", table: "content.comments", plain: true, region: "ap-southeast-1", action: "list", rows: 100, why: "editing", agent: "studio/11.4", producer: "content-api"},
		{unit: "disclosure", weight: 3, store: "legal", table: "legal.disclosures", fields: [][]string{{"name", "email"}}, action: "read", subjects: [2]int{1, 2}, rows: 2, why: "legal", ticket: "LEG-", reasons: []string{"court order"}, agent: "portal/1.1", producer: "legal-api"},
	}
}

func serviceJobs() []job {
	var all []job
	for _, unit := range []string{"platform-us", "platform-eu", "platform-apac"} {
		all = append(all,
			job{unit: unit, weight: 170, store: "viewing", table: "viewing.history", fields: [][]string{{"video_id", "watched_ms"}}, action: "read", subjects: [2]int{1, 1}, rows: 50, why: "service", agent: "feed/118.3", producer: "viewing-api"},
			job{unit: unit, weight: 90, store: "recommender", table: "interests.topics", fields: [][]string{{"topic", "score"}, nil}, action: "read", subjects: [2]int{1, 1}, rows: 30, agent: "feed/118.3", producer: "interests-api"},
			job{unit: unit, weight: 70, store: "profiles", table: "users.accounts", fields: [][]string{{"display_name", "language"}, {"status"}}, action: "read", subjects: [2]int{1, 6}, rows: 6, why: "service", agent: "comments/44.0", producer: "profiles-gw"},
			job{unit: unit, weight: 30, store: "messages", table: "messages.bodies", fields: [][]string{{"body"}}, action: "decrypt", subjects: [2]int{2, 2}, rows: 10, why: "moderation", reasons: []string{"spam filter"}, agent: "spamguard/9.1", producer: "messages-api"},
			job{unit: unit, weight: 14, store: "safety", table: "safety.faces", fields: [][]string{{"embedding"}}, action: "read", subjects: [2]int{1, 1}, rows: 1, why: "service", reasons: []string{"effect"}, agent: "effects/20.7", producer: "safety-api"},
			job{unit: unit, weight: 8, store: "safety", table: "safety.voices", fields: [][]string{{"embedding"}}, action: "read", subjects: [2]int{1, 1}, rows: 1, why: "service", reasons: []string{"captions"}, agent: "captions/5.5", producer: "safety-api"},
			job{unit: unit, weight: 16, store: "telemetry", table: "telemetry.keystrokes", action: "query", subjects: [2]int{1, 1}, rows: 200, fields: [][]string{{"cadence"}}, why: "security", reasons: []string{"bot detection"}, agent: "botguard/3.3", producer: "telemetry-lake"},
			job{unit: unit, weight: 30, store: "telemetry", table: "telemetry.network", action: "query", count: 5000, rows: 5000, fields: [][]string{{"rtt_ms", "carrier"}}, why: "service", asked: []string{"SELECT carrier, quantile(0.95)(rtt_ms) FROM telemetry.network GROUP BY carrier"}, agent: "grafana/12.2", producer: "telemetry-lake"},
			job{unit: unit, weight: 20, store: "profiles", table: "users.sessions", fields: [][]string{{"device_id", "ip"}}, action: "read", subjects: [2]int{1, 1}, rows: 1, why: "security", reasons: []string{"login check"}, agent: "login/31.2", producer: "profiles-gw"},
			job{unit: unit, weight: 25, store: "profiles", table: "users.sessions", fields: [][]string{{"lat", "lon"}}, action: "read", subjects: [2]int{1, 1}, rows: 1, why: "service", reasons: []string{"videos nearby"}, agent: "feed/118.3", producer: "profiles-gw"},
			job{unit: unit, weight: 20, store: "metrics", table: "service_health", plain: true, action: "query", rows: 60, agent: "grafana/12.2", producer: "metrics-lake"},
		)
	}
	return append(all,
		job{unit: "ranker", weight: 60, store: "recommender", table: "ranking.features", plain: true, region: "us-east-1", fields: [][]string{{"vector"}}, action: "read", rows: 400, why: "service", agent: "ranker/9.0", producer: "ranking-lake"},
		job{unit: "ranker", weight: 50, store: "viewing", table: "viewing.history", fields: [][]string{{"video_id", "watched_ms"}}, action: "read", subjects: [2]int{4, 12}, rows: 300, why: "training", reasons: []string{"feed-v9"}, agent: "ranker/9.0", producer: "lake-gw"},
	)
}

// nearMisses look like what the rules are after, and are not.
func nearMisses() []job {
	one, abroad := [2]int{1, 1}, []ring{eu, apac}
	name := [][]string{{"display_name"}}
	return []job{
		// A protected journalist's name (not whereabouts), for a ticket.
		{unit: "usds", weight: 2, store: "profiles", table: "users.accounts", fields: name, action: "read", subjects: one, rows: 1, why: "support", ticket: "SUP-", reasons: []string{"wants a badge"}, agent: "helpdesk/3.9", producer: "profiles-gw", group: "journalist"},
		{unit: "support", weight: 3, rings: abroad, store: "profiles", table: "users.accounts", fields: name, action: "read", subjects: one, rows: 1, why: "support", ticket: "SUP-", reasons: []string{"wants a badge"}, agent: "helpdesk/3.9", producer: "profiles-gw", group: "journalist"},
		// A minor's data, read by a service for a change that has a ticket.
		{unit: "platform-eu", weight: 6, store: "viewing", table: "viewing.history", fields: [][]string{{"video_id"}}, action: "read", subjects: one, rows: 50, why: "service", ticket: "CHG-", reasons: []string{"bedtime reminder"}, agent: "wellbeing/2.0", producer: "viewing-api", group: "minor"},
		{unit: "platform-apac", weight: 4, store: "viewing", table: "viewing.history", fields: [][]string{{"video_id"}}, action: "read", subjects: one, rows: 50, why: "service", ticket: "CHG-", reasons: []string{"bedtime reminder"}, agent: "wellbeing/2.0", producer: "viewing-api", group: "minor"},
		// On behalf of a colleague of the same unit.
		{unit: "usds", weight: 8, store: "profiles", table: "users.accounts", fields: [][]string{{"email", "status"}}, action: "query", subjects: one, rows: 1, why: "support", ticket: "SUP-", reasons: []string{"second pair of eyes"}, agent: "console/7.2", producer: "profiles-gw", behalf: true},
		// Something the catalog does not know, a few rows of it.
		{unit: "analytics", weight: 4, store: "lake", table: "scratch.ab_test_notes", plain: true, region: "eu-west-1", action: "query", rows: 20, why: "analytics", asked: []string{"SELECT * FROM scratch.ab_test_notes LIMIT 20"}, agent: "trino/451", producer: "lake-gw"},
		// From nobody knows where, but nothing about people.
		{unit: "content", weight: 12, store: "content", table: "content.sounds", plain: true, region: "ap-southeast-1", action: "list", rows: 100, why: "editing", agent: "studio/11.4", producer: "content-api", blind: true},
		{unit: "ranking", weight: 6, store: "metrics", table: "feed_latency", plain: true, region: "us-east-1", action: "query", rows: 60, agent: "grafana/12.2", producer: "metrics-lake", blind: true},
	}
}
