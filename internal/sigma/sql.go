package sigma

import (
	"fmt"
	"strings"

	"github.com/watchglass/watchglass/schema"
)

// A rule as a condition of ClickHouse over the columns of access_events: true
// for exactly the rows whose events the matcher matches. The table keeps what
// the matcher saw (docs/tables.md), as decoders let nothing through that it
// could not hold: texts are valid UTF-8, an event without time is a dead letter.

// SQL is the rule's condition. The error names what the table cannot tell.
func (s *Set) SQL(r *Rule) (string, error) {
	text, err := s.sqlNode(&r.condition)
	if err != nil {
		return "", fmt.Errorf("rule %s: %w", r.ID, err)
	}
	return text, nil
}

// sqlNode translates an expression over predicates.
func (s *Set) sqlNode(n *node) (string, error) {
	switch n.op {
	case opPredicate:
		return s.sqlPredicate(&s.predicates[n.pred])
	case opNot, opAnd, opOr, opAtLeast:
	default:
		return "", fmt.Errorf("operator %d has no SQL", n.op)
	}
	rest := n.kids
	var terms []string
	if n.op == opOr {
		terms, rest = s.sqlLists(n.kids)
	}
	for i := range rest {
		term, err := s.sqlNode(&rest[i])
		if err != nil {
			return "", err
		}
		terms = append(terms, term)
	}
	switch n.op {
	case opNot:
		return sqlNot(terms[0]), nil
	case opAnd:
		return sqlAnd(terms...), nil
	case opOr:
		return sqlOr(terms...), nil
	}
	for i, term := range terms {
		terms[i] = "toUInt8(" + term + ")"
	}
	return fmt.Sprintf("(%s) >= %d", strings.Join(terms, " + "), n.need), nil
}

// sqlPredicate translates one comparison with one field.
func (s *Set) sqlPredicate(p *predicate) (string, error) {
	f := &s.fields[p.field]
	if f.path == keywordPath {
		return sqlKeyword(p, f.all)
	}
	c, err := sqlColumnOf(f)
	if err != nil {
		return "", err
	}
	if p.test == testField {
		other, err := sqlColumnOf(&s.fields[p.other])
		if err != nil {
			return "", err
		}
		return sqlSame(c, other, p.cased), nil
	}
	return sqlCompare(p, c)
}

// sqlKeyword looks for a keyword where accessEvent.load does.
func sqlKeyword(p *predicate, all []schema.Field) (string, error) {
	var terms []string
	for i := range all {
		if all[i].Kind == schema.Bool || all[i].Kind == schema.Time {
			continue
		}
		term, err := sqlAny(p, sqlColumn{name: all[i].Column, kind: all[i].Kind})
		if err != nil {
			return "", err
		}
		terms = append(terms, term)
	}
	term, err := sqlAny(p, sqlColumn{name: "mapValues(attributes)", kind: schema.Strings})
	return sqlOr(append(terms, term)...), err
}

// sqlCompare is predicate.holds.
func sqlCompare(p *predicate, c sqlColumn) (string, error) {
	switch p.test {
	case testNull:
		return sqlNot(c.exists()), nil
	case testExists:
		if p.flag {
			return c.exists(), nil
		}
		return sqlNot(c.exists()), nil
	case testEmpty:
		switch c.kind {
		case schema.String, schema.Addr:
			return c.name + " = ''", nil
		case schema.Strings:
			// has(c, '') finds nothing where the column is of LowCardinality.
			return sqlOr("empty("+c.name+")", "hasAny("+c.name+", [''])"), nil
		}
	}
	return sqlAny(p, c)
}

// sqlAny says that one of the column's values satisfies a predicate.
func sqlAny(p *predicate, c sqlColumn) (string, error) {
	if p.part != wholeValue {
		if c.kind != schema.Time {
			return "", fmt.Errorf("%s of %s has no SQL: only the column time is a time", p.part, c.name)
		}
		return sqlBounds(p.test, p.num, sqlPart(p.part, c.name)), nil
	}
	switch c.kind {
	case schema.Bool:
		return sqlFlag(p, c), nil
	case schema.Number:
		return sqlNumber(p, c)
	case schema.Strings:
		if values := sqlEquals(p); values != nil {
			return sqlIn(c, p.cased, values), nil
		}
		test, err := sqlText(p, "x")
		switch {
		case err != nil:
			return "", err
		case test == sqlTrue:
			return c.exists(), nil
		case test == sqlFalse:
			return sqlFalse, nil
		}
		return "arrayExists(x -> " + test + ", " + c.name + ")", nil
	}
	test, err := sqlText(p, c.text())
	if err == nil && c.kind != schema.Time && p.leafHolds(&fieldValue{}, &leaf{}, nil) {
		test = sqlAnd(c.exists(), test) // what is empty is not there
	}
	return test, err
}

// sqlText is predicate.leafHolds for a text.
func sqlText(p *predicate, text string) (string, error) {
	switch p.test {
	case testText, testEmpty, testNumber, testFlag:
		return sqlPattern(&p.pattern, p.cased, text), nil
	case testCIDR:
		return sqlAddress(p.cidr, text), nil
	case testRegexp:
		return sqlRegexp(p.re, text)
	case testLess, testLessEqual, testGreater, testGreaterEqual:
		return sqlTextNumber(p, text), nil
	}
	return "", fmt.Errorf("comparison %d has no SQL", p.test)
}

// sqlPart is timePart.of, of a column in UTC.
func sqlPart(part timePart, column string) string {
	function := map[timePart]string{
		partMinute: "toMinute", partHour: "toHour", partDay: "toDayOfMonth", partWeek: "toISOWeek", partMonth: "toMonth", partYear: "toYear",
	}[part]
	return function + "(" + column + ")"
}

// sqlFlag decides on both flags here, so that nothing but the flag is left.
func sqlFlag(p *predicate, c sqlColumn) string {
	v := &fieldValue{}
	yes := p.leafHolds(v, &leaf{kind: kindBool, flag: true}, nil)
	no := p.leafHolds(v, &leaf{kind: kindBool}, nil)
	switch {
	case yes && no:
		return sqlTrue
	case yes:
		return c.name
	case no:
		return sqlNot(c.name)
	}
	return sqlFalse
}
