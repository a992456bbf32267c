package source

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/valyala/fastjson"

	"github.com/watchglass/watchglass/schema"
)

// rank decides between members that come to the same attribute key: the lower
// one is kept.
type rank uint8

const (
	explicit rank = iota // a member of `attributes`
	topLevel             // `{"accessor.team": …}`
	nested               // `{"accessor": {"team": …}}`
)

type attribute struct {
	schema.Attribute
	rank rank
	null bool // met, but not kept
}

// attributes collects what the contract does not name, for one record.
type attributes struct {
	met  []attribute
	kept int // of met, those that are not null
	keys interner
	path []byte
}

func (a *attributes) reset() {
	clear(a.met)
	a.met, a.kept = a.met[:0], 0
	if cap(a.met) > 4*schema.MaxAttributes {
		a.met = nil
	}
}

// add takes one member. Strings are kept as they are, everything else as its
// JSON text.
func (a *attributes) add(r *reader, in string, key []byte, v *fastjson.Value, rank rank) {
	if r.err != nil {
		return
	}
	a.path = a.path[:0]
	if in != "" {
		a.path = append(append(a.path, in...), '.')
	}
	a.path = append(a.path, key...)
	const where = "attributes"
	if len(a.path) > schema.MaxIDBytes {
		r.fail(schema.ReasonTooLong, where, fmt.Sprintf("a key is over %d bytes", schema.MaxIDBytes))
		return
	}
	one := attribute{Attribute: schema.Attribute{Key: a.keys.get(a.path, &r.chunk)}, rank: rank}
	switch v.Type() {
	case fastjson.TypeNull:
		one.null = true
	case fastjson.TypeString:
		one.Value = r.text(where, v, schema.MaxReasonBytes)
	default:
		r.scratch = v.MarshalTo(r.scratch[:0]) // before check: it spoils the text
		if len(r.scratch) > schema.MaxReasonBytes {
			r.fail(schema.ReasonTooLong, where, fmt.Sprintf("a value is over %d bytes", schema.MaxReasonBytes))
			return
		}
		one.Value = r.chunk.copy(r.scratch)
		r.check(where, v)
	}
	if !one.null {
		a.kept++
	}
	if a.kept > schema.MaxAttributes {
		r.fail(schema.ReasonTooLong, where, fmt.Sprintf("more than %d", schema.MaxAttributes))
		return
	}
	a.met = append(a.met, one)
}

// finish appends what was collected to dst, by ascending unique key. Two
// members of one object with one name are a fault.
func (a *attributes) finish(r *reader, dst schema.AttributeMap) schema.AttributeMap {
	if len(a.met) == 0 || r.err != nil {
		return dst
	}
	slices.SortFunc(a.met, func(x, y attribute) int {
		return cmp.Or(cmp.Compare(x.Key, y.Key), cmp.Compare(x.rank, y.rank))
	})
	for i, one := range a.met {
		if i > 0 && a.met[i-1].Key == one.Key && a.met[i-1].rank == one.rank {
			r.fail(schema.ReasonDuplicate, "attributes", "a member that the contract does not name is there twice")
			return dst
		}
		if one.null || (len(dst) > 0 && dst[len(dst)-1].Key == one.Key) {
			continue
		}
		dst = append(dst, one.Attribute)
	}
	return dst
}
