package source

import (
	"math"
	"strconv"

	"github.com/watchglass/watchglass/schema"
)

// validNumber says whether b is a number by the grammar of RFC 8259.
func validNumber(b []byte) bool {
	i := 0
	digits := func() bool {
		start := i
		for i < len(b) && b[i] >= '0' && b[i] <= '9' {
			i++
		}
		return i > start
	}
	if i < len(b) && b[i] == '-' {
		i++
	}
	if i < len(b) && b[i] == '0' {
		i++
	} else if !digits() {
		return false
	}
	if i < len(b) && b[i] == '.' {
		i++
		if !digits() {
			return false
		}
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if !digits() {
			return false
		}
	}
	return i == len(b)
}

// plainUint reads a number of up to 19 digits without sign, fraction or
// exponent: what nearly every number is.
func plainUint(b []byte) (uint64, bool) {
	if len(b) == 0 || len(b) > 19 || (b[0] == '0' && len(b) > 1) {
		return 0, false
	}
	var n uint64
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return n, true
}

// float reads any number; it refuses what RFC 8259 does not know and what
// does not fit a float64.
func float(b []byte) (float64, schema.Reason) {
	if !validNumber(b) {
		return 0, schema.ReasonMalformed
	}
	f, err := strconv.ParseFloat(string(b), 64)
	if err != nil {
		return 0, schema.ReasonRange
	}
	return f, ""
}

// exact is the largest whole number up to which every float64 is exact.
const exact = 1 << 53

// uintNumber reads a whole number from 0 to 2^64-1. `1e3` and `5.0` are whole.
func uintNumber(b []byte) (uint64, schema.Reason) {
	if n, ok := plainUint(b); ok {
		return n, ""
	}
	f, reason := float(b)
	if reason != "" {
		return 0, reason
	}
	if n, err := strconv.ParseUint(string(b), 10, 64); err == nil {
		return n, ""
	}
	if f < 0 || f > exact || f != math.Trunc(f) {
		return 0, schema.ReasonRange
	}
	return uint64(f), ""
}
