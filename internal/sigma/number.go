package sigma

import (
	"cmp"
	"strconv"
)

// number is a decimal number. Whole ones are exact up to 20 digits and are
// compared so; others as float64.
type number struct {
	whole     bool
	negative  bool
	magnitude uint64  // of whole
	approx    float64 // of all
}

func wholeNumber(n uint64) number { return number{whole: true, magnitude: n, approx: float64(n)} }

// parseNumber reads -?(0|[1-9][0-9]*)(.[0-9]+)?([eE][-+]?[0-9]+)?, JSON's and
// YAML's JSON schema's numbers: 00000429, 0x1f, 1_000 and 12:30 are text.
func parseNumber[T ~string | ~[]byte](text T) (number, bool) {
	digits := func(i int) int {
		for i < len(text) && '0' <= text[i] && text[i] <= '9' {
			i++
		}
		return i
	}
	from := 0
	if len(text) > 0 && text[0] == '-' {
		from = 1
	}
	end := digits(from)
	if end == from || end-from > 1 && text[from] == '0' {
		return number{}, false
	}
	n := number{negative: from == 1}
	if end == len(text) {
		magnitude, err := strconv.ParseUint(string(text[from:]), 10, 64)
		if err == nil {
			n.whole, n.magnitude, n.approx = true, magnitude, float64(magnitude)
			n.negative = n.negative && magnitude > 0
			if n.negative {
				n.approx = -n.approx
			}
			return n, true
		}
	}
	i := end
	if i < len(text) && text[i] == '.' {
		if end = digits(i + 1); end == i+1 {
			return number{}, false
		}
		i = end
	}
	if i < len(text) && (text[i] == 'e' || text[i] == 'E') {
		i++
		if i < len(text) && (text[i] == '-' || text[i] == '+') {
			i++
		}
		if end = digits(i); end == i {
			return number{}, false
		}
		i = end
	}
	if i != len(text) {
		return number{}, false
	}
	approx, _ := strconv.ParseFloat(string(text), 64) // out of range gives ±Inf, which orders rightly
	return number{negative: n.negative, approx: approx}, true
}

// compare orders two numbers.
func (n number) compare(other number) int {
	if !n.whole || !other.whole {
		return cmp.Compare(n.approx, other.approx)
	}
	switch {
	case n.negative != other.negative:
		if n.negative {
			return -1
		}
		return 1
	case n.negative:
		return cmp.Compare(other.magnitude, n.magnitude)
	}
	return cmp.Compare(n.magnitude, other.magnitude)
}
