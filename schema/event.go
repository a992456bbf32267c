// Package schema holds the contracts that others depend on: the access event
// as producers send it and as enrichment completes it, alerts, incidents,
// notifications, deliveries, the taxonomy of data categories, and the
// ClickHouse migrations. It imports nothing but the standard library.
//
// One event is called by the same names everywhere: a member `accessor.id` of
// the JSON is the rule field `accessor.id` and the column `accessor_id`.
// [Fields] is the table that ties the three together; tests hold the Go types,
// the JSON Schema, the examples and the migrations to it.
package schema

import (
	"net/netip"
	"time"
)

// AccessEvent is one read (export, copy, query, decrypt, share …) of data.
//
// A decoder fills the members that producers send; enrichment fills
// [Enrichment]; matching adds Rules. Strings and slices are never written
// through after decoding, so events may share their backing memory. An event
// does not tell missing, null and empty apart.
type AccessEvent struct {
	ID         string       `json:"id,omitzero"`      // the producer's own id, if it sends one
	Time       time.Time    `json:"time"`             // UTC, millisecond precision
	Action     string       `json:"action"`           // one of Actions
	Outcome    string       `json:"outcome,omitzero"` // one of Outcomes; default "allowed"
	Accessor   Accessor     `json:"accessor"`
	Origin     Origin       `json:"origin,omitzero"`
	Resource   Resource     `json:"resource"`
	Subject    Subject      `json:"subject,omitzero"`
	Rows       uint64       `json:"rows,omitzero"`  // rows returned, 0 when unknown
	Bytes      uint64       `json:"bytes,omitzero"` // bytes returned, 0 when unknown
	Purpose    Purpose      `json:"purpose,omitzero"`
	Statement  string       `json:"statement,omitzero"`
	Producer   Producer     `json:"producer,omitzero"`
	Attributes AttributeMap `json:"attributes,omitzero"` // what no other member holds, by dotted path

	Enrichment Enrichment `json:"-"`
	Rules      []string   `json:"-"` // ids of the rules that matched, ascending
	// RuleVersions are the versions of these rules, in the same order.
	RuleVersions []string `json:"-"`
}

// Accessor is the person, service or authority that read.
type Accessor struct {
	ID         string `json:"id"`
	Kind       string `json:"kind,omitzero"` // one of AccessorKinds; default "person"
	Session    string `json:"session,omitzero"`
	Device     string `json:"device,omitzero"`
	OnBehalfOf string `json:"on_behalf_of,omitzero"` // accessor id of the person it was done for
}

// Origin is where the request came from, as the producer saw it.
type Origin struct {
	IP        netip.Addr `json:"ip,omitzero"`        // peer address, unmapped, without zone; zero when not sent
	Forwarded []string   `json:"forwarded,omitzero"` // X-Forwarded-For as received, client first; not trusted
	UserAgent string     `json:"user_agent,omitzero"`
}

// Resource is what was read.
type Resource struct {
	Store   string   `json:"store"`
	Region  string   `json:"region,omitzero"` // where the data is stored
	Dataset string   `json:"dataset"`
	Fields  []string `json:"fields,omitzero"`
	Object  string   `json:"object,omitzero"`
}

// Subject is whom the data is about.
type Subject struct {
	IDs       []string `json:"ids,omitzero"`       // at most MaxSubjectIDs
	Count     uint64   `json:"count,omitzero"`     // default: number of ids sent
	Truncated bool     `json:"truncated,omitzero"` // more than MaxSubjectIDs ids were sent, the rest was cut off
}

// Purpose is why, as the accessor stated it.
type Purpose struct {
	Kind   string `json:"kind,omitzero"`
	Ticket string `json:"ticket,omitzero"`
	Reason string `json:"reason,omitzero"`
}

// Producer is the system that wrote the log, with its own counter.
type Producer struct {
	Name     string `json:"name,omitzero"`
	Sequence uint64 `json:"sequence,omitzero"`
}

// Enrichment is what Watchglass adds to an event. Its slices belong to the
// snapshot that filled them and are never written to.
type Enrichment struct {
	// Directory.
	Known           bool     // the directory knows the accessor
	Status          string   // "active", "departed" or "unknown"
	Employer        string   // entity id
	EmployerCountry string   // ISO 3166-1 alpha-2, as every country here
	Unit            string   //
	HomeCountry     string   //
	Citizenships    []string // where the operator keeps them
	Clearances      []string // silos and programmes the accessor is cleared for
	OwnerCountries  []string // of owners with 50 % or more, in sum and through chains

	// Location.
	Client         netip.Addr // the address that was located; zero when there is none
	Site           string     // corporate site, "" outside
	NetworkCountry string
	NetworkASN     uint32
	LocationState  string // one of LocationStates

	// Law.
	Jurisdictions []string // every country whose law reaches the accessor, ascending
	Restricted    bool     // any jurisdiction is restricted for this resource, or it fails closed
	RestrictedBy  []string // of RestrictionGrounds
	Cleared       bool     // holds the clearance of the resource's silo; true where there is no silo

	OnBehalfOf Principal

	// Catalog.
	Categories []string // of the taxonomy; never empty
	Silo       string
	Residents  string // country or region whose residents the data describes
	Misplaced  bool   // silo data stored outside the silo's regions

	// Protected subjects.
	Groups []string // union over all subjects of the event, ascending

	PolicyVersion string // hash of the snapshots that were used
}

// Principal is the person on whose behalf an accessor acts.
type Principal struct {
	Known           bool
	Employer        string
	EmployerCountry string
	HomeCountry     string
	Unit            string
	Restricted      bool
	RestrictedBy    []string
}

// Position is where a record stands in Kafka. Topic is the incarnated name:
// "access-events", or "access-events#2" after the topic was made anew.
type Position struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"`
}

// Limits of an access event. What is longer is a dead letter, except subject
// ids: the largest export must not be the one that escapes.
const (
	MaxRecordBytes  = 1 << 20  // a record's value
	MaxDepth        = 32       // levels of JSON nesting
	MaxIDBytes      = 512      // any identifier, name, dataset, action …
	MaxTextBytes    = 64 << 10 // statement
	MaxReasonBytes  = 4 << 10  // purpose.reason, origin.user_agent, one attribute's value
	MaxFields       = 1_000    // resource.fields
	MaxForwarded    = 64       // origin.forwarded
	MaxAttributes   = 256
	MaxSubjectIDs   = 10_000               // more are cut off and Truncated is set
	DefaultMaxAge   = 400 * 24 * time.Hour // event time before the record's Kafka timestamp
	DefaultMaxAhead = time.Hour            // event time after it
)

// Actions, Outcomes, AccessorKinds, LocationStates and RestrictionGrounds
// return the closed sets of values, in documentation order.
func Actions() []string {
	return []string{"read", "list", "search", "query", "export", "copy", "decrypt", "share", "modify", "delete", "grant"}
}

func Outcomes() []string { return []string{"allowed", "denied", "failed"} }

func AccessorKinds() []string { return []string{"person", "service", "model", "authority"} }

func LocationStates() []string { return []string{"known", "unknown", "anonymised", "conflict"} }

func RestrictionGrounds() []string {
	return []string{"network", "home", "employer", "owner", "unknown"}
}
