package config

import "time"

// Kafka is how to reach the brokers, and what the topics are called.
type Kafka struct {
	Brokers      []string      `yaml:"brokers" default:"[localhost:9092]" required:"true" doc:"Brokers to start from, host:port."`
	TLS          TLS           `yaml:"tls" doc:"Encryption of the connections to the brokers."`
	SASL         SASL          `yaml:"sasl" doc:"Who Watchglass is to the brokers."`
	ClientID     string        `yaml:"client_id" default:"watchglass" required:"true" doc:"Name in the brokers' logs and quotas."`
	GroupPrefix  string        `yaml:"group_prefix" default:"watchglass" required:"true" doc:"Consumer groups are named PREFIX.access, PREFIX.archive and so on. Another prefix starts from nothing."`
	Topics       Topics        `yaml:"topics" doc:"Names of the topics."`
	CreateTopics bool          `yaml:"create_topics" default:"true" doc:"Create missing topics at start. Without it, or without the right to, a missing topic stops the process."`
	Partitions   int           `yaml:"partitions" default:"12" min:"1" max:"1000" doc:"Partitions of the topics that are created. It bounds how many processes can share the work."`
	Replication  int           `yaml:"replication_factor" default:"-1" min:"-1" max:"15" doc:"Replicas of the topics that are created; -1 leaves it to the brokers."`
	Session      time.Duration `yaml:"session_timeout" default:"10s" min:"1s" max:"5m" doc:"A process that is silent for so long loses its partitions."`
	Heartbeat    time.Duration `yaml:"heartbeat_interval" default:"500ms" min:"100ms" max:"1m" doc:"How soon a rebalance is noticed. Under a third of session_timeout."`
}

// SASL is how the process proves who it is; no mechanism, no proof.
type SASL struct {
	Mechanism string `yaml:"mechanism" default:"none" oneof:"none,plain,scram-sha-256,scram-sha-512" doc:"How to log in."`
	Username  string `yaml:"username" doc:"Needed unless the mechanism is none."`
	Password  Secret `yaml:"password" doc:"Needed unless the mechanism is none."`
}

// Topics names every topic.
type Topics struct {
	AccessEvents  []AccessTopic `yaml:"access_events" default:"[{name: access-events}]" required:"true" doc:"Where producers write."`
	Alerts        string        `yaml:"alerts" default:"alerts" required:"true" doc:"Matches of rules, keyed by accessor. Holds personal data."`
	Incidents     string        `yaml:"incidents" default:"incidents" required:"true" doc:"Changes of incidents, for their table."`
	IncidentState string        `yaml:"incident_state" default:"incident-state" required:"true" doc:"Open incidents; compacted; as many partitions as alerts."`
	Notifications string        `yaml:"notifications" default:"notifications" required:"true" doc:"What is to be sent to destinations."`
	Deliveries    string        `yaml:"deliveries" default:"deliveries" required:"true" doc:"What became of it."`
	Ledger        string        `yaml:"ledger" default:"ledger" required:"true" doc:"What became of every offset: an entry for each stored range. No personal data."`
	Correlations  string        `yaml:"correlations" default:"correlations" required:"true" doc:"Runs of rules over time: where the next of each begins; compacted. No personal data."`
	Dead          string        `yaml:"dead" default:"dead" required:"true" doc:"Records that cannot be read, byte for byte. Holds personal data; takes records as large as the largest of access_events, and their headers."`
}

// AccessTopic is one topic of access events.
type AccessTopic struct {
	Name        string `yaml:"name" required:"true" doc:"The topic's name."`
	Incarnation int    `yaml:"incarnation" default:"1" min:"1" max:"1000000" doc:"Add one when the topic was deleted and made anew: its offsets start over, and the rows must stay apart."`
	Format      string `yaml:"format" default:"json" oneof:"json,pgaudit" doc:"How its records are written, see docs/sources.md."`
}
