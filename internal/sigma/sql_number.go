package sigma

import (
	"math"
	"sort"
	"strconv"
	"strings"
)

// sqlNumber compares a column of whole numbers.
func sqlNumber(p *predicate, c sqlColumn) (string, error) {
	switch p.test {
	case testNumber, testLess, testLessEqual, testGreater, testGreaterEqual:
		return sqlBounds(p.test, p.num, c.name), nil
	case testFlag, testCIDR:
		return sqlFalse, nil
	case testText, testEmpty:
		if !takesDigits(&p.pattern) {
			return sqlFalse, nil
		}
	}
	return sqlText(p, c.text())
}

// takesDigits reports that a pattern can match a text of digits.
func takesDigits(p *pattern) bool {
	for _, r := range p.runes {
		if r >= 0 && (r < '0' || r > '9') {
			return false
		}
	}
	return strings.Trim(p.literal, "0123456789") == ""
}

// sqlBounds compares with a number of any form as number.compare does: it is
// asked for the first whole number that is not below, and the first above.
func sqlBounds(t test, num number, column string) string {
	notBelow, isNotBelow := firstWhole(func(n uint64) bool { return wholeNumber(n).compare(num) >= 0 })
	above, isAbove := firstWhole(func(n uint64) bool { return wholeNumber(n).compare(num) > 0 })
	from := func(n uint64, there bool) string { // column >= n
		switch {
		case !there:
			return sqlFalse
		case n == 0:
			return sqlTrue
		}
		return column + " >= " + strconv.FormatUint(n, 10)
	}
	below := func(n uint64, there bool) string { // column < n
		switch {
		case !there:
			return sqlTrue
		case n == 0:
			return sqlFalse
		}
		return column + " < " + strconv.FormatUint(n, 10)
	}
	switch t {
	case testLess:
		return below(notBelow, isNotBelow)
	case testLessEqual:
		return below(above, isAbove)
	case testGreater:
		return from(above, isAbove)
	case testGreaterEqual:
		return from(notBelow, isNotBelow)
	}
	switch {
	case !isNotBelow || isAbove && above == notBelow:
		return sqlFalse
	case isAbove && above == notBelow+1 || !isAbove && notBelow == math.MaxUint64:
		return column + " = " + strconv.FormatUint(notBelow, 10)
	}
	return sqlAnd(from(notBelow, isNotBelow), below(above, isAbove))
}

// firstWhole finds the first number for which yes holds; it holds for all behind it.
func firstWhole(yes func(uint64) bool) (first uint64, there bool) {
	if !yes(math.MaxUint64) {
		return 0, false
	}
	high := sort.Search(math.MaxUint32, func(h int) bool { return yes(uint64(h)<<32 | math.MaxUint32) })
	low := sort.Search(math.MaxUint32, func(l int) bool { return yes(uint64(high)<<32 | uint64(l)) })
	return uint64(high)<<32 | uint64(low), true
}

// sqlTextNumber is predicate.orders for a text. Whole numbers of 64 bits are
// compared as such. Others are read by the reader of JSON, whose notation
// parseNumber's is, since only that one is exact whatever the settings are; it
// takes no whole number over 64 bits without an exponent, and none that is
// infinite as a float64.
func sqlTextNumber(p *predicate, text string) string {
	isNumber := sqlMatch(text, `\A-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?\z`)
	float := "ifNull(JSONExtract(concat(" + text + ", if(match(" + text + ", '[.eE]'), '', 'e0')), 'Nullable(Float64)'), if(startsWith(" + text + ", '-'), -inf, inf))"
	order := map[test]string{testLess: " < ", testLessEqual: " <= ", testGreater: " > ", testGreaterEqual: " >= "}[p.test]
	approx := sqlAnd(isNumber, float+order+sqlFloat(p.num.approx))
	if !p.num.whole {
		return approx
	}
	whole := "toInt128OrZero(" + text + ")"
	exact := strconv.FormatUint(p.num.magnitude, 10)
	if p.num.negative {
		exact = "-" + exact
	}
	isWhole := sqlAnd(sqlMatch(text, `\A-?(?:0|[1-9][0-9]{0,19})\z`), "abs("+whole+") <= 18446744073709551615")
	return "if(" + isWhole + ", " + whole + order + "toInt128('" + exact + "'), " + approx + ")"
}

// sqlFloat writes a float64 so that it is read back as the same.
func sqlFloat(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	return "reinterpretAsFloat64(toUInt64(" + strconv.FormatUint(math.Float64bits(f), 10) + "))"
}
