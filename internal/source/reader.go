package source

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"time"

	"github.com/valyala/fastjson"

	"github.com/watchglass/watchglass/schema"
)

// reader parses records and reads members. Its error is sticky: after the
// first fault, methods return zero values and the first fault stays.
type reader struct {
	parser  fastjson.Parser
	chunk   chunk
	scratch []byte
	err     *schema.PoisonError
}

// seen is the set of an object's members that were met, by number.
type seen uint32

func (r *reader) fail(reason schema.Reason, path, detail string) {
	if r.err == nil {
		r.err = poison(reason, path+": "+detail)
	}
}

// parse checks and parses a record that must be an object. The result is
// valid until the next call; nil means that err is set.
func (r *reader) parse(value []byte) *fastjson.Object {
	r.err = checkText(value)
	if r.err != nil {
		return nil
	}
	v, err := r.parser.ParseBytes(value)
	if len(value) > largeRecord {
		r.parser = fastjson.Parser{}
	}
	if err != nil {
		r.err = malformed(value)
		return nil
	}
	if v.Type() == fastjson.TypeNull {
		r.err = poison(schema.ReasonEmpty, "the record is null")
		return nil
	}
	return r.object("the record", v)
}

// once notes that a member was met and says whether it is to be read: it is
// not after a fault, when it is null, or when it was met before.
func (r *reader) once(s *seen, number int, path string, v *fastjson.Value) bool {
	if *s&(1<<number) != 0 {
		r.fail(schema.ReasonDuplicate, path, "is there twice")
	}
	*s |= 1 << number
	return r.err == nil && v.Type() != fastjson.TypeNull
}

func (r *reader) object(path string, v *fastjson.Value) *fastjson.Object {
	o, err := v.Object()
	if err != nil {
		r.fail(schema.ReasonType, path, "must be an object")
		return nil
	}
	return o
}

// raw reads a string of at most limit bytes, valid until the next parse.
func (r *reader) raw(path string, v *fastjson.Value, limit int) []byte {
	b, err := v.StringBytes()
	if err != nil {
		r.fail(schema.ReasonType, path, "must be a string")
		return nil
	}
	if len(b) > limit {
		r.fail(schema.ReasonTooLong, path, fmt.Sprintf("is over %d bytes", limit))
		return nil
	}
	return b
}

// text reads a string and keeps a copy.
func (r *reader) text(path string, v *fastjson.Value, limit int) string {
	return r.chunk.copy(r.raw(path, v, limit))
}

// name reads a string of which there are few distinct ones.
func (r *reader) name(path string, v *fastjson.Value, limit int, in *interner) string {
	return in.get(r.raw(path, v, limit), &r.chunk)
}

// oneOf reads a string of a closed set.
func (r *reader) oneOf(path string, v *fastjson.Value, set []string) string {
	b := r.raw(path, v, schema.MaxIDBytes)
	if len(b) == 0 {
		return ""
	}
	for _, s := range set {
		if string(b) == s {
			return s
		}
	}
	r.fail(schema.ReasonValue, path, "is none of the known values")
	return ""
}

// list appends the strings of an array to dst; in may be nil. Nulls are left
// out.
func (r *reader) list(path string, v *fastjson.Value, dst []string, most int, in *interner) []string {
	values, err := v.Array()
	if err != nil {
		r.fail(schema.ReasonType, path, "must be an array of strings")
		return dst
	}
	for _, e := range values {
		if e.Type() == fastjson.TypeNull {
			continue
		}
		if len(dst) == most {
			r.fail(schema.ReasonTooLong, path, fmt.Sprintf("has over %d entries", most))
			return dst
		}
		var s string
		if in != nil {
			s = r.name(path, e, schema.MaxIDBytes, in)
		} else {
			s = r.text(path, e, schema.MaxIDBytes)
		}
		if r.err != nil {
			return dst
		}
		dst = append(dst, s)
	}
	return dst
}

// number reads a whole number from 0 to 2^64-1.
func (r *reader) number(path string, v *fastjson.Value) uint64 {
	if v.Type() != fastjson.TypeNumber {
		r.fail(schema.ReasonType, path, "must be a number")
		return 0
	}
	r.scratch = v.MarshalTo(r.scratch[:0])
	n, reason := uintNumber(r.scratch)
	switch reason {
	case "":
	case schema.ReasonMalformed:
		r.fail(reason, path, "is not a JSON number")
	default:
		r.fail(reason, path, "must be a whole number from 0 to 2^64-1")
	}
	return n
}

func (r *reader) flag(path string, v *fastjson.Value) bool {
	b, err := v.Bool()
	if err != nil {
		r.fail(schema.ReasonType, path, "must be true or false")
	}
	return b
}

// address reads an IP address; the empty string is none.
func (r *reader) address(path string, v *fastjson.Value) netip.Addr {
	s := r.text(path, v, schema.MaxIDBytes)
	if s == "" {
		return netip.Addr{}
	}
	addr, ok := parseAddress(s)
	if !ok {
		r.fail(schema.ReasonAddress, path, "is not an IP address")
	}
	return addr
}

// time reads RFC 3339, or epoch milliseconds.
func (r *reader) time(path string, v *fastjson.Value) time.Time {
	switch v.Type() {
	case fastjson.TypeString:
		b, _ := v.StringBytes()
		if len(b) == 0 {
			return time.Time{}
		}
		t, ok := parseTime(b)
		if !ok {
			r.fail(schema.ReasonTime, path, "is not RFC 3339")
		}
		return t
	case fastjson.TypeNumber:
		r.scratch = v.MarshalTo(r.scratch[:0])
		f, reason := float(r.scratch)
		if reason == schema.ReasonMalformed {
			r.fail(reason, path, "is not a JSON number")
		} else if reason != "" || math.Abs(f) > exact {
			r.fail(schema.ReasonTime, path, "is not a number of milliseconds since 1970")
			return time.Time{}
		}
		return time.UnixMilli(int64(math.Floor(f))).UTC()
	default:
		r.fail(schema.ReasonType, path, "must be a string or a number")
		return time.Time{}
	}
}

// check looks for duplicate members and wrong numbers in a value that is kept
// as text. It unescapes strings in place: marshal the value before.
func (r *reader) check(path string, v *fastjson.Value) {
	switch v.Type() {
	case fastjson.TypeNumber:
		r.scratch = v.MarshalTo(r.scratch[:0])
		switch _, reason := float(r.scratch); reason {
		case "":
		case schema.ReasonMalformed:
			r.fail(reason, path, "holds a number that is not JSON")
		default:
			r.fail(reason, path, "holds a number that does not fit 64 bits")
		}
	case fastjson.TypeArray:
		values, _ := v.Array()
		for _, e := range values {
			r.check(path, e)
		}
	case fastjson.TypeObject:
		o, _ := v.Object()
		keys := make([]string, 0, o.Len())
		o.Visit(func(key []byte, e *fastjson.Value) {
			keys = append(keys, string(key))
			r.check(path, e)
		})
		slices.Sort(keys)
		if len(slices.Compact(keys)) != o.Len() {
			r.fail(schema.ReasonDuplicate, path, "holds a member twice")
		}
	}
}
