package sigma

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/watchglass/watchglass/schema"
)

// A rule over time as a query of ClickHouse. It finds what Timeline finds in the
// rows that it is told to look at: one row a finding, with the columns
//
//	groups Array(String), at Int64 (milliseconds), topic, part, place
//
// The innermost select gives sightings: the events that the rules of a correlation
// matched (`rules` has their ids), each in its groups, with a mark for each rule.
// Each is there twice: where it comes into the window, d = 1, and where it
// leaves it, a time span later, d = -1. So running sums over both, in the order of
// time, are what is in the window that ends with a sighting.

// Query says which rows a rule over time looks at.
type Query struct {
	Table string // access_events, quoted
	// Where is a condition on rows that do not count yet or no more: those at and above the
	// offsets that are committed; "" for none.
	Where string
	// From and To bound the events that complete a finding (of an absence: the ends
	// of the windows, From excluded). Older ones are read as far as windows reach.
	From, To time.Time
	// Touched is a condition on rows; only groups that one of them is in are looked at.
	// "" for all groups. Chains look at all groups in any case.
	Touched string
	// ByCondition finds the events of rules by their conditions, not by the column rules:
	// those that were stored before a rule was there.
	ByCondition bool
}

// SQLOverTime is the query of a rule over time. The error names what the table
// cannot tell.
func (s *Set) SQLOverTime(r *Rule, q Query) (string, error) {
	b := overTimeSQL{set: s, q: q}
	text, err := b.findings(r, q.From, q.To, nil, true)
	if err != nil {
		return "", fmt.Errorf("rule %s: %w", r.ID, err)
	}
	return text, nil
}

// SQLAlerts is SQLOverTime with one row an alert: the first finding of each group in
// each bucket, which is its column bucket (milliseconds).
func (s *Set) SQLAlerts(r *Rule, q Query) (string, error) {
	text, err := s.SQLOverTime(r, q)
	span := r.Correlation.Timespan.Milliseconds()
	at := "at"
	if r.Correlation.Absence() {
		at = "at - 1" // the end of a window is the begin of the next
	}
	return fmt.Sprintf("SELECT groups, intDiv(%[1]s, %[2]d) * %[2]d AS bucket, min((at, topic, part, place)) AS first FROM (%[3]s) GROUP BY groups, bucket ORDER BY first, groups", at, span, text), err
}

// SQLSightings finds the events that count for some groups of a rule over time, the latest
// of each group first: columns groups, at (milliseconds), topic, part, place. Where
// another rule counts, they are the events that complete it.
func (s *Set) SQLSightings(r *Rule, q Query, groups [][]string, most int) (string, error) {
	b := overTimeSQL{set: s, q: q}
	text, err := b.sightings(r.Correlation, q.From, q.To, nil, false)
	if err != nil {
		return "", fmt.Errorf("rule %s: %w", r.ID, err)
	}
	list := make([]string, len(groups))
	for i, group := range groups {
		list[i] = "CAST([" + sqlQuotes(group) + "] AS Array(String))"
	}
	return fmt.Sprintf("SELECT groups, at, topic, part, place FROM (%s) WHERE groups IN (%s) ORDER BY at DESC, topic, part, place LIMIT %d BY groups",
		text, strings.Join(list, ", "), most), nil
}

// SQLTouched counts the rows that a rule over time has to look at, and tells between
// which times they are: the columns n, least, greatest (milliseconds).
func (s *Set) SQLTouched(r *Rule, table, where string) string {
	return fmt.Sprintf("SELECT count() AS n, toUnixTimestamp64Milli(min(time)) AS least, toUnixTimestamp64Milli(max(time)) AS greatest FROM %s WHERE %s",
		table, sqlAnd(sqlMatched(baseRules(r)), where))
}

// baseRules are the rules on single events that one over time is about, by way of
// others too.
func baseRules(r *Rule) (list []*Rule) {
	if r.Correlation == nil {
		return []*Rule{r}
	}
	for _, named := range r.Correlation.Rules {
		for _, base := range baseRules(named) {
			if !slices.Contains(list, base) {
				list = append(list, base)
			}
		}
	}
	return list
}

// reach is how far back before its completing event a rule over time looks.
func reach(r *Rule) time.Duration {
	if r.Correlation == nil {
		return 0
	}
	var most time.Duration
	for _, named := range r.Correlation.Rules {
		most = max(most, reach(named))
	}
	return most + r.Correlation.Timespan
}

// Reach is how far a rule over time looks back before the event that completes it.
func (r *Rule) Reach() time.Duration { return reach(r) }

func sqlMatched(rules []*Rule) string {
	ids := make([]string, len(rules))
	for i, r := range rules {
		ids[i] = r.ID
	}
	if len(ids) == 1 {
		return "has(rules, " + sqlQuote(ids[0]) + ")"
	}
	return "hasAny(rules, [" + sqlQuotes(ids) + "])"
}

func sqlTime(t time.Time) string {
	return fmt.Sprintf("fromUnixTimestamp64Milli(%d, 'UTC')", t.UnixMilli())
}

// overTimeSQL writes one query.
type overTimeSQL struct {
	set *Set
	q   Query
}

// findings selects what a rule over time finds between two times. carry are fields
// of the completing event that another rule needs: columns c0, c1 …, lists of texts.
func (b *overTimeSQL) findings(r *Rule, from, to time.Time, carry []string, outermost bool) (string, error) {
	c := r.Correlation
	begin := from.Add(-c.Timespan)
	if c.Absence() {
		begin = c.Bucket(from).Add(-2 * c.Timespan)
	}
	source, err := b.sightings(c, begin, to, carry, outermost)
	if err != nil {
		return "", err
	}
	if c.Absence() {
		return c.sqlAbsence(source, from, to), nil
	}
	columns := "groups, at, topic, part, place" + manyColumns(", c", len(carry))
	if c.Type == "temporal_ordered" {
		return c.sqlInOrder(source, columns, from), nil
	}
	return c.sqlSlide(source, columns, from), nil
}

func manyColumns(prefix string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%s%d", prefix, i)
	}
	return b.String()
}

// sightings selects what concerns a correlation: one row for each event and group.
func (b *overTimeSQL) sightings(c *Correlation, from, to time.Time, carry []string, outermost bool) (string, error) {
	var selects []string
	tuples := map[string][]int{}
	var order []string
	for i, named := range c.Rules {
		if named.Correlation != nil {
			text, err := b.inner(c, i, from, to, carry)
			if err != nil {
				return "", err
			}
			selects = append(selects, text)
			continue
		}
		key := strings.Join(c.fieldsOf(i), "\x00")
		if tuples[key] == nil {
			order = append(order, key)
		}
		tuples[key] = append(tuples[key], i)
	}
	var direct []string
	for _, key := range order {
		text, err := b.events(c, tuples[key], from, to, carry)
		if err != nil {
			return "", err
		}
		direct = append(direct, text)
	}
	if outermost && b.q.Touched != "" && len(c.Groups) > 0 && len(selects) == 0 {
		touched, err := b.touched(c, tuples)
		if err != nil {
			return "", err
		}
		for i, text := range direct {
			direct[i] = fmt.Sprintf("SELECT * FROM (%s) WHERE groups IN (%s)", text, touched)
		}
	}
	all := append(direct, selects...)
	text := strings.Join(all, " UNION ALL ")
	if len(all) == 1 && len(direct) == 1 {
		return text, nil
	}
	// One event is seen once in a group, whatever the names of its fields, and whether it
	// matched a rule or completed one.
	var merged strings.Builder
	for i := range c.Rules {
		fmt.Fprintf(&merged, ", max(m%[1]d) AS m%[1]d", i)
	}
	for i := range carry {
		fmt.Fprintf(&merged, ", any(c%[1]d) AS c%[1]d", i)
	}
	value := "any(v)"
	if c.Type == "value_count" {
		value = "groupUniqArrayArray(v)"
	}
	return fmt.Sprintf("SELECT groups, at, topic, part, place%s, %s AS v FROM (%s) GROUP BY groups, at, topic, part, place", merged.String(), value, text), nil
}

// events selects the events that some of the correlation's rules matched.
func (b *overTimeSQL) events(c *Correlation, rules []int, from, to time.Time, carry []string) (string, error) {
	groups, err := b.groups(c.fieldsOf(rules[0]))
	if err != nil {
		return "", err
	}
	columns := []string{groups + " AS groups", "toUnixTimestamp64Milli(time) AS at", "kafka_topic AS topic", "kafka_partition AS part", "kafka_offset AS place"}
	var named []*Rule
	for i, r := range c.Rules {
		mark := "toUInt8(0)"
		if slices.Contains(rules, i) {
			var err error
			if mark, err = b.matched(r); err != nil {
				return "", err
			}
			named = append(named, r)
		}
		columns = append(columns, fmt.Sprintf("%s AS m%d", mark, i))
	}
	for i, path := range carry {
		text, err := b.texts(path)
		if err != nil {
			return "", err
		}
		columns = append(columns, fmt.Sprintf("%s AS c%d", text, i))
	}
	value, err := b.value(c)
	if err != nil {
		return "", err
	}
	columns = append(columns, value+" AS v")
	matched, err := b.matched(named...)
	if err != nil {
		return "", err
	}
	where := sqlAnd(fmt.Sprintf("time >= %s AND time <= %s", sqlTime(from), sqlTime(to)), matched)
	if b.q.Where != "" {
		where = sqlAnd(where, b.q.Where)
	}
	return fmt.Sprintf("SELECT %s FROM %s WHERE %s", strings.Join(columns, ", "), b.q.Table, where), nil
}

// touched selects the groups that touched rows are in, by whatever fields their rules
// group them.
func (b *overTimeSQL) touched(c *Correlation, tuples map[string][]int) (string, error) {
	var selects []string
	for _, key := range slices.Sorted(maps.Keys(tuples)) {
		groups, err := b.groups(c.fieldsOf(tuples[key][0]))
		if err != nil {
			return "", err
		}
		var named []*Rule
		for _, i := range tuples[key] {
			named = append(named, c.Rules[i])
		}
		matched, err := b.matched(named...)
		if err != nil {
			return "", err
		}
		selects = append(selects, fmt.Sprintf("SELECT %s FROM %s WHERE %s", groups, b.q.Table, sqlAnd(matched, b.q.Touched)))
	}
	return strings.Join(selects, " UNION ALL "), nil
}

// matched is the condition of events that any of some rules matched.
func (b *overTimeSQL) matched(rules ...*Rule) (string, error) {
	if !b.q.ByCondition {
		return sqlMatched(rules), nil
	}
	var terms []string
	for _, r := range rules {
		term, err := b.set.SQL(r)
		if err != nil {
			return "", err
		}
		terms = append(terms, term)
	}
	if len(terms) == 1 {
		return "toBool(" + terms[0] + ")", nil
	}
	return "toBool(" + sqlOr(terms...) + ")", nil
}

// inner selects the findings of a rule over time that another one names.
func (b *overTimeSQL) inner(c *Correlation, rule int, from, to time.Time, carry []string) (string, error) {
	r := c.Rules[rule]
	var needed []string // of the completing event
	event := func(path string) string {
		if !slices.Contains(needed, path) {
			needed = append(needed, path)
		}
		return fmt.Sprintf("e%d", slices.Index(needed, path))
	}
	of := func(path string) string {
		if i := slices.IndexFunc(r.Correlation.Groups, func(g Group) bool { return g.Name == path }); i >= 0 {
			return fmt.Sprintf("[g[%d]]", i+1)
		}
		return event(path)
	}
	var groups, columns []string
	for _, path := range c.fieldsOf(rule) {
		texts := of(path)
		if def, ok := schema.Lookup(path); !ok || def.Kind != schema.Strings {
			texts = "if(empty(" + texts + "), [''], " + texts + ")"
		}
		groups = append(groups, "arrayJoin("+texts+")")
	}
	columns = append(columns, "CAST(["+strings.Join(groups, ", ")+"] AS Array(String)) AS groups", "at", "topic", "part", "place")
	for i := range c.Rules {
		columns = append(columns, fmt.Sprintf("toUInt8(%d) AS m%d", toInt(i == rule), i))
	}
	for i, path := range carry {
		columns = append(columns, fmt.Sprintf("%s AS c%d", event(path), i))
	}
	var values []string
	for _, path := range c.Fields {
		values = append(values, of(path))
	}
	columns = append(columns, c.sqlValue(values)+" AS v")
	text, err := b.findings(r, from, to, needed, false)
	if err != nil {
		return "", err
	}
	// Named anew: an alias would be taken for the column that it hides.
	var named strings.Builder
	for i := range needed {
		fmt.Fprintf(&named, ", c%[1]d AS e%[1]d", i)
	}
	return fmt.Sprintf("SELECT %s FROM (SELECT groups AS g, at, topic, part, place%s FROM (%s))", strings.Join(columns, ", "), named.String(), text), nil
}

func toInt(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// groups is the list of an event's group-by values; the event is there once for
// each combination of them.
func (b *overTimeSQL) groups(paths []string) (string, error) {
	var list []string
	for _, path := range paths {
		f := newField(path)
		c, err := sqlColumnOf(&f)
		if err != nil {
			return "", err
		}
		text := "toString(" + c.text() + ")"
		if c.kind == schema.Strings {
			text = "arrayJoin(CAST(arrayDistinct(" + c.name + ") AS Array(String)))"
		}
		list = append(list, text)
	}
	return "CAST([" + strings.Join(list, ", ") + "] AS Array(String))", nil
}

// texts is the list of a field's values, as rules see them.
func (b *overTimeSQL) texts(path string) (string, error) {
	f := newField(path)
	c, err := sqlColumnOf(&f)
	if err != nil {
		return "", err
	}
	switch c.kind {
	case schema.Strings:
		return "CAST(arrayDistinct(" + c.name + ") AS Array(String))", nil
	case schema.String, schema.Addr:
		return "if(" + c.name + " = '', CAST([] AS Array(String)), [toString(" + c.name + ")])", nil
	}
	return "[toString(" + c.text() + ")]", nil
}

// value is what a correlation counts or measures of an event.
func (b *overTimeSQL) value(c *Correlation) (string, error) {
	var values []string
	for _, path := range c.Fields {
		if def, ok := schema.Lookup(path); ok && c.measures() && def.Num != nil {
			return "CAST(" + def.Column + " AS Nullable(Int256))", nil
		}
		text, err := b.texts(path)
		if err != nil {
			return "", err
		}
		values = append(values, text)
	}
	return c.sqlValue(values), nil
}
