package enrich

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/oschwald/maxminddb-golang/v2"
)

// geo is the operator's geo databases, in the order of the configuration.
type geo struct{ bases []geoBase }

// geoBase is one MMDB, held in memory, and where its records keep what we need.
type geoBase struct {
	reader  *maxminddb.Reader
	country []any // path, nil when the database has no countries
	asn     []any // path, nil when it has no autonomous systems
	asnText bool  // they are texts such as "AS64500"
}

// probeRecords is how many records are looked at to learn a database's shape.
const probeRecords = 5_000

func readMMDB(name string, data []byte) (geoBase, error) {
	reader, err := maxminddb.OpenBytes(data)
	if err != nil {
		return geoBase{}, faultAt(name, 0, 0, "not a readable MMDB: %s", err)
	}
	b := geoBase{reader: reader}
	left := probeRecords
	for record := range reader.Networks(maxminddb.SkipEmptyValues()) {
		b.learn(record)
		if left--; left == 0 || b.country != nil && b.asn != nil {
			break
		}
	}
	if b.country == nil && b.asn == nil {
		return b, faultAt(name, 0, 0, "the MMDB (%s) has none of country.iso_code, country_code, autonomous_system_number, asn in its records", reader.Metadata.DatabaseType)
	}
	return b, nil
}

// learn takes from one record which members it has.
func (b *geoBase) learn(record maxminddb.Result) {
	if b.country == nil {
		for _, path := range [][]any{{"country", "iso_code"}, {"country_code"}} {
			var s string
			if record.DecodePath(&s, path...) == nil && s != "" {
				b.country = path
				break
			}
		}
	}
	if b.asn != nil {
		return
	}
	for _, path := range [][]any{{"autonomous_system_number"}, {"asn"}} {
		var n uint32
		var s string
		switch {
		case record.DecodePath(&n, path...) == nil && n != 0:
			b.asn = path
			return
		case record.DecodePath(&s, path...) == nil && parseASN(s) != 0:
			b.asn, b.asnText = path, true
			return
		}
	}
}

// lookup gives what the databases know: the first that knows a value gives
// it. A record that cannot be read counts as not known, which fails closed.
func (g *geo) lookup(ip netip.Addr) (country string, asn uint32) {
	for i := range g.bases {
		b := &g.bases[i]
		record := b.reader.Lookup(ip)
		if !record.Found() {
			continue
		}
		if country == "" && b.country != nil {
			var s string
			if record.DecodePath(&s, b.country...) == nil && code2(s) != 0 {
				country = s
			}
		}
		if asn == 0 && b.asn != nil {
			asn = b.readASN(record)
		}
	}
	return country, asn
}

func (b *geoBase) readASN(record maxminddb.Result) uint32 {
	if b.asnText {
		var s string
		_ = record.DecodePath(&s, b.asn...)
		return parseASN(s)
	}
	var n uint32
	_ = record.DecodePath(&n, b.asn...)
	return n
}

// parseASN reads "AS64500" or "64500"; 0 for anything else.
func parseASN(s string) uint32 {
	n, err := strconv.ParseUint(strings.TrimPrefix(s, "AS"), 10, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}
