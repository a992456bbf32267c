package main

import (
	"encoding/base64"
	"encoding/binary"
	"unicode/utf16"
)

// plainWords are texts that events hold and rules look for: those that rules go wrong with.
func plainWords() []string {
	return []string{
		"alice", "Alice", "ALICE", "bob", "svc-backup", "cmd.exe", "payroll export", "a", "ab", "abc", "aab", "abab", "ba",
		`C:\Windows\System32\cmd.exe`, `C:\Users\*\x`, `\\srv\share`, `\`, `\\`, `a\`, `\*`, `\?`, `a\*b`, `a\b`, `a*b`, `a?b`, `a**b`, `***`, `?`, `*`,
		"rm -rf /tmp", "net user /add", "net user -add", "net user –add", "power —enc ―x", "-", "/", "-a -b", "/a -b",
		"5", "-5", "5.0", "1e2", "100", "0", "05", "0x1f", "007", "+5", " 5", "5 ", ".5", "5.", "inf", "NaN", "1_000",
		"true", "TRUE", "false", "True", "null", "yes", "no", "on", "1",
		"10.1.2.3", "10.1.2.300", "10.255.0.1", "192.168.1.77", "2001:db8::1", "2001:DB8:0::7", "::ffff:10.1.2.3", "fe80::1%eth0", "10.1.2.3:80", "10.1.2.0/24",
		"straße", "STRASSE", "STRAẞE", "Ωmega", "ωMEGA", "ſad", "SAD", "\u212a9", "k9", "İstanbul", "istanbul", "σς", "ΣΣ", "ǅ", "ǆ", "é", "e\u0301", "日本", "😀x",
		"line one\nline two", "a\nb", "tab\there", "it's", `say "hi"`, "%name%", "{x}", "[a]", "(a|b)", "a.b", "a+b", "^a$", "# no comment", "a: b", "- a", "~", " ", "  a  ",
	}
}

// encodedWords are texts as the encoding modifiers make them, alone and within others.
func encodedWords() []string {
	var words []string
	for _, w := range []string{"cmd.exe", "alice", "net user", "é", "a*b", "-enc x", "日本"} {
		raw := []byte(w)
		wide := inUTF16(w, binary.LittleEndian, false)
		for _, b := range [][]byte{raw, wide, inUTF16(w, binary.BigEndian, false), inUTF16(w, binary.LittleEndian, true)} {
			words = append(words, base64.StdEncoding.EncodeToString(b))
			for _, front := range []string{"x", "xy", "xyz"} {
				within := append(append([]byte(front), b...), "tail"...)
				words = append(words, base64.StdEncoding.EncodeToString(within))
			}
		}
		words = append(words, string(wide), "<"+string(wide)+">", string(inUTF16(w, binary.BigEndian, false)))
	}
	return words
}

func inUTF16(s string, order binary.AppendByteOrder, mark bool) []byte {
	var b []byte
	if mark {
		b = order.AppendUint16(b, 0xfeff)
	}
	for _, unit := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, unit)
	}
	return b
}

func times() []string {
	return []string{
		"2024-02-29T23:59:58Z", "2024-12-30T00:00:00Z", "2023-01-01T12:00:00Z", "2020-12-31T07:05:00Z", "2024-03-05T14:07:09.123Z", "2024-03-05T14:07:09+05:00",
		"2024-03-05T23:30:00-03:00", "2024-03-05 14:07:09", "2024-03-05T14:07:09", "2024-03-05", "2024-03-05T14:07Z", "14:07:09", "not a time",
	}
}

// numbers as JSON and YAML both write them. The first is for rules only: rsigma
// skips an event that holds it.
func numbers() []string {
	return []string{
		"1e400", "0", "1", "5", "-5", "5.0", "5.5", "100", "1e2", "-0", "0.1", "0.30000000000000004", "9007199254740993", "9007199254740992", "18446744073709551615",
		"-9223372036854775808", "443", "1709647629", "1709647629123", "1000000000000000000000",
	}
}

func networks() []string {
	return []string{"10.0.0.0/8", "10.1.2.0/24", "10.1.2.3/32", "192.168.0.0/16", "0.0.0.0/0", "2001:db8::/32", "::/0", "fe80::/10", "::ffff:10.1.2.0/120", "10.1.2.3/8", "10.1.2.3"}
}

// expressions are within what the specification supports, but for the last ones.
func expressions() []string {
	return []string{
		"a", "^a", "b$", "^alice$", "[ab]+", "[^a]", "a.b", "^.*$", "a{2,3}", "(cmd|net)", `\.exe`, `\\`, "ALICE", "l.ne", "^line", "one$", "two$", "e.l", "^$", ".", "a*", "ß", "k9", "-5", "true", "^5$",
		`\d+`, `\bexe\b`, `\w+ \w+`, "(?i)alice", "(?:ab)+", "a+?b", `\x41`, `\p{Lu}`, "(?=a)b", `(a)\1`, "a{,2}", "[[:alpha:]]+", `\Aa`, `b\z`, "(", "é",
	}
}
