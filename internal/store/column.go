package store

import (
	"net/netip"
	"strings"
	"time"

	"github.com/ClickHouse/ch-go/proto"
)

// text is a String column.
type text struct{ proto.ColStr }

func (c *text) add(s string) int {
	c.ColStr.Append(s)
	return len(s) + 16
}

// addAddr appends an address as its canonical text, "" for the zero address.
func (c *text) addAddr(a netip.Addr) int {
	start := len(c.Buf)
	if a.IsValid() {
		c.Buf = a.AppendTo(c.Buf)
	}
	c.Pos = append(c.Pos, proto.Position{Start: start, End: len(c.Buf)})
	return len(c.Buf) - start + 16
}

// coded is a LowCardinality(String) column: a dictionary and one key a row. A
// value is hashed once per row, and not at all when it repeats the row before.
type coded struct {
	raw  proto.ColLowCardinalityRaw
	dict proto.ColStr
	ids  map[string]uint32
	keys []uint32
	last string
	same uint32
}

func newCoded() *coded {
	c := &coded{ids: make(map[string]uint32)}
	c.raw.Index = &c.dict
	return c
}

func (c *coded) add(s string) int {
	if len(c.keys) > 0 && s == c.last {
		c.keys = append(c.keys, c.same)
		return 8
	}
	id, ok := c.ids[s]
	size := 8 // a key here and another once prepared
	if !ok {
		s = strings.Clone(s)
		id = uint32(len(c.ids))
		c.ids[s] = id
		c.dict.Append(s)
		size += 2*len(s) + 64
	}
	c.last, c.same = s, id
	c.keys = append(c.keys, id)
	return size
}

// Prepare picks the narrowest keys. ch-go calls it before encoding.
func (c *coded) Prepare() error {
	c.raw.Keys8, c.raw.Keys16, c.raw.Keys32 = c.raw.Keys8[:0], c.raw.Keys16[:0], c.raw.Keys32[:0]
	switch n := len(c.ids); {
	case n <= 1<<8:
		c.raw.Key = proto.KeyUInt8
		c.raw.Keys8 = narrow(c.raw.Keys8, c.keys)
	case n <= 1<<16:
		c.raw.Key = proto.KeyUInt16
		c.raw.Keys16 = narrow(c.raw.Keys16, c.keys)
	default:
		c.raw.Key = proto.KeyUInt32
		c.raw.Keys32 = append(c.raw.Keys32, c.keys...)
	}
	return nil
}

func narrow[K ~uint8 | ~uint16](to []K, keys []uint32) []K {
	for _, k := range keys {
		to = append(to, K(k))
	}
	return to
}

func (c *coded) Type() proto.ColumnType       { return c.raw.Type() }
func (c *coded) Rows() int                    { return len(c.keys) }
func (c *coded) EncodeState(b *proto.Buffer)  { c.raw.EncodeState(b) }
func (c *coded) EncodeColumn(b *proto.Buffer) { c.raw.EncodeColumn(b) }
func (c *coded) WriteColumn(w *proto.Writer)  { c.raw.WriteColumn(w) }
func (c *coded) Reset() {
	clear(c.ids)
	c.dict.Reset()
	c.keys = c.keys[:0]
	c.last = ""
}

// element is a column that lists are made of.
type element interface {
	proto.ColInput
	proto.Resettable
	add(string) int
}

// list is Array(T) of strings, coded or not.
type list struct {
	ends proto.ColUInt64
	data element
}

func (c *list) add(values []string) int {
	size := 8
	for _, v := range values {
		size += c.data.add(v)
	}
	c.ends = append(c.ends, uint64(c.data.Rows()))
	return size
}

func (c *list) Prepare() error {
	if p, ok := c.data.(proto.Preparable); ok {
		return p.Prepare()
	}
	return nil
}

func (c *list) EncodeState(b *proto.Buffer) {
	if s, ok := c.data.(proto.StateEncoder); ok {
		s.EncodeState(b)
	}
}

func (c *list) Type() proto.ColumnType { return proto.ColumnTypeArray.Sub(c.data.Type()) }
func (c *list) Rows() int              { return len(c.ends) }
func (c *list) EncodeColumn(b *proto.Buffer) {
	c.ends.EncodeColumn(b)
	c.data.EncodeColumn(b)
}

func (c *list) WriteColumn(w *proto.Writer) {
	c.ends.WriteColumn(w)
	c.data.WriteColumn(w)
}

func (c *list) Reset() {
	c.ends.Reset()
	c.data.Reset()
}

// pairs is Map(LowCardinality(String), String).
type pairs struct {
	ends   proto.ColUInt64
	keys   *coded
	values text
}

// add appends one pair to the row that end closes.
func (c *pairs) add(key, value string) int { return c.keys.add(key) + c.values.add(value) }

func (c *pairs) end() int {
	c.ends = append(c.ends, uint64(c.keys.Rows()))
	return 8
}

func (c *pairs) Prepare() error              { return c.keys.Prepare() }
func (c *pairs) EncodeState(b *proto.Buffer) { c.keys.EncodeState(b) }
func (c *pairs) Type() proto.ColumnType {
	return proto.ColumnTypeMap.Sub(c.keys.Type(), c.values.Type())
}
func (c *pairs) Rows() int { return len(c.ends) }
func (c *pairs) EncodeColumn(b *proto.Buffer) {
	c.ends.EncodeColumn(b)
	c.keys.EncodeColumn(b)
	c.values.EncodeColumn(b)
}

func (c *pairs) WriteColumn(w *proto.Writer) {
	c.ends.WriteColumn(w)
	c.keys.WriteColumn(w)
	c.values.WriteColumn(w)
}

func (c *pairs) Reset() {
	c.ends.Reset()
	c.keys.Reset()
	c.values.Reset()
}

// number is UInt64.
type number struct{ proto.ColUInt64 }

func (c *number) add(v uint64) int {
	c.ColUInt64 = append(c.ColUInt64, v)
	return 8
}

// flag is Bool.
type flag struct{ proto.ColBool }

func (c *flag) add(v bool) int {
	c.ColBool = append(c.ColBool, v)
	return 1
}

// instant is DateTime64(3, 'UTC'). The zero time is the epoch; what is outside
// of the years 1900 to 2299, which the type can hold, is cut to them.
type instant struct{ proto.ColDateTime64 }

func newInstant() *instant {
	c := &instant{}
	c.ColDateTime64.WithPrecision(proto.PrecisionMilli)
	c.ColDateTime64.WithLocation(time.UTC)
	return c
}

func (c *instant) add(t time.Time) int {
	var ms int64
	if !t.IsZero() {
		ms = min(max(t.UnixMilli(), -2208988800000), 10413791999999)
	}
	c.Data = append(c.Data, proto.DateTime64(ms))
	return 8
}

// set overwrites every row.
func (c *instant) set(t time.Time) {
	ms := proto.DateTime64(t.UnixMilli())
	for i := range c.Data {
		c.Data[i] = ms
	}
}
