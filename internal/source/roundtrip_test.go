package source

import (
	"encoding/json"
	"errors"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/watchglass/watchglass/schema"
)

// survives checks that an event is the same after encoding/json and Decode.
func survives(t *testing.T, d Decoder, ev *schema.AccessEvent, at time.Time) {
	t.Helper()
	text, err := json.Marshal(ev)
	if err != nil {
		t.Fatal(err)
	}
	if len(text) >= schema.MaxRecordBytes {
		return // escapes may make it longer than what it was read from
	}
	var back schema.AccessEvent
	if err := d.Decode(text, at, &back); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if diff := cmp.Diff(*ev, back, cmpopts.EquateComparable(netip.Addr{}), cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("event (-first +second):\n%s", diff)
	}
}

func TestEventsSurviveEncodeAndDecode(t *testing.T) {
	d := newTest(t, JSON)
	anything := rapid.StringN(0, 40, schema.MaxIDBytes)
	some := rapid.StringN(1, 40, schema.MaxIDBytes)
	awkward := rapid.SampledFrom([]string{"", "<script>&", "\u2028", "\x00\x1f\x7f", `"\`, "😀", "é", "\ufffd", "null"})
	text := rapid.OneOf(anything, awkward)
	rapid.Check(t, func(rt *rapid.T) {
		ids := rapid.SliceOfN(some, 0, 5).Draw(rt, "ids")
		ev := schema.AccessEvent{
			ID: text.Draw(rt, "id"), Time: kafkaTime.Add(-time.Duration(rapid.IntRange(0, 1e9).Draw(rt, "ms")) * time.Millisecond),
			Action: rapid.SampledFrom(schema.Actions()).Draw(rt, "action"), Outcome: rapid.SampledFrom(schema.Outcomes()).Draw(rt, "outcome"),
			Accessor: schema.Accessor{
				ID: some.Draw(rt, "accessor"), Kind: rapid.SampledFrom(schema.AccessorKinds()).Draw(rt, "kind"),
				Session: text.Draw(rt, "session"), Device: text.Draw(rt, "device"), OnBehalfOf: text.Draw(rt, "behalf"),
			},
			Origin:   schema.Origin{Forwarded: rapid.SliceOfN(text, 0, 3).Draw(rt, "forwarded"), UserAgent: text.Draw(rt, "agent")},
			Resource: schema.Resource{Store: some.Draw(rt, "store"), Region: text.Draw(rt, "region"), Dataset: some.Draw(rt, "dataset"), Fields: rapid.SliceOfN(text, 0, 3).Draw(rt, "fields"), Object: text.Draw(rt, "object")},
			Subject:  schema.Subject{IDs: ids, Count: uint64(len(ids)) + rapid.Uint64Range(0, math.MaxUint64-10).Draw(rt, "more"), Truncated: rapid.Bool().Draw(rt, "truncated")},
			Rows:     rapid.Uint64().Draw(rt, "rows"), Bytes: rapid.Uint64().Draw(rt, "bytes"),
			Purpose:   schema.Purpose{Kind: text.Draw(rt, "purpose"), Ticket: text.Draw(rt, "ticket"), Reason: text.Draw(rt, "reason")},
			Statement: text.Draw(rt, "statement"), Producer: schema.Producer{Name: text.Draw(rt, "producer"), Sequence: rapid.Uint64().Draw(rt, "sequence")},
		}
		if b := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(rt, "ip"); rapid.Bool().Draw(rt, "has ip") {
			ev.Origin.IP, _ = netip.AddrFromSlice(b)
			ev.Origin.IP = ev.Origin.IP.Unmap()
		}
		keys := rapid.SliceOfNDistinct(text, 0, 4, rapid.ID[string]).Draw(rt, "keys")
		for _, k := range keys {
			ev.Attributes = append(ev.Attributes, schema.Attribute{Key: k, Value: text.Draw(rt, "value")})
		}
		sortAttributes(ev.Attributes)
		survives(t, d, &ev, kafkaTime)
	})
}

func sortAttributes(m schema.AttributeMap) {
	for i := range m {
		for j := i; j > 0 && strings.Compare(m[j-1].Key, m[j].Key) > 0; j-- {
			m[j-1], m[j] = m[j], m[j-1]
		}
	}
}

// Decoding is a function of the bytes: what was decoded before, and into which
// event, makes no difference, and the strings of earlier events stay.
func TestDecodingHasNoMemory(t *testing.T) {
	values := []string{
		contractEvent, with(""), with(`,"rows":01`), with(`,"x":{"y":1},"attributes":{"a":"b"}`), "", "null", "[", instead("read", "peek"),
		with(`,"subject":{"ids":["a","b"]},"origin":{"ip":"::1","forwarded":["x"]}`), instead(`"dataset":"d"`, `"dataset":"d","fields":["f","g"]`),
		with(`,"statement":"` + strings.Repeat("long ", 5000) + `"`), with(`,"x":"` + strings.Repeat(" ", 10) + `"` + strings.Repeat(" ", largeRecord)),
	}
	rapid.Check(t, func(rt *rapid.T) {
		used := newTest(t, JSON)
		var ev schema.AccessEvent
		var kept []schema.AccessEvent
		var want []schema.AccessEvent
		for _, i := range rapid.SliceOfN(rapid.IntRange(0, len(values)-1), 1, 30).Draw(rt, "values") {
			var fresh schema.AccessEvent
			first, second := newTest(t, JSON).Decode([]byte(values[i]), kafkaTime, &fresh), used.Decode([]byte(values[i]), kafkaTime, &ev)
			if verdict(first) != verdict(second) {
				rt.Fatalf("%s: fresh %v, used %v", values[i], first, second)
			}
			if first == nil {
				own := ev // strings are shared, slices are the caller's to copy
				own.Resource.Fields, own.Origin.Forwarded = append([]string{}, ev.Resource.Fields...), append([]string{}, ev.Origin.Forwarded...)
				own.Subject.IDs, own.Attributes = append([]string{}, ev.Subject.IDs...), append(schema.AttributeMap{}, ev.Attributes...)
				kept, want = append(kept, own), append(want, fresh)
			}
		}
		if diff := cmp.Diff(want, kept, cmpopts.EquateComparable(netip.Addr{}), cmpopts.EquateEmpty()); diff != "" {
			rt.Fatalf("events (-fresh +used):\n%s", diff)
		}
	})
}

func TestInternersStayBounded(t *testing.T) {
	d := newJSON(Config{MaxAge: time.Hour, MaxAhead: time.Hour})
	var ev schema.AccessEvent
	first := ""
	for i := range 3 * internEntries {
		value := instead(`"store":"s"`, `"store":"store-`+strings.Repeat("x", i%300)+time.Duration(i).String()+`"`)
		if err := d.Decode([]byte(value), kafkaTime, &ev); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = ev.Resource.Store
		}
	}
	if n := len(d.store.known); n > internEntries || n == 0 {
		t.Errorf("%d entries, at most %d wanted", n, internEntries)
	}
	if first != "store-0s" {
		t.Errorf("a string changed after the interner was emptied: %q", first)
	}
}

// FuzzJSON: Decode never panics; what it refuses is a documented reason; what
// it takes is strict JSON, holds the limits, and survives encode and decode.
func FuzzJSON(f *testing.F) {
	f.Add([]byte(contractEvent))
	for _, members := range []string{
		"", `,"attributes":{"a":"b","c":[1,{"d":null}]}`, `,"rows":1e3`, `,"x":"\ud83d\ude00\u0000"`, `,"origin":{"ip":"[::1]:443","forwarded":["a"]}`,
		`,"subject":{"ids":["u"],"count":3}`, `,"rows":01`, `,"rows":NaN`, `,"id":"\ud83d"`, `,"x":1,"x":2`,
	} {
		f.Add([]byte(with(members)))
	}
	addExamples(f)
	d := newTest(f, JSON)
	f.Fuzz(func(t *testing.T, value []byte) { invariants(t, d, d, value) })
}

// FuzzPGAudit: as FuzzJSON; what is taken is an event of the contract.
func FuzzPGAudit(f *testing.F) {
	log, err := os.ReadFile("testdata/pgaudit.jsonl")
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(log)) {
		f.Add([]byte(line))
	}
	f.Add(audit(`SESSION,1,1,READ,SELECT,TABLE,users.sessions,"select $a$ '' E'\'' -- /* /* */ ""b"" /*subject='a%2Cb',x='\''*/",<none>,5`))
	d, contract := newTest(f, PGAudit), newTest(f, JSON)
	f.Fuzz(func(t *testing.T, value []byte) { invariants(t, d, contract, value) })
}

func invariants(t *testing.T, d, contract Decoder, value []byte) {
	var ev schema.AccessEvent
	at := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC) // the testdata was written just before
	err := d.Decode(value, at, &ev)
	var poisoned *schema.PoisonError
	switch {
	case errors.Is(err, ErrSkipped):
	case errors.As(err, &poisoned):
		for _, r := range schema.Reasons() {
			if r == poisoned.Reason {
				return
			}
		}
		t.Fatalf("reason %q is not documented", poisoned.Reason)
	case err != nil:
		t.Fatalf("an error of another kind: %v", err)
	default:
		if !json.Valid(value) {
			t.Fatal("took what is not JSON")
		}
		inLimits(t, &ev)
		survives(t, contract, &ev, at)
	}
}

func addExamples(f *testing.F) {
	for _, pattern := range []string{"../../schema/examples/*.json", "../../schema/examples/invalid/*.json"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
}
