package rules

import (
	"fmt"
	"strings"

	"github.com/watchglass/watchglass/internal/sigma"
)

// fields are one at least of each kind of column.
func fields() []string {
	return []string{
		"id", "time", "action", "outcome", "accessor.id", "accessor.device", "accessor.session", "accessor.known", "accessor.status", "accessor.unit", "accessor.citizenships",
		"accessor.network_asn", "accessor.network_country", "accessor.restricted", "origin.ip", "origin.client", "origin.forwarded", "origin.user_agent", "resource.store",
		"resource.dataset", "resource.fields", "resource.object", "data.categories", "subject.ids", "subject.count", "subject.truncated", "subject.groups", "rows", "bytes",
		"purpose.kind", "purpose.ticket", "purpose.reason", "statement", "producer.name", "producer.sequence", "attributes.k", "attributes.it's", `attributes.w\x`, "attributes.ſ", "attributes.gone",
	}
}

// yaml quotes a text.
func yaml(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0xfffd || r == 0x200b
	}) {
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0xfffd || r == 0x200b:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// value is a text that means one of the events' words, or nearly.
func (m maker) value() string {
	var b strings.Builder
	for _, r := range m.recased(m.word()) {
		switch {
		case m.IntN(6) == 0:
			b.WriteByte('?')
		case m.IntN(6) == 0:
			b.WriteByte('*')
		case strings.ContainsRune(`*?\`, r) && m.IntN(2) == 0:
			b.WriteString(`\` + string(r))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func (m maker) scalar() string {
	if m.IntN(6) == 0 {
		return pick(m, "0", "5", "-5", "5.0", "1e2", "100", "9007199254740993", "18446744073709551615", "true", "false", "null", "99999999999999999999", "''")
	}
	return yaml(m.value())
}

func (m maker) regexp() string {
	if m.IntN(2) == 0 {
		return pick(m, "a", "^k", "s$", "[a-k]+s?", "^$", ".", "^.$", "a.b", `\bk`, `\B`, `(?i)straSSe`, `(?i)^K`, `s|^$`, `[^a]`, `[^\n]$`, `(?m)^b`, `(?s)e.b`, `\d{2,}`, `\pL\PL`, `\x{212A}`, `a*b?`,
			`(ab?|c*)+\\`, `\.`, `[[:punct:]]`, `[\]\[^-]`, `ä*`, `^(?:[kK]i?)*`, `\Q*?\E`, `()`, `[^\x00-\x{10FFFF}]`, `x{0}`, `(?U)k+`, `z*ſ?$`, `\x00`, `"|'`, `%`, `(?i)[k-s]`, `(?i)σ+`, `http://|www`, `(?i:a)B`)
	}
	var b strings.Builder
	for range 1 + m.IntN(3) {
		r := pick(m, letters()...)
		if strings.ContainsRune(`*?\.$^[](){}|+`, r) && m.IntN(4) > 0 {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
		b.WriteString(pick(m, "", "", "", "*", "+", "?", "{2}", "{0,1}", "|"))
	}
	return b.String()
}

func (m maker) network() string {
	return pick(m, "10.0.0.0/8", "10.1.2.0/24", "10.1.2.3/32", "0.0.0.0/0", "2001:db8::/32", "2001:db8::1/128", "::/0", "::/64", "::/1", "8000::/1", "fe80::/10", "1::/16", "::/96", "64:ff9b::/96", "1:2:3:4:5:6:7:0/112")
}

// item is one line of a search.
func (m maker) item() string {
	field := pick(m, fields()...)
	list := func(n int, one func() string) string {
		var values []string
		for range n {
			values = append(values, one())
		}
		return "[" + strings.Join(values, ", ") + "]"
	}
	quoted := func(make func() string) func() string { return func() string { return yaml(make()) } }
	var key, value string
	switch m.IntN(17) {
	case 0:
		key, value = field+"|exists", pick(m, "true", "false")
	case 1:
		key, value = pick(m, "rows", "bytes", "accessor.network_asn", "producer.sequence")+pick(m, "", "|gt", "|gte", "|lt", "|lte"), pick(m, "0", "5", "5.0", "-1", "5.5", "1e2", "100", "9007199254740993", "9007199254740993.0", "18446744073709551615", "1e30")
	case 2:
		key, value = pick(m, "attributes.k", "accessor.device", "accessor.device", "subject.ids", field)+pick(m, "|gt", "|gte", "|lt", "|lte"),
			pick(m, "0", "5", "5.0", "-5", "0.1", "0.3", "9007199254740993", "9007199254740992.0", "18446744073709551615", "1e20", "1e400", "-1e400", "123456789012345678901234567890")
	case 3, 4:
		key, value = field+"|re"+pick(m, "", "", "|i", "|s", "|m"), yaml(m.regexp())
	case 5:
		key, value = pick(m, "origin.ip", "origin.client", "origin.forwarded", "attributes.k", "accessor.device", field)+"|cidr", list(1+m.IntN(2), quoted(m.network))
	case 6:
		key, value = field+"|fieldref"+pick(m, "", "|neq", "|cased"), yaml(pick(m, fields()...))
	case 7:
		key, value = field+pick(m, "|all", "|contains|all", "|startswith|all"), list(2, m.scalar)
	case 8:
		pair := pick(m, [2]string{"accessor.on_behalf_of", "accessor.id"}, [2]string{"accessor.session", "purpose.kind"}, [2]string{"data.categories", "resource.fields"}, [2]string{"purpose.kind", "data.categories"})
		key, value = pair[0]+"|fieldref"+pick(m, "", "", "|neq", "|cased"), pair[1]
	case 9:
		text := "time" + pick(m, "|startswith: '2026-0", "|startswith: '2026-01-0", "|contains: ':00.0", "|endswith: '.005z", "|endswith: '0z", ": '*T1?:0*9Z", "|re: 'T(0|2).*\\.0[05]", "|contains: '.5")
		return "'" + strings.Replace(text, ": ", "': ", 1) + "'"
	case 10:
		key, value = "time|"+pick(m, "minute", "hour", "day", "week", "month", "year")+pick(m, "", "|gt", "|gte", "|lt", "|lte", "|neq"), pick(m, "1", "5", "12", "20", "30", "52")
		if strings.HasPrefix(key, "time|year") {
			value = pick(m, "2026", "1969", "2024")
		}
	case 11:
		key, value = field+pick(m, "|windash", "|windash|contains", "|windash|endswith|cased"), list(1+m.IntN(2), quoted(func() string { return pick(m, "-", "/") + m.value() }))
	default:
		key, value = field+pick(m, "", "", "", "|contains", "|startswith", "|endswith", "|cased", "|contains|cased", "|neq", "|neq|cased", "|contains|neq", "|endswith|neq"), list(1+m.IntN(3), m.scalar)
	}
	return yaml(key) + ": " + value
}

// traps are items that a translation got wrong once, or nearly.
func traps() []string {
	return []string{
		"accessor.device|gte: 9007199254740993", "accessor.device|gt: 9007199254740992", "accessor.device|lt: 18446744073709551615", "accessor.device|gt: 1e308",
		`statement|re: '\B'`, `accessor.id|re: '\B'`, `subject.ids|re: '\B$'`, "data.categories: ''", "subject.ids: ''", "origin.client|cidr: '::/0'", "rows|fieldref: subject.ids",
		"accessor.session|fieldref: purpose.kind", "data.categories|fieldref: resource.fields", "statement|re: 'h.B'", "statement|contains: '?\n?'",
	}
}

// rule is one that is accepted, in a set of its own.
func (m maker) rule(n int) (*sigma.Set, string) {
	head := fmt.Sprintf("title: generated\nid: r-%d\nlogsource: {product: watchglass}\ndetection:\n", n)
	if n < len(traps()) {
		text := head + "  s: {" + traps()[n] + "}\n  condition: s\n"
		set, err := sigma.Parse("rule.yml", []byte(text), sigma.Options{})
		if err != nil {
			panic(err)
		}
		return set, text
	}
	for {
		var b strings.Builder
		b.WriteString(head)
		searches := 1 + m.IntN(3)
		for i := range searches {
			fmt.Fprintf(&b, "  s_%d:\n", i)
			switch m.IntN(6) {
			case 0:
				fmt.Fprintf(&b, "    - %s\n    - %s\n", m.item(), m.item())
			case 1:
				fmt.Fprintf(&b, "    - %s\n    - %s\n", yaml(m.value()+m.value()), yaml(m.value()))
			case 2:
				fmt.Fprintf(&b, "    %s: [%s]\n", pick(m, "'|all'", "'|re'", "'|cased'"), yaml(pick(m, m.value(), "k"))+", "+yaml(pick(m, m.value(), "s")))
			default:
				fmt.Fprintf(&b, "    %s\n", m.item())
			}
		}
		fmt.Fprintf(&b, "  condition: %s\n", strings.ReplaceAll(pick(m, "1 of s_*", "all of them", "s_0 and not s_N", "not (s_0 or s_N)", "s_N", "not 1 of them", "s_0 or s_N and not s_0", "2 of s_*", "not 2 of s_*"), "N", fmt.Sprint(searches-1)))
		if set, err := sigma.Parse("rule.yml", []byte(b.String()), sigma.Options{}); err == nil {
			return set, b.String()
		}
	}
}
