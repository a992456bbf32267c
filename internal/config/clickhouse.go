package config

import "time"

// ClickHouse is how to reach the servers, and how long rows are kept.
type ClickHouse struct {
	Addresses     []string      `yaml:"addresses" default:"[localhost:9000]" required:"true" doc:"Native protocol, host:port. Several are replicas of one another."`
	Engine        string        `yaml:"engine" default:"plain" oneof:"plain,replicated" doc:"Tables on one server, or replicated ones (which need ClickHouse Keeper). Fixed by the first migrate."`
	Database      string        `yaml:"database" default:"watchglass" required:"true" doc:"Database of all tables; migrate creates it."`
	Username      string        `yaml:"username" default:"default" required:"true" doc:"User of the workers."`
	Password      Secret        `yaml:"password" doc:"Its password; none when absent."`
	TLS           TLS           `yaml:"tls" doc:"Encryption of the connections."`
	DialTimeout   time.Duration `yaml:"dial_timeout" default:"10s" min:"100ms" max:"5m" doc:"Deadline for opening a connection."`
	InsertTimeout time.Duration `yaml:"insert_timeout" default:"30s" min:"1s" max:"5m" doc:"Deadline for one insert, held by both sides. Far below the deduplication window."`
	Retention     Retention     `yaml:"retention" doc:"How long rows are kept. In whole days; migrate applies it."`
}

// Retention is how long rows are kept, by table and by category of data: whole
// days.
type Retention struct {
	Events      time.Duration            `yaml:"events" default:"400d" min:"1d" max:"18250d" doc:"Access events, by event time."`
	Categories  map[string]time.Duration `yaml:"categories" default:"{}" min:"1d" max:"18250d" doc:"Shorter or longer for events with data of a category, such as location.precise: 90d. The shortest that fits counts."`
	SubjectIDs  time.Duration            `yaml:"subject_ids" default:"0s" min:"0s" max:"18250d" doc:"Whom the data is about is blanked after this time; 0s keeps it as long as the event."`
	Alerts      time.Duration            `yaml:"alerts" default:"1100d" min:"1d" max:"18250d" doc:"Alerts, changes of incidents, and attempts to notify."`
	DeadLetters time.Duration            `yaml:"dead_letters" default:"30d" min:"1d" max:"18250d" doc:"Records that could not be read. They hold raw personal data: keep it short."`
}
