package sigma

import (
	"fmt"
	"strings"
	"time"
)

// sqlValue makes the column v of lists of texts: the combinations that value_count
// counts, the number that others measure.
func (c *Correlation) sqlValue(texts []string) string {
	switch {
	case c.Type == "value_count":
		keys := "['']"
		for _, list := range texts {
			keys = fmt.Sprintf("arrayFlatten(arrayMap(a -> arrayMap(b -> concat(a, '\\0', b), arrayFilter(x -> x != '', %s)), %s))", list, keys)
		}
		return keys
	case c.measures():
		// The numbers of JSON, see parseNumber.
		number := fmt.Sprintf(`arrayFilter(x -> match(x, '\\A-?(?:0|[1-9][0-9]*)(?:\\.[0-9]+)?(?:[eE][-+]?[0-9]+)?\\z'), %s)`, texts[0])
		return fmt.Sprintf("if(empty(%[1]s), NULL, toInt256OrNull(%[1]s[1]))", number)
	}
	return "toUInt8(0)"
}

// inOrder is the order of sightings, comings before leavings.
const inOrder = "t, d DESC, topic, part, place"

// sqlSlide counts or measures what is in the window that ends with each sighting.
func (c *Correlation) sqlSlide(source, columns string, from time.Time) string {
	edges := fmt.Sprintf("arrayJoin([(at, toInt8(1)), (at + %d, toInt8(-1))]) AS edge, edge.1 AS t, edge.2 AS d", c.Timespan.Milliseconds())
	holds := sqlAnd(fmt.Sprintf("d = 1 AND at >= %d", from.UnixMilli()), c.sqlHolds())
	running := func(source, measure string) string {
		return fmt.Sprintf("SELECT *, %s FROM (SELECT *, %s FROM (%s)) WINDOW w AS (PARTITION BY groups ORDER BY %s ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)", measure, edges, source, inOrder)
	}
	var text string
	switch c.Type {
	case "event_count":
		text = running(source, "sum(d) OVER w AS n")
	case "temporal":
		text = running(source, c.sqlMarks())
	case "value_sum":
		text = running(source, "sum(v * d) OVER w AS n")
	case "value_avg":
		text = running(source, "sum(v * d) OVER w AS n, sum(if(isNull(v), 0, d)) OVER w AS of")
	case "value_count":
		return c.sqlDistinct(source, edges, columns, holds)
	default:
		return c.sqlQuantile(running(source, "sum(d = -1) OVER w AS gone"), columns, holds)
	}
	return fmt.Sprintf("SELECT %s FROM (%s) WHERE %s", columns, text, holds)
}

// sqlDistinct counts values: one comes when the first sighting that has it does, and
// leaves with the last.
func (c *Correlation) sqlDistinct(source, edges, columns, holds string) string {
	each := fmt.Sprintf("SELECT *, %s FROM (SELECT *, arrayJoin(if(empty(v), [''], v)) AS value FROM (%s))", edges, source)
	counted := fmt.Sprintf("SELECT *, sum(d) OVER (PARTITION BY groups, value ORDER BY %s ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS held FROM (%s)", inOrder, each)
	changes := "multiIf(value = '', 0, d = 1 AND held = 1, 1, d = -1 AND held = 0, -1, 0)"
	// The frame takes in all values of a sighting: they have one place in the order.
	return fmt.Sprintf("SELECT DISTINCT %s FROM (SELECT *, sum(%s) OVER (PARTITION BY groups ORDER BY %s) AS n FROM (%s)) WHERE %s", columns, changes, inOrder, counted, holds)
}

// sqlQuantile looks at the numbers in each window: all of a group's, less those that
// are gone.
func (c *Correlation) sqlQuantile(running, columns, holds string) string {
	names := strings.Split(columns, ", ")[1:] // all but groups
	var picked []string
	for i, name := range names {
		picked = append(picked, fmt.Sprintf("x.%d AS %s", i+4, name))
	}
	rows := fmt.Sprintf("SELECT groups, arraySort(groupArray(((t, topic, part, place), gone, toFloat64(v), %s))) AS all, arrayMap(x -> x.3, all) AS numbers FROM (%s) WHERE d = 1 GROUP BY groups",
		strings.Join(names, ", "), running)
	measured := fmt.Sprintf("SELECT groups, arrayJoin(arrayZip(all, arrayMap((x, i) -> arrayReduce('quantileExactInclusiveOrNull(%s)', arraySlice(numbers, x.2 + 1, i - x.2)), all, arrayEnumerate(all)))) AS pair, pair.1 AS x, pair.2 AS n, toInt8(1) AS d, %s FROM (%s)",
		c.sqlLevel(), strings.Join(picked, ", "), rows)
	return fmt.Sprintf("SELECT %s FROM (%s) WHERE %s", columns, measured, holds)
}

// sqlMarks is the columns s0, s1 …: how often each rule was seen, and n: how many were.
func (c *Correlation) sqlMarks() string {
	var marks, sum []string
	for i := range c.Rules {
		marks = append(marks, fmt.Sprintf("sum(d * m%[1]d) OVER w AS s%[1]d", i))
		sum = append(sum, fmt.Sprintf("(s%d > 0)", i))
	}
	return strings.Join(marks, ", ") + ", " + strings.Join(sum, " + ") + " AS n"
}

func (c *Correlation) sqlLevel() string {
	if c.Type == "value_median" {
		return "0.5"
	}
	return fmt.Sprint(c.Percentile / 100)
}

// sqlHolds is the condition over what sqlMeasure gives.
func (c *Correlation) sqlHolds() string {
	if c.wanted != nil {
		return c.sqlWanted(c.wanted)
	}
	if len(c.Bounds) == 0 {
		return fmt.Sprintf("n = %d", len(c.Rules))
	}
	var terms []string
	for _, b := range c.Bounds {
		terms = append(terms, c.sqlBound(b))
	}
	return sqlAnd(terms...)
}

func (c *Correlation) sqlBound(b Bound) string {
	op := map[string]string{"gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "eq": "=", "neq": "!="}[b.Op]
	switch c.Type {
	case "value_avg":
		return fmt.Sprintf("of > 0 AND toFloat64(n) / of %s %s", op, b.Text)
	case "value_percentile", "value_median":
		return fmt.Sprintf("isNotNull(n) AND n %s %s", op, b.Text)
	case "value_sum":
		if !b.value.IsInt() {
			return fmt.Sprintf("toFloat64(ifNull(n, 0)) %s %s", op, b.Text)
		}
		return fmt.Sprintf("ifNull(n, 0) %s toInt256('%s')", op, b.value.Num())
	}
	return fmt.Sprintf("n %s %s", op, b.value.Num())
}

func (c *Correlation) sqlWanted(e *expression) string {
	if e.search != nil {
		for i, r := range c.Rules {
			if r == e.search.rule {
				return fmt.Sprintf("s%d > 0", i)
			}
		}
	}
	var terms []string
	for _, kid := range e.kids {
		terms = append(terms, c.sqlWanted(kid))
	}
	switch e.op {
	case opAnd:
		return sqlAnd(terms...)
	case opOr:
		return sqlOr(terms...)
	}
	for i := range terms {
		terms[i] = "toUInt8(" + terms[i] + ")"
	}
	return fmt.Sprintf("%s >= %d", strings.Join(terms, " + "), e.need)
}

// sqlInOrder finds chains: b0 is the time of a sighting of the first rule; of the k-th,
// the latest time at which a chain of the rules before it began.
func (c *Correlation) sqlInOrder(source, columns string, from time.Time) string {
	text := "SELECT *, if(m0, at, 0) AS b0 FROM (" + source + ")"
	last := len(c.Rules) - 1
	for k := 1; k <= last; k++ {
		before := fmt.Sprintf("max(b%d) OVER (PARTITION BY groups ORDER BY at, topic, part, place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)", k-1)
		text = fmt.Sprintf("SELECT *, if(m%[1]d, %[2]s, 0) AS b%[1]d FROM (%[3]s)", k, before, text)
	}
	return fmt.Sprintf("SELECT %[1]s FROM (%[2]s) WHERE m%[3]d AND b%[3]d > 0 AND at - b%[3]d <= %[4]d AND at >= %[5]d",
		columns, text, last, c.Timespan.Milliseconds(), from.UnixMilli())
}

// sqlAbsence judges whole windows: those in which the group was seen, and the one after.
func (c *Correlation) sqlAbsence(source string, from, to time.Time) string {
	measure := map[string]string{
		"event_count": "countIf(later = 0)", "value_count": "uniqExactArrayIf(v, later = 0)", "value_sum": "sumIf(v, later = 0)",
	}[c.Type]
	span := c.Timespan.Milliseconds()
	return fmt.Sprintf("SELECT groups, (w + 1) * %[1]d AS at, last.2 AS topic, last.3 AS part, last.4 AS place FROM ("+
		"SELECT groups, intDiv(at, %[1]d) + later AS w, %[2]s AS n, max((at, topic, part, place)) AS last FROM ("+
		"SELECT *, arrayJoin([toInt64(0), toInt64(1)]) AS later FROM (%[3]s)) GROUP BY groups, w) WHERE %[4]s",
		span, measure, source, sqlAnd(c.sqlHolds(), fmt.Sprintf("(w + 1) * %d > %d AND (w + 1) * %d <= %d", span, from.UnixMilli(), span, to.UnixMilli())))
}
