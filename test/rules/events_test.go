package rules

import (
	"math/rand/v2"
	"net/netip"
	"time"
	"unicode"

	"github.com/watchglass/watchglass/schema"
)

// maker makes rules and events of the same few values, so that they meet.
type maker struct{ *rand.Rand }

func newMaker(seed uint64) maker { return maker{rand.New(rand.NewPCG(seed, 1))} }

func pick[T any](m maker, from ...T) T { return from[m.IntN(len(from))] }

// letters are such as fold in ways of their own: k and s beyond ASCII, three
// of a kind, beyond 16 bits, those that only full case mappings change; and
// what texts, patterns and SQL escape.
func letters() []rune {
	return []rune("kKsSaAiIzZ\u212aſßẞıİäÄσςΣµμΜǅǆǄθϑϴᏸᏰᲀвВⓐⒶ𐐀𐐨ﬀ日é\u0301\ufffd\u200b😀" + `*?\'"` + "`%_.$^[](){}|+-/:;,#&=<> 0159\n\t\r\x00\x7f\u0085\u2028")
}

// word is a text as a producer may send it.
func (m maker) word() string {
	switch m.IntN(12) {
	case 0:
		return ""
	case 1:
		return pick(m, numbers()...)
	case 2:
		return pick(m, addresses()...)
	case 3:
		return pick(m, "true", "False", "null", "2026-11-24T06:00:00.000Z")
	case 4, 5:
		return pick(m, "users", "Tasks", "KELVIN", "straße", "Back\\slash", `a\*b`, `c\\d`, "it's", "100%", "under_score", "line\nbreak", "ΣΊΣΥΦΟΣ", "kiosk")
	}
	var text []rune
	for range 1 + m.IntN(3) {
		text = append(text, pick(m, letters()...))
	}
	return string(text)
}

func numbers() []string {
	return []string{
		"0", "-0", "5", "-5", "5.0", "5.5", "05", "+5", "5e0", "50E-1", "1e2", "100", "9007199254740992", "9007199254740993", "9007199254740993.0", "18446744073709551615",
		"18446744073709551616", "-18446744073709551616", "99999999999999999999", "1e400", "-1e400", "1e-400", "0.1", "0.10000000000000001", "0.30000000000000004",
		"1.7976931348623157e308", "123456789012345678901234567890", "5 ", " 5", "5\n", "0x1f", "NaN", "inf", ".5", "1.", "1e", "2.5e-1",
	}
}

func addresses() []string {
	return []string{
		"10.1.2.3", "10.1.2.255", "11.0.0.1", "10.1.2", "010.1.2.3", "10.1.2.256", "10.1.2.3.4", "10.1.2.3:80", "10.1.2.3/8", " 10.1.2.3", "::ffff:10.1.2.3", "::FFFF:a01:203",
		"2001:db8::1", "2001:DB8:0:0:0:0:0:1", "2001:db8::1%eth0", "2001:db8::1%", "fe80::1%a%b", "::", "::1", "1::", ":1", "1:", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8",
		"1:2:3:4:5:6:7:8::", "1::2::3", "12345::1", "::1.2.3.4", "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:7:1.2.3.4", "1::1.2.3.4:5", "::01.2.3.4", "::1.2.3", "64:ff9b::10.1.2.3",
		"::ffff:10.1.2.3%eth0", "10.1.2.3%eth0", "[2001:db8::1]", "::ffff:0:10.1.2.3",
	}
}

func (m maker) words(most int) (list []string) {
	for range m.IntN(most + 1) {
		list = append(list, m.word())
	}
	return list
}

func (m maker) number() uint64 {
	return pick[uint64](m, 0, 0, 1, 5, 6, 99, 100, 101, 1<<53, 1<<53+1, 1<<63-1, 1<<63, 1<<64-1024, 1<<64-1)
}

func (m maker) address() netip.Addr {
	for {
		text := pick(m, append(addresses(), "")...)
		if text == "" {
			return netip.Addr{}
		}
		if addr, err := netip.ParseAddr(text); err == nil {
			return addr
		}
	}
}

// event is one of which every member may be there or not.
func (m maker) event() *schema.AccessEvent {
	flag := func() bool { return m.IntN(2) == 0 }
	ev := &schema.AccessEvent{
		ID: m.word(), Time: time.Date(2026, time.Month(1+2*m.IntN(3)), 1+m.IntN(28), m.IntN(24), 0, m.IntN(2), 1e6*pick(m, 0, 5, 50, 999), time.UTC),
		Action: pick(m, "read", "export", "KIOSK", m.word()), Outcome: pick(m, "allowed", "denied"),
		Accessor:  schema.Accessor{ID: m.word(), Kind: pick(m, "person", "service"), Session: m.word(), Device: m.word(), OnBehalfOf: m.word()},
		Origin:    schema.Origin{IP: m.address(), Forwarded: m.words(2), UserAgent: m.word()},
		Resource:  schema.Resource{Store: pick(m, "profiles", m.word()), Dataset: m.word(), Fields: m.words(3), Object: m.word()},
		Subject:   schema.Subject{IDs: m.words(3), Count: m.number(), Truncated: flag()},
		Rows:      m.number(),
		Bytes:     m.number(),
		Purpose:   schema.Purpose{Kind: m.word(), Ticket: m.word(), Reason: m.word()},
		Statement: m.word() + m.word() + m.word(),
		Producer:  schema.Producer{Name: m.word(), Sequence: m.number()},
	}
	ev.Enrichment = schema.Enrichment{
		Known: flag(), Status: pick(m, "active", "departed", "unknown"), Unit: m.word(), Citizenships: m.words(2), Client: m.address(), NetworkASN: m.Uint32N(3),
		NetworkCountry: pick(m, "US", "us", "CN", ""), Restricted: flag(), Categories: m.words(2), Groups: pick(m, nil, []string{"staff"}, []string{"journalist", "staff"}),
	}
	if flag() { // the same, but for case
		ev.Accessor.OnBehalfOf, ev.Accessor.Session = m.recased(ev.Accessor.ID), m.recased(ev.Purpose.Kind)
		for _, field := range ev.Resource.Fields {
			ev.Enrichment.Categories = append(ev.Enrichment.Categories, m.recased(field))
		}
	}
	if flag() {
		ev.Accessor.Device = pick(m, numbers()...)
	}
	for _, key := range []string{"it's", "k", `w\x`, "ſ"} { // ascending
		if flag() {
			ev.Attributes = append(ev.Attributes, schema.Attribute{Key: key, Value: m.word()})
		}
	}
	return ev
}

// recased gives some letters another case.
func (m maker) recased(s string) string {
	text := []rune(s)
	for i, r := range text {
		if m.IntN(3) == 0 {
			text[i] = unicode.SimpleFold(r)
		}
	}
	return string(text)
}
