package generate

import (
	"strconv"
	"time"
)

// tableSize is how finely the shares of lines are cut.
const tableSize = 8192

// shares fills a table in which each line has entries in proportion to how
// busy it is in an hour (since the epoch, UTC). Every line has one at least.
func shares(lines []line, hour int64, table []uint16) []uint16 {
	weights, sum := make([]int, len(lines)), 0
	for i := range lines {
		weights[i] = lines[i].weight * busy(lines[i].site, hour)
		sum += weights[i]
	}
	table = table[:0]
	for i, w := range weights {
		for range max(1, tableSize*w/max(1, sum)) {
			table = append(table, uint16(i)) //nolint:gosec // about a hundred lines
		}
	}
	return table
}

func busy(s site, hour int64) int {
	if s.cloud {
		return 60
	}
	local := time.Unix((hour+int64(s.utc))*3600, 0).UTC()
	return activity(local.Hour(), local.Weekday() == time.Saturday || local.Weekday() == time.Sunday)
}

// clock writes times of day; the minute it wrote last is remembered.
type clock struct {
	minute int64
	text   [17]byte // 2026-11-23T20:14:
}

// append writes epoch milliseconds as RFC 3339 with milliseconds, UTC.
func (c *clock) append(b []byte, at int64) []byte {
	if minute := at / 60_000; minute != c.minute {
		c.minute = minute
		time.UnixMilli(at).UTC().AppendFormat(c.text[:0], "2006-01-02T15:04:")
	}
	b = append(b, c.text[:]...)
	ms := int(at % 60_000)
	return append(b, digit(ms/10_000), digit(ms/1000%10), '.', digit(ms/100%10), digit(ms/10%10), digit(ms%10), 'Z')
}

func digit(n int) byte { return byte('0' + n) } //nolint:gosec // one decimal digit

// appendID writes a 64-bit number as 13 characters of Crockford's base 32.
func appendID(b []byte, n uint64) []byte {
	const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	for shift := 60; shift >= 0; shift -= 5 {
		b = append(b, alphabet[n>>uint(shift)&31])
	}
	return b
}

// appendOrigin writes where it comes from: mostly the site itself, sometimes
// through the edge proxies or, from a registered home, through the new VPN.
func (l *line) appendOrigin(b []byte, r *random) []byte {
	b = append(b, `"ip":"`...)
	way := r.below(100)
	switch {
	case l.job.blind:
		b = appendHost(append(b, vpnBlind...), r, 1)
	case l.person && way < 6 && l.site.home != "":
		b = appendHost(append(b, vpnForwarding...), r, 1)
		b = append(b, `","forwarded":["`...)
		b = appendHost(append(b, l.site.home...), r, 1)
		return append(b, `"],`...)
	case l.person && way < 14:
		b = appendHost(append(b, "10.0.10."...), r, 1)
		b = append(b, `","forwarded":["`...)
		b = appendHost(append(b, l.site.prefix...), r, 2)
		return append(b, `"],`...)
	default:
		b = appendHost(append(b, l.site.prefix...), r, 2)
	}
	return append(b, `",`...)
}

// appendHost writes the last one or two numbers of an address.
func appendHost(b []byte, r *random, numbers int) []byte {
	if numbers == 2 {
		b = strconv.AppendInt(b, int64(r.below(32)), 10)
		b = append(b, '.')
	}
	return strconv.AppendInt(b, int64(r.between(2, 250)), 10)
}

// appendSubject writes whom it is about, and returns the first id. The id is
// valid as long as b.
func (l *line) appendSubject(b []byte, r *random) (out, first []byte) {
	if l.job.count > 0 {
		b = append(b, `,"subject":{"count":`...)
		b = strconv.AppendInt(b, int64(r.between(50, l.job.count)), 10)
		return append(b, '}'), nil
	}
	if l.job.subjects[1] == 0 {
		return b, nil
	}
	n := r.between(l.job.subjects[0], l.job.subjects[1])
	b = append(b, `,"subject":{"ids":["`...)
	from := len(b)
	end := from
	for i := range n {
		if i > 0 {
			b = append(b, `","`...)
		}
		if l.subs != nil {
			b = append(b, l.subs[r.below(len(l.subs))]...)
		} else {
			b = append(b, "u-"...)
			b = strconv.AppendInt(b, int64(r.pickUser(l.home)), 10)
		}
		if i == 0 {
			end = len(b)
		}
	}
	b = append(b, `"],"count":`...)
	b = strconv.AppendInt(b, int64(n), 10)
	b = append(b, '}')
	return b, b[from:end]
}

func (l *line) appendAmount(b []byte, r *random) []byte {
	rows := r.between(1, max(1, l.job.rows))
	b = append(b, `,"rows":`...)
	b = strconv.AppendInt(b, int64(rows), 10)
	b = append(b, `,"bytes":`...)
	return strconv.AppendInt(b, int64(rows*r.between(80, 900)), 10)
}

func (l *line) appendPurpose(b []byte, r *random) []byte {
	if len(l.purposes) == 0 {
		return b
	}
	b = append(b, l.purposes[r.below(len(l.purposes))]...)
	if l.job.ticket != "" {
		b = strconv.AppendInt(b, int64(r.between(1000, 99_999)), 10)
		b = append(b, '"')
	}
	return append(b, '}')
}
