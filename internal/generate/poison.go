package generate

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"github.com/watchglass/watchglass/schema"
)

// Bad is a record that must become a dead letter.
type Bad struct {
	Kind   string // what is wrong with it
	Reason schema.Reason
	Key    []byte
	Value  []byte // nil for a null value
}

// Poison makes bad records of every kind, in turn, each different from the
// others; the same seed and time make the same bytes.
type Poison struct {
	random random
	at     time.Time
	kinds  []badKind
	made   int
}

// badKind makes a record of one kind from a good one.
type badKind struct {
	name   string
	reason schema.Reason
	make   func(good string, p *Poison) []byte
	rare   bool // large: one round in fifty
}

// NewPoison makes records that are wrong if their Kafka timestamp is within
// minutes of at.
func NewPoison(seed uint64, at time.Time) *Poison {
	return &Poison{random: random(seed), at: at.UTC(), kinds: badKinds()}
}

// Next returns the next bad record; there is no end of them. The caller owns
// its bytes.
func (p *Poison) Next() Bad {
	for {
		round, kind := p.made/len(p.kinds), p.kinds[p.made%len(p.kinds)]
		p.made++
		if kind.rare && round%50 != 0 {
			continue
		}
		who := "e-" + strconv.Itoa(p.random.between(1000, 4000))
		good := `{"time":"` + p.at.Format("2006-01-02T15:04:05.000Z") + `","action":"read","accessor":{"id":"` + who +
			`"},"origin":{"ip":"10.30.2.2"},"resource":{"store":"profiles","dataset":"eu.users.accounts","fields":["email"]},"subject":{"ids":["u-` +
			strconv.Itoa(p.random.pickUser(eu)) + `"],"count":1},"rows":` + strconv.Itoa(p.random.between(1, 1_000_000)) + `}`
		return Bad{Kind: kind.name, Reason: kind.reason, Key: []byte(who), Value: kind.make(good, p)}
	}
}

// replace makes a kind that differs from a good record in one place.
func replace(name string, reason schema.Reason, old, instead string) badKind {
	return badKind{name: name, reason: reason, make: func(good string, _ *Poison) []byte {
		return []byte(strings.Replace(good, old, instead, 1))
	}}
}

// appendMember makes a kind that has one member more than a good record.
func appendMember(name string, reason schema.Reason, member string) badKind {
	return badKind{name: name, reason: reason, make: func(good string, _ *Poison) []byte {
		return []byte(strings.TrimSuffix(good, "}") + "," + member + "}")
	}}
}

// shifted makes a kind whose time lies off the record's own by days.
func shifted(name string, reason schema.Reason, days int) badKind {
	return badKind{name: name, reason: reason, make: func(good string, p *Poison) []byte {
		const layout = "2006-01-02T15:04:05.000Z"
		return []byte(strings.Replace(good, p.at.Format(layout), p.at.AddDate(0, 0, days).Format(layout), 1))
	}}
}

// nested is an attribute 64 levels deep.
func nested() string { return `"deep":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) }

func badKinds() []badKind {
	long := strings.Repeat("x", schema.MaxIDBytes+1)
	return []badKind{
		{name: "null record", reason: schema.ReasonEmpty, make: func(string, *Poison) []byte { return nil }},
		{name: "empty record", reason: schema.ReasonEmpty, make: func(string, *Poison) []byte { return []byte{} }},
		{name: "blank record", reason: schema.ReasonEmpty, make: func(string, *Poison) []byte { return []byte(" \n") }},
		{name: "cut off", reason: schema.ReasonMalformed, make: func(good string, p *Poison) []byte { return []byte(good[:p.random.between(1, len(good)-1)]) }},
		{name: "no JSON", reason: schema.ReasonMalformed, make: func(_ string, p *Poison) []byte { return appendID([]byte("GET /profile?"), p.random.next()) }},
		replace("trailing comma", schema.ReasonMalformed, `"count":1}`, `"count":1,}`),
		replace("leading zero", schema.ReasonMalformed, `"rows":`, `"rows":0`),
		replace("not a number", schema.ReasonMalformed, `"count":1`, `"count":NaN`),
		replace("raw line break in a string", schema.ReasonMalformed, `"store":"pro`, "\"store\":\"pro\n"),
		{name: "two values", reason: schema.ReasonMalformed, make: func(good string, _ *Poison) []byte { return []byte(good + good) }},
		replace("invalid UTF-8", schema.ReasonUTF8, `"store":"pro`, "\"store\":\"pro\xff\xfe"),
		replace("overlong UTF-8", schema.ReasonUTF8, `"dataset":"eu`, "\"dataset\":\"eu\xc0\xaf"),
		{name: "an array", reason: schema.ReasonType, make: func(good string, _ *Poison) []byte { return []byte("[" + good + "]") }},
		replace("action is a number", schema.ReasonType, `"action":"read"`, `"action":4`),
		replace("accessor is a string", schema.ReasonType, `"accessor":{`, `"accessor":"e-1","x":{`),
		replace("fields is a string", schema.ReasonType, `["email"]`, `"email"`),
		appendMember("bytes is a string", schema.ReasonType, `"bytes":"812"`),
		replace("time missing", schema.ReasonMissing, `"time":`, `"at":`),
		replace("action missing", schema.ReasonMissing, `"action":"read",`, ``),
		replace("accessor id missing", schema.ReasonMissing, `"accessor":{"id"`, `"accessor":{"login"`),
		replace("store missing", schema.ReasonMissing, `"store":"profiles",`, ``),
		replace("dataset is null", schema.ReasonMissing, `"dataset":"eu.users.accounts"`, `"dataset":null`),
		appendMember("duplicate member", schema.ReasonDuplicate, `"action":"list"`),
		replace("duplicate nested member", schema.ReasonDuplicate, `"store":"profiles"`, `"store":"profiles","store":"hr"`),
		replace("negative count", schema.ReasonRange, `"count":1`, `"count":-1`),
		appendMember("bytes out of range", schema.ReasonRange, `"bytes":18446744073709551616`),
		replace("count of infinity", schema.ReasonRange, `"count":1`, `"count":1e999`),
		appendMember("64 levels", schema.ReasonDepth, nested()),
		replace("accessor id too long", schema.ReasonTooLong, `"accessor":{"id":"`, `"accessor":{"id":"`+long),
		replace("subject id too long", schema.ReasonTooLong, `"ids":["`, `"ids":["`+long),
		replace("dataset too long", schema.ReasonTooLong, `"dataset":"`, `"dataset":"`+long),
		replace("unknown action", schema.ReasonValue, `"action":"read"`, `"action":"peek"`),
		appendMember("unknown outcome", schema.ReasonValue, `"outcome":"maybe"`),
		replace("time is a word", schema.ReasonTime, `"time":"`, `"time":"about `),
		replace("address is a word", schema.ReasonAddress, `"ip":"10.30.2.2"`, `"ip":"localhost"`),
		replace("address of five numbers", schema.ReasonAddress, `"ip":"10.30.2.2"`, `"ip":"10.30.2.2.9"`),
		shifted("two years old", schema.ReasonTimeTooOld, -730),
		shifted("a day ahead", schema.ReasonTimeTooNew, 1),
		{name: "one MiB", reason: schema.ReasonTooLarge, rare: true, make: func(good string, _ *Poison) []byte {
			return append([]byte(good), bytes.Repeat([]byte(" "), schema.MaxRecordBytes-len(good))...)
		}},
	}
}
