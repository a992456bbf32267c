package sigma

import (
	"net/netip"
	"regexp"
)

// predicate is one comparison with one field. It holds if any leaf satisfies
// it; a predicate never sees another field than its own, except fieldref.
type predicate struct {
	field   int // index of Set.fields
	test    test
	part    timePart // of testNumber and the comparisons: what of a time is compared
	cased   bool     // of testText, testNumber and testField
	pattern pattern
	num     number
	flag    bool
	cidr    netip.Prefix
	re      *regexp.Regexp
	other   int // of testField: index of Set.fields
}

type test uint8

const (
	testText   test = iota // pattern
	testEmpty              // '': pattern, or a typed value that is not there
	testNumber             // num with numbers, pattern with texts
	testFlag               // flag with flags, pattern with texts
	testNull
	testExists // flag
	testCIDR
	testRegexp
	testLess
	testLessEqual
	testGreater
	testGreaterEqual
	testField // equal to a leaf of other
)

// holds evaluates the predicate; other is the value of p.other for testField.
func (p *predicate) holds(v, other *fieldValue) bool {
	switch p.test {
	case testNull:
		return v.null
	case testExists:
		return v.exists == p.flag
	case testEmpty:
		if v.empty {
			return true
		}
	}
	for i := range v.leaves {
		l := &v.leaves[i]
		if l.kind != kindObject && p.leafHolds(v, l, other) {
			return true
		}
	}
	return false
}

func (p *predicate) leafHolds(v *fieldValue, l *leaf, other *fieldValue) bool {
	if p.part != wholeValue {
		t, ok := timeOf(l)
		if !ok {
			return false
		}
		l = &leaf{kind: kindNumber, num: p.part.of(t)}
	}
	switch p.test {
	case testText, testEmpty:
		return p.textHolds(v, l)
	case testNumber:
		if l.kind == kindNumber {
			return l.num.compare(p.num) == 0
		}
		return l.kind == kindText && p.textHolds(v, l)
	case testFlag:
		if l.kind == kindBool {
			return l.flag == p.flag
		}
		return l.kind == kindText && p.textHolds(v, l)
	case testCIDR:
		return p.contains(l)
	case testRegexp:
		return p.re.MatchString(v.textOf(l))
	case testField:
		for i := range other.leaves {
			if p.same(v, l, other, &other.leaves[i]) {
				return true
			}
		}
	case testLess, testLessEqual, testGreater, testGreaterEqual:
		return p.orders(l)
	}
	return false
}

func (p *predicate) textHolds(v *fieldValue, l *leaf) bool {
	if p.cased {
		return p.pattern.match(v.textOf(l))
	}
	return p.pattern.match(v.foldOf(l))
}

// orders compares numbers.
func (p *predicate) orders(l *leaf) bool {
	num, ok := l.number()
	if !ok {
		return false
	}
	switch order := num.compare(p.num); p.test {
	case testLess:
		return order < 0
	case testLessEqual:
		return order <= 0
	case testGreater:
		return order > 0
	default:
		return order >= 0
	}
}

// contains reports that the leaf is an address in the network.
func (p *predicate) contains(l *leaf) bool {
	addr, ok := l.address()
	return ok && p.cidr.Contains(addr)
}

// same compares two leaves: numbers as numbers, everything else as text.
func (p *predicate) same(v *fieldValue, l *leaf, other *fieldValue, o *leaf) bool {
	switch {
	case o.kind == kindObject:
		return false
	case l.kind == kindNumber && o.kind == kindNumber:
		return l.num.compare(o.num) == 0
	case p.cased:
		return v.textOf(l) == other.textOf(o)
	}
	return v.foldOf(l) == other.foldOf(o)
}
