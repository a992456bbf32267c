package config

import "time"

// Access is how access events are read and cut into inserts.
type Access struct {
	Budget        Size          `yaml:"budget_bytes" default:"64MiB" min:"8MiB" max:"64GiB" doc:"Memory for events on their way, over all partitions. When it is full, fetching waits."`
	MaxBlockRows  int           `yaml:"max_block_rows" default:"65536" min:"1" max:"500000" doc:"Rows of one insert, at most."`
	MaxBlockAge   time.Duration `yaml:"max_block_age" default:"1s" min:"50ms" max:"1m" doc:"How long an event waits for others before it is inserted, at least."`
	Inserts       int           `yaml:"inserts_per_second" default:"5" min:"1" max:"100" doc:"Inserts that the whole fleet may send, about, for access events and once more for all that is archived: with many partitions, max_block_age stretches to stay within it. ClickHouse remembers the last 100,000 inserts to drop repetitions."`
	EventMaxAge   time.Duration `yaml:"event_max_age" default:"400d" min:"1h" max:"3650d" doc:"An event time further before the record's Kafka timestamp is a dead letter."`
	EventMaxAhead time.Duration `yaml:"event_max_ahead" default:"1h" min:"0s" max:"30d" doc:"An event time further after the record's Kafka timestamp is a dead letter."`
}

// Policy is where the operator's knowledge is: see docs/policy.md.
type Policy struct {
	Dir           Path           `yaml:"dir" default:"policy" required:"true" doc:"Folder with jurisdictions.yaml, entities.yaml, the directory, networks.yaml, catalog.yaml, anonymisers/ and protected/. Reloaded when it changes."`
	MMDB          []Path         `yaml:"mmdb" default:"[]" doc:"Geo databases in MaxMind's format, country and ASN. An address is looked up in each."`
	ProtectedKeys []ProtectedKey `yaml:"protected_keys" default:"[]" doc:"Keys of the hashes in protected/. Two while one replaces the other."`
}

// ProtectedKey is one key that subjects' ids are hashed with.
type ProtectedKey struct {
	ID  string `yaml:"id" required:"true" doc:"The key's name, as it stands at the beginning of the lines in protected/."`
	Key Secret `yaml:"key" required:"true" doc:"The key: at least 16 bytes."`
}

// Rules is where the rules are.
type Rules struct {
	Dir Path `yaml:"dir" doc:"Folder of Sigma rules, *.yml, with subfolders; the folder rules in policy.dir when absent."`
}

// Correlate is how rules over time are run.
type Correlate struct {
	Interval   time.Duration `yaml:"interval" default:"5s" min:"1s" max:"1h" doc:"Between runs of a rule."`
	Lateness   time.Duration `yaml:"lateness" default:"15m" min:"0s" max:"30d" doc:"Windows that more events could undo (fewer than, averages, absence) are judged when every partition has passed their end by so much. Events that come later count for all other rules."`
	Backfill   time.Duration `yaml:"backfill" default:"1d" min:"0s" max:"400d" doc:"How far a rule that is new or has changed looks back, to say what it would have found."`
	FillAlerts bool          `yaml:"backfill_alerts" default:"false" doc:"Alert of what it finds there."`
	Queries    int           `yaml:"queries" default:"2" min:"1" max:"64" doc:"Rules that one process runs at a time."`
	MaxTime    time.Duration `yaml:"max_time" default:"1m" min:"1s" max:"1h" doc:"Deadline of one query, held by ClickHouse."`
	MaxMemory  Size          `yaml:"max_memory" default:"2GiB" min:"16MiB" max:"1024GiB" doc:"Memory of one query, held by ClickHouse."`
	MaxThreads int           `yaml:"max_threads" default:"0" min:"0" max:"256" doc:"Threads of one query; 0 leaves it to ClickHouse."`
}

// Alerts is what becomes of alerts.
type Alerts struct {
	Incident     Incident      `yaml:"incident" doc:"How alerts become incidents."`
	Destinations []Destination `yaml:"destinations" default:"[]" doc:"Who is notified. Each has its own queue: a slow one delays nobody else."`
}

// Incident is when an incident closes, and how its notifications speak.
type Incident struct {
	QuietTime         time.Duration `yaml:"quiet_time" default:"1h" min:"1s" max:"30d" doc:"Closes an incident without new alerts."`
	UpdateInterval    time.Duration `yaml:"update_interval" default:"5m" min:"1s" max:"7d" doc:"An open incident with new alerts is notified again, so often at most."`
	Remember          time.Duration `yaml:"remember" default:"7d" min:"1m" max:"365d" doc:"A closed incident is remembered for so long: a repeated alert is recognised, a new one opens it again."`
	AccessorReference string        `yaml:"accessor_reference" default:"id" oneof:"id,hash" doc:"How notifications name the accessor: by id, or by a keyed hash (then id_key is needed)."`
	IDKey             Secret        `yaml:"id_key" doc:"Key of that hash, and of the ids of incidents: at least 16 bytes."`
}

// Destination is one webhook.
type Destination struct {
	Name          string        `yaml:"name" required:"true" doc:"Its name in groups, metrics and logs. Another name starts from nothing."`
	Type          string        `yaml:"type" default:"webhook" oneof:"webhook" doc:"How it is spoken to."`
	URL           URL           `yaml:"url" required:"true" doc:"Where to post; file: or env: when the URL itself is a secret."`
	Secrets       []Secret      `yaml:"secrets" required:"true" doc:"Signing keys as in Standard Webhooks (whsec_…). Each signs: two while one replaces the other."`
	Timeout       time.Duration `yaml:"timeout" default:"10s" min:"100ms" max:"2m" doc:"Deadline for one attempt."`
	AllowNetworks []string      `yaml:"allow_networks" default:"[]" doc:"Networks (CIDR) that may be posted to although they are private or loopback. None, so that a URL cannot be turned against the inner network."`
	AllowHTTP     bool          `yaml:"allow_http" default:"false" doc:"Allow http: the signature still proves who sent it, but anybody on the way can read it."`
}

// HTTP is the operators' endpoint.
type HTTP struct {
	Listen string `yaml:"listen" default:"127.0.0.1:9464" doc:"Address of /livez, /readyz and /metrics; empty for none. It has no login: keep it inside."`
	Pprof  bool   `yaml:"pprof" default:"false" doc:"Serve Go's profiles under /debug/pprof/."`
}

// Log is how much is logged, and how it looks.
type Log struct {
	Level  string `yaml:"level" default:"info" oneof:"trace,debug,info,warn,error" doc:"The least that is written."`
	Format string `yaml:"format" default:"auto" oneof:"auto,json,text" doc:"auto is text on a terminal, JSON elsewhere."`
}
