package schema

import (
	"net/netip"
	"strings"
	"time"
)

// Kind is the type of a field's value.
type Kind uint8

const (
	String  Kind = iota // Field.Str
	Strings             // Field.Strs
	Number              // Field.Num
	Bool                // Field.Flag
	Addr                // Field.Addr: rules see the canonical text, "" for the zero address
	Time                // Field.Time
)

// Field is one member of an event: its path in JSON and rules, its ClickHouse
// column, and how to read it. Exactly the getter of its Kind is set.
type Field struct {
	Path   string
	Column string
	Kind   Kind
	// Distinct says that most streams hold few distinct values (at most some
	// thousands): worth interning and remembering verdicts for.
	Distinct bool
	// Enriched says that Watchglass computes the field; producers cannot send it.
	Enriched bool
	Doc      string // one line for documentation and `rules lint`

	Str  func(*AccessEvent) string
	Strs func(*AccessEvent) []string
	Num  func(*AccessEvent) uint64
	Flag func(*AccessEvent) bool
	Addr func(*AccessEvent) netip.Addr
	Time func(*AccessEvent) time.Time
}

// AttributesPrefix begins the paths of free attributes: `attributes.k`.
const AttributesPrefix = "attributes."

// Lookup finds a field by its rule path. `attributes.k` gives a String field
// for any k.
func Lookup(path string) (Field, bool) {
	for _, f := range Fields() {
		if f.Path == path {
			return f, true
		}
	}
	if key, ok := strings.CutPrefix(path, AttributesPrefix); ok && key != "" {
		return Field{
			Path: path, Column: "attributes['" + strings.ReplaceAll(strings.ReplaceAll(key, `\`, `\\`), `'`, `\'`) + "']",
			Kind: String, Doc: "a member that the contract does not name",
			Str: func(e *AccessEvent) string { v, _ := e.Attributes.Get(key); return v },
		}, true
	}
	return Field{}, false
}

// Fields returns every field of an event, in the order of documentation and
// of the table's columns (free attributes have one column, a map, and are
// found by Lookup). The caller owns the slice.
func Fields() []Field {
	return []Field{
		{Path: "id", Kind: String, Doc: "the producer's own id of the event", Str: func(e *AccessEvent) string { return e.ID }, Column: "id"},
		{Path: "time", Kind: Time, Doc: "when it happened, UTC", Time: func(e *AccessEvent) time.Time { return e.Time }, Column: "time"},
		{Path: "action", Kind: String, Distinct: true, Doc: "what was done: read, list, search, query, export, copy, decrypt, share, modify, delete, grant", Str: func(e *AccessEvent) string { return e.Action }, Column: "action"},
		{Path: "outcome", Kind: String, Distinct: true, Doc: "allowed, denied or failed", Str: func(e *AccessEvent) string { return e.Outcome }, Column: "outcome"},

		{Path: "accessor.id", Kind: String, Doc: "who read", Str: func(e *AccessEvent) string { return e.Accessor.ID }, Column: "accessor_id"},
		{Path: "accessor.kind", Kind: String, Distinct: true, Doc: "person, service, model or authority", Str: func(e *AccessEvent) string { return e.Accessor.Kind }, Column: "accessor_kind"},
		{Path: "accessor.session", Kind: String, Doc: "the accessor's session", Str: func(e *AccessEvent) string { return e.Accessor.Session }, Column: "accessor_session"},
		{Path: "accessor.device", Kind: String, Doc: "the accessor's device", Str: func(e *AccessEvent) string { return e.Accessor.Device }, Column: "accessor_device"},
		{Path: "accessor.on_behalf_of", Kind: String, Doc: "accessor id of the person it was done for", Str: func(e *AccessEvent) string { return e.Accessor.OnBehalfOf }, Column: "accessor_on_behalf_of"},

		{Path: "accessor.known", Kind: Bool, Distinct: true, Enriched: true, Doc: "the directory knows the accessor", Flag: func(e *AccessEvent) bool { return e.Enrichment.Known }, Column: "accessor_known"},
		{Path: "accessor.status", Kind: String, Distinct: true, Enriched: true, Doc: "active, departed or unknown", Str: func(e *AccessEvent) string { return e.Enrichment.Status }, Column: "accessor_status"},
		{Path: "accessor.employer", Kind: String, Distinct: true, Enriched: true, Doc: "legal entity that employs the accessor", Str: func(e *AccessEvent) string { return e.Enrichment.Employer }, Column: "accessor_employer"},
		{Path: "accessor.employer_country", Kind: String, Distinct: true, Enriched: true, Doc: "country of that entity", Str: func(e *AccessEvent) string { return e.Enrichment.EmployerCountry }, Column: "accessor_employer_country"},
		{Path: "accessor.unit", Kind: String, Distinct: true, Enriched: true, Doc: "unit of the accessor", Str: func(e *AccessEvent) string { return e.Enrichment.Unit }, Column: "accessor_unit"},
		{Path: "accessor.home_country", Kind: String, Distinct: true, Enriched: true, Doc: "country of residence", Str: func(e *AccessEvent) string { return e.Enrichment.HomeCountry }, Column: "accessor_home_country"},
		{Path: "accessor.citizenships", Kind: Strings, Distinct: true, Enriched: true, Doc: "citizenships, where the operator keeps them", Strs: func(e *AccessEvent) []string { return e.Enrichment.Citizenships }, Column: "accessor_citizenships"},
		{Path: "accessor.clearances", Kind: Strings, Distinct: true, Enriched: true, Doc: "silos and programmes the accessor is cleared for", Strs: func(e *AccessEvent) []string { return e.Enrichment.Clearances }, Column: "accessor_clearances"},
		{Path: "accessor.owner_countries", Kind: Strings, Distinct: true, Enriched: true, Doc: "countries of the employer's owners with 50 % or more", Strs: func(e *AccessEvent) []string { return e.Enrichment.OwnerCountries }, Column: "accessor_owner_countries"},
		{Path: "accessor.site", Kind: String, Distinct: true, Enriched: true, Doc: "corporate site of the network", Str: func(e *AccessEvent) string { return e.Enrichment.Site }, Column: "accessor_site"},
		{Path: "accessor.network_country", Kind: String, Distinct: true, Enriched: true, Doc: "country of the network", Str: func(e *AccessEvent) string { return e.Enrichment.NetworkCountry }, Column: "accessor_network_country"},
		{Path: "accessor.network_asn", Kind: Number, Distinct: true, Enriched: true, Doc: "autonomous system of the network, 0 when unknown", Num: func(e *AccessEvent) uint64 { return uint64(e.Enrichment.NetworkASN) }, Column: "accessor_network_asn"},
		{Path: "accessor.location_state", Kind: String, Distinct: true, Enriched: true, Doc: "known, unknown, anonymised or conflict", Str: func(e *AccessEvent) string { return e.Enrichment.LocationState }, Column: "accessor_location_state"},
		{Path: "accessor.jurisdictions", Kind: Strings, Distinct: true, Enriched: true, Doc: "every country whose law reaches the accessor", Strs: func(e *AccessEvent) []string { return e.Enrichment.Jurisdictions }, Column: "accessor_jurisdictions"},
		{Path: "accessor.restricted", Kind: Bool, Distinct: true, Enriched: true, Doc: "a jurisdiction is restricted for this resource, or it fails closed", Flag: func(e *AccessEvent) bool { return e.Enrichment.Restricted }, Column: "accessor_restricted"},
		{Path: "accessor.restricted_by", Kind: Strings, Distinct: true, Enriched: true, Doc: "network, home, employer, owner, unknown", Strs: func(e *AccessEvent) []string { return e.Enrichment.RestrictedBy }, Column: "accessor_restricted_by"},
		{Path: "accessor.cleared", Kind: Bool, Distinct: true, Enriched: true, Doc: "holds the clearance of the resource's silo; true where there is no silo", Flag: func(e *AccessEvent) bool { return e.Enrichment.Cleared }, Column: "accessor_cleared"},

		{Path: "on_behalf_of.known", Kind: Bool, Distinct: true, Enriched: true, Doc: "the directory knows the person it was done for", Flag: func(e *AccessEvent) bool { return e.Enrichment.OnBehalfOf.Known }, Column: "on_behalf_of_known"},
		{Path: "on_behalf_of.employer", Kind: String, Distinct: true, Enriched: true, Doc: "legal entity that employs that person", Str: func(e *AccessEvent) string { return e.Enrichment.OnBehalfOf.Employer }, Column: "on_behalf_of_employer"},
		{Path: "on_behalf_of.employer_country", Kind: String, Distinct: true, Enriched: true, Doc: "country of that entity", Str: func(e *AccessEvent) string { return e.Enrichment.OnBehalfOf.EmployerCountry }, Column: "on_behalf_of_employer_country"},
		{Path: "on_behalf_of.home_country", Kind: String, Distinct: true, Enriched: true, Doc: "that person's country of residence", Str: func(e *AccessEvent) string { return e.Enrichment.OnBehalfOf.HomeCountry }, Column: "on_behalf_of_home_country"},
		{Path: "on_behalf_of.unit", Kind: String, Distinct: true, Enriched: true, Doc: "that person's unit", Str: func(e *AccessEvent) string { return e.Enrichment.OnBehalfOf.Unit }, Column: "on_behalf_of_unit"},
		{Path: "on_behalf_of.restricted", Kind: Bool, Distinct: true, Enriched: true, Doc: "that person is under a restricted jurisdiction, or is not known", Flag: func(e *AccessEvent) bool { return e.Enrichment.OnBehalfOf.Restricted }, Column: "on_behalf_of_restricted"},
		{Path: "on_behalf_of.restricted_by", Kind: Strings, Distinct: true, Enriched: true, Doc: "home, employer, owner, unknown", Strs: func(e *AccessEvent) []string { return e.Enrichment.OnBehalfOf.RestrictedBy }, Column: "on_behalf_of_restricted_by"},

		{Path: "origin.ip", Kind: Addr, Doc: "peer address as the producer saw it", Addr: func(e *AccessEvent) netip.Addr { return e.Origin.IP }, Column: "origin_ip"},
		{Path: "origin.client", Kind: Addr, Enriched: true, Doc: "the client's address, after trusted proxies", Addr: func(e *AccessEvent) netip.Addr { return e.Enrichment.Client }, Column: "origin_client"},
		{Path: "origin.forwarded", Kind: Strings, Doc: "forwarded chain as received, client first", Strs: func(e *AccessEvent) []string { return e.Origin.Forwarded }, Column: "origin_forwarded"},
		{Path: "origin.user_agent", Kind: String, Distinct: true, Doc: "client program", Str: func(e *AccessEvent) string { return e.Origin.UserAgent }, Column: "origin_user_agent"},

		{Path: "resource.store", Kind: String, Distinct: true, Doc: "system that holds the data", Str: func(e *AccessEvent) string { return e.Resource.Store }, Column: "resource_store"},
		{Path: "resource.region", Kind: String, Distinct: true, Doc: "region where the data is stored", Str: func(e *AccessEvent) string { return e.Resource.Region }, Column: "resource_region"},
		{Path: "resource.dataset", Kind: String, Distinct: true, Doc: "table, bucket, index … that was read", Str: func(e *AccessEvent) string { return e.Resource.Dataset }, Column: "resource_dataset"},
		{Path: "resource.fields", Kind: Strings, Distinct: true, Doc: "fields that were read", Strs: func(e *AccessEvent) []string { return e.Resource.Fields }, Column: "resource_fields"},
		{Path: "resource.object", Kind: String, Doc: "single object that was read", Str: func(e *AccessEvent) string { return e.Resource.Object }, Column: "resource_object"},
		{Path: "resource.silo", Kind: String, Distinct: true, Enriched: true, Doc: "ring-fence the data belongs to", Str: func(e *AccessEvent) string { return e.Enrichment.Silo }, Column: "resource_silo"},
		{Path: "resource.residents", Kind: String, Distinct: true, Enriched: true, Doc: "whose residents the data describes", Str: func(e *AccessEvent) string { return e.Enrichment.Residents }, Column: "resource_residents"},
		{Path: "resource.misplaced", Kind: Bool, Distinct: true, Enriched: true, Doc: "silo data stored outside the silo's regions", Flag: func(e *AccessEvent) bool { return e.Enrichment.Misplaced }, Column: "resource_misplaced"},
		{Path: "data.categories", Kind: Strings, Distinct: true, Enriched: true, Doc: "kinds of data, from the taxonomy", Strs: func(e *AccessEvent) []string { return e.Enrichment.Categories }, Column: "data_categories"},

		{Path: "subject.ids", Kind: Strings, Doc: "whom the data is about, at most 10,000", Strs: func(e *AccessEvent) []string { return e.Subject.IDs }, Column: "subject_ids"},
		{Path: "subject.count", Kind: Number, Doc: "how many subjects", Num: func(e *AccessEvent) uint64 { return e.Subject.Count }, Column: "subject_count"},
		{Path: "subject.truncated", Kind: Bool, Distinct: true, Doc: "more ids were sent than are kept", Flag: func(e *AccessEvent) bool { return e.Subject.Truncated }, Column: "subject_truncated"},
		{Path: "subject.groups", Kind: Strings, Distinct: true, Enriched: true, Doc: "protected groups among the subjects", Strs: func(e *AccessEvent) []string { return e.Enrichment.Groups }, Column: "subject_groups"},

		{Path: "rows", Kind: Number, Doc: "rows returned, 0 when unknown", Num: func(e *AccessEvent) uint64 { return e.Rows }, Column: "rows"},
		{Path: "bytes", Kind: Number, Doc: "bytes returned, 0 when unknown", Num: func(e *AccessEvent) uint64 { return e.Bytes }, Column: "bytes"},
		{Path: "purpose.kind", Kind: String, Distinct: true, Doc: "stated purpose", Str: func(e *AccessEvent) string { return e.Purpose.Kind }, Column: "purpose_kind"},
		{Path: "purpose.ticket", Kind: String, Doc: "ticket the purpose refers to", Str: func(e *AccessEvent) string { return e.Purpose.Ticket }, Column: "purpose_ticket"},
		{Path: "purpose.reason", Kind: String, Doc: "stated reason, free text", Str: func(e *AccessEvent) string { return e.Purpose.Reason }, Column: "purpose_reason"},
		{Path: "statement", Kind: String, Doc: "query text", Str: func(e *AccessEvent) string { return e.Statement }, Column: "statement"},
		{Path: "producer.name", Kind: String, Distinct: true, Doc: "system that wrote the log", Str: func(e *AccessEvent) string { return e.Producer.Name }, Column: "producer_name"},
		{Path: "producer.sequence", Kind: Number, Doc: "that system's own counter", Num: func(e *AccessEvent) uint64 { return e.Producer.Sequence }, Column: "producer_sequence"},
	}
}
