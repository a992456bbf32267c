package schema_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/watchglass/watchglass/schema"
)

// members returns the json members of a Go type by dotted path: its leaves, or
// all. What tells itself how it is written (times, addresses, maps) is a leaf.
func members(t reflect.Type, prefix string, inner bool) []string {
	var out []string
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		if name == "" {
			name = f.Name
		}
		path := prefix + name
		switch {
		case f.Type.Kind() == reflect.Struct && !f.Type.Implements(reflect.TypeFor[json.Marshaler]()) && f.Type.PkgPath() != "net/netip":
			if inner {
				out = append(out, path)
			}
			out = append(out, members(f.Type, path+".", inner)...)
		default:
			out = append(out, path)
		}
	}
	return out
}

// node is the part of a JSON Schema that the tests look at.
type node struct {
	Properties  map[string]node `json:"properties"`
	Required    []string        `json:"required"`
	Enum        []*string       `json:"enum"`
	MaxLength   int             `json:"maxLength"`
	MaxItems    int             `json:"maxItems"`
	Description string          `json:"description"`
	Ref         string          `json:"$ref"`
	Defs        map[string]node `json:"$defs"`
	Items       *node           `json:"items"`
}

func load(t *testing.T, name string) node {
	t.Helper()
	text, err := schema.JSONSchemas.ReadFile(name + ".schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var n node
	if err := json.Unmarshal(text, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// leaves returns the properties that hold no others, by dotted path. root
// resolves references to definitions.
func (n node) leaves(root node, prefix string) map[string]node {
	out := map[string]node{}
	for name, p := range n.Properties {
		if def, ok := strings.CutPrefix(p.Ref, "#/$defs/"); ok {
			p = root.Defs[def]
		}
		if len(p.Properties) == 0 {
			out[prefix+name] = p
		} else {
			maps.Copy(out, p.leaves(root, prefix+name+"."))
		}
	}
	return out
}

func sorted(keys []string) []string {
	slices.Sort(keys)
	return keys
}

func TestJSONSchemasHaveTheMembersOfTheGoTypes(t *testing.T) {
	for name, goType := range map[string]reflect.Type{
		"access-event":    reflect.TypeFor[schema.AccessEvent](),
		"alert":           reflect.TypeFor[schema.Alert](),
		"incident-change": reflect.TypeFor[schema.IncidentChange](),
		"notification":    reflect.TypeFor[schema.Notification](),
		"delivery":        reflect.TypeFor[schema.Delivery](),
	} {
		n := load(t, name)
		want, got := sorted(members(goType, "", false)), sorted(slices.Collect(maps.Keys(n.leaves(n, ""))))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-Go type +JSON Schema):\n%s", name, diff)
		}
	}
}

func TestFieldsAreTheMembers(t *testing.T) {
	var want []string
	for _, f := range schema.Fields() {
		if !f.Enriched {
			want = append(want, f.Path)
		}
	}
	got := slices.DeleteFunc(members(reflect.TypeFor[schema.AccessEvent](), "", false), func(p string) bool { return p == "attributes" })
	if diff := cmp.Diff(sorted(want), sorted(got)); diff != "" {
		t.Errorf("(-Fields +Go type):\n%s", diff)
	}
	for path, leaf := range load(t, "access-event").leaves(node{}, "") {
		if leaf.Description == "" {
			t.Errorf("%s has no description in the JSON Schema", path)
		}
	}
}

func TestFieldsReadWhatTheirKindSays(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range schema.Fields() {
		getters := map[schema.Kind]bool{
			schema.String: f.Str != nil, schema.Strings: f.Strs != nil, schema.Number: f.Num != nil,
			schema.Bool: f.Flag != nil, schema.Addr: f.Addr != nil, schema.Time: f.Time != nil,
		}
		for kind, set := range getters {
			if set != (kind == f.Kind) {
				t.Errorf("%s: kind %d, but the getter of kind %d is set: %t", f.Path, f.Kind, kind, set)
			}
		}
		if f.Column != strings.ReplaceAll(f.Path, ".", "_") || f.Doc == "" || seen[f.Path] {
			t.Errorf("%s: column %s, documentation %q, twice: %t", f.Path, f.Column, f.Doc, seen[f.Path])
		}
		seen[f.Path] = true
		if got, ok := schema.Lookup(f.Path); !ok || got.Path != f.Path {
			t.Errorf("%s is not found", f.Path)
		}
	}
	if _, ok := schema.Lookup("accessor.idd"); ok {
		t.Error("a field that is not there was found")
	}
	if f, ok := schema.Lookup("attributes.team"); !ok || f.Str(&schema.AccessEvent{Attributes: schema.AttributeMap{{Key: "team", Value: "blue"}}}) != "blue" {
		t.Error("a free attribute was not found")
	}
}

// Each field reads its own member: of an event with one member set, exactly
// the field of that path is set.
func TestFieldsReadTheirOwnMember(t *testing.T) {
	samples := map[schema.Kind]any{
		schema.String: "x", schema.Strings: []string{"x"}, schema.Number: 7, schema.Bool: true, schema.Addr: "192.0.2.1", schema.Time: "2026-11-23T20:14:05Z",
	}
	for _, f := range schema.Fields() {
		if f.Enriched {
			continue
		}
		value := samples[f.Kind]
		parts := strings.Split(f.Path, ".")
		for _, name := range slices.Backward(parts) {
			value = map[string]any{name: value}
		}
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		var ev schema.AccessEvent
		if err := json.Unmarshal(text, &ev); err != nil {
			t.Fatalf("%s: %v", f.Path, err)
		}
		for _, other := range schema.Fields() {
			if got, want := isSet(other, &ev), other.Path == f.Path; got != want {
				t.Errorf("%s sent: %s is set: %t", f.Path, other.Path, got)
			}
		}
	}
}

func isSet(f schema.Field, ev *schema.AccessEvent) bool {
	switch f.Kind {
	case schema.String:
		return f.Str(ev) != ""
	case schema.Strings:
		return len(f.Strs(ev)) > 0
	case schema.Number:
		return f.Num(ev) != 0
	case schema.Bool:
		return f.Flag(ev)
	case schema.Addr:
		return f.Addr(ev).IsValid()
	default:
		return !f.Time(ev).IsZero()
	}
}

func TestJSONSchemaHasTheLimits(t *testing.T) {
	leaves := load(t, "access-event").leaves(node{}, "")
	texts := map[string]int{"statement": schema.MaxTextBytes, "purpose.reason": schema.MaxReasonBytes, "origin.user_agent": schema.MaxReasonBytes}
	sets := map[string][]string{"action": schema.Actions(), "outcome": schema.Outcomes(), "accessor.kind": schema.AccessorKinds()}
	lists := map[string]int{"resource.fields": schema.MaxFields, "origin.forwarded": schema.MaxForwarded}
	for _, f := range schema.Fields() {
		leaf := leaves[f.Path]
		switch {
		case f.Enriched || f.Kind == schema.Number || f.Kind == schema.Bool || f.Kind == schema.Time:
		case sets[f.Path] != nil:
			var got []string
			for _, v := range leaf.Enum {
				if v != nil && *v != "" {
					got = append(got, *v)
				}
			}
			if diff := cmp.Diff(sets[f.Path], got); diff != "" {
				t.Errorf("%s (-Go +JSON Schema):\n%s", f.Path, diff)
			}
		case f.Kind == schema.Strings:
			if leaf.MaxItems != lists[f.Path] || leaf.Items.MaxLength != schema.MaxIDBytes {
				t.Errorf("%s: at most %d of %d, want %d of %d", f.Path, leaf.MaxItems, leaf.Items.MaxLength, lists[f.Path], schema.MaxIDBytes)
			}
		default:
			want := schema.MaxIDBytes
			if n, ok := texts[f.Path]; ok {
				want = n
			}
			if leaf.MaxLength != want {
				t.Errorf("%s: maxLength %d, want %d", f.Path, leaf.MaxLength, want)
			}
		}
	}
}

func compile(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	text, err := schema.JSONSchemas.ReadFile(name + ".schema.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(name, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func examples(t *testing.T, pattern string) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %d files, %v", pattern, len(files), err)
	}
	out := map[string][]byte{}
	for _, f := range files {
		if out[filepath.Base(f)], err = os.ReadFile(f); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func TestExamplesFitTheJSONSchema(t *testing.T) {
	s := compile(t, "access-event")
	for name, text := range examples(t, "examples/*.json") {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err == nil {
			err = s.Validate(doc)
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The schema refuses what it can express; what needs the bytes or the Kafka
// timestamp, only the decoder can refuse.
func TestInvalidExamplesDoNotFitTheJSONSchema(t *testing.T) {
	s := compile(t, "access-event")
	beyond := map[schema.Reason]bool{
		schema.ReasonMalformed: true, schema.ReasonUTF8: true, schema.ReasonDuplicate: true, schema.ReasonDepth: true,
		schema.ReasonTimeTooOld: true, schema.ReasonTimeTooNew: true,
	}
	for name, text := range examples(t, "examples/invalid/*.json") {
		prefix, _, _ := strings.Cut(name, "-")
		reason := schema.Reason(prefix)
		if !slices.Contains(schema.Reasons(), reason) {
			t.Errorf("%s: the name does not begin with a reason", name)
		}
		if beyond[reason] {
			continue
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err == nil && s.Validate(doc) == nil {
			t.Errorf("%s fits the JSON Schema", name)
		}
	}
}

// One example holds every member of the contract.
func TestAnExampleHasEveryMember(t *testing.T) {
	var doc map[string]any
	if err := json.Unmarshal(examples(t, "examples/every-member.json")["every-member.json"], &doc); err != nil {
		t.Fatal(err)
	}
	var got []string
	for name, v := range doc {
		inner, ok := v.(map[string]any)
		if !ok || name == "attributes" {
			got = append(got, name)
			continue
		}
		for k := range inner {
			got = append(got, name+"."+k)
		}
	}
	if diff := cmp.Diff(sorted(members(reflect.TypeFor[schema.AccessEvent](), "", false)), sorted(got)); diff != "" {
		t.Errorf("(-Go type +example):\n%s", diff)
	}
}

// What the Go types are written as fits their schemas.
func TestOwnMessagesFitTheirJSONSchemas(t *testing.T) {
	at := time.Date(2026, 11, 23, 20, 14, 5, 0, time.UTC)
	rule := schema.RuleRef{ID: "r", Title: "t", Level: "high", Version: "v", Tags: []string{"a.b"}}
	pairs := []schema.Pair{{Field: "accessor.id", Value: "e-1"}}
	for name, v := range map[string]any{
		"alert":           schema.Alert{ID: "a", Time: at, Created: at, Rule: rule, Accessor: "e-1", Group: pairs, Source: schema.Position{Topic: "access-events"}, Evidence: pairs},
		"incident-change": schema.IncidentChange{ID: "c", Incident: "i", Time: at, Status: "opened", Reason: "first alert", Rule: rule, Group: pairs, First: at, Last: at},
		"notification":    schema.Notification{ID: "n", Type: "incident.opened", Time: at, Incident: "i", Rule: rule, First: at, Last: at, EventTime: at},
		"delivery":        schema.Delivery{ID: "d", Notification: "n", Destination: "pager", Attempt: 1, Time: at, Verdict: "delivered", Status: 204, Took: time.Second},
	} {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := compile(t, name).Validate(doc); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestColumnsAreTheFields(t *testing.T) {
	create := regexp.MustCompile(`(?s)CREATE TABLE (?:IF NOT EXISTS )?\S*\baccess_events\b[^(]*\((.*?)\n\)`)
	column := regexp.MustCompile(`(?m)^ {4}([a-z_]+) +[A-Z][A-Za-z0-9]*[ (,]`)
	var got []string
	files, err := fs.Glob(schema.Migrations, "migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := schema.Migrations.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if table := create.FindSubmatch(text); table != nil {
			for _, m := range column.FindAllSubmatch(table[1], -1) {
				got = append(got, string(m[1]))
			}
		}
	}
	var want []string
	for _, f := range schema.Fields() {
		want = append(want, f.Column)
	}
	want = append(want, "attributes", "source", "rules", "policy_version", "replay_of", "kafka_topic", "kafka_partition", "kafka_offset", "kafka_time", "stored_at")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("columns of access_events (-Fields +migration):\n%s", diff)
	}
}

func TestTaxonomyNames(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range schema.Taxonomy() {
		if c.Name == "" || c.Doc == "" || seen[c.Name] || c.Name != strings.ToLower(c.Name) {
			t.Errorf("category %q, documentation %q, twice: %t", c.Name, c.Doc, seen[c.Name])
		}
		seen[c.Name] = true
	}
	if !seen[schema.Unclassified] {
		t.Error("unclassified is missing")
	}
}
