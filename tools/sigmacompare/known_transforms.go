package main

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// transformClasses are of the modifiers that change the value, and of the parts of times.
func transformClasses() []class {
	return []class{
		{"parts of times, zones", func(c compared) bool { return c.timed() && c.event1(isZoned) }},
		{"parts of times, dates", func(c compared) bool { return c.timed() && c.event1(isDate) }},
		{"parts of times, numbers", func(c compared) bool { return c.timed() && c.event1(isNoSecond) }},
		{"base64offset, last character", func(c compared) bool { return c.item.has("base64offset") && c.first != c.item.has("neq") }},
		{"base64offset without contains", func(c compared) bool { return c.item.has("base64offset") && !c.item.has("contains") }},
		{"utf16 and wide, without base64", func(c compared) bool {
			return c.item.hasAny("utf16le", "utf16be", "utf16", "wide") && !c.item.has("base64")
		}},
		{"windash, other dashes", func(c compared) bool { return c.item.has("windash") && c.rule1(hasOtherDash) }},
		{"windash with a wildcard", func(c compared) bool { return c.item.has("windash") && c.rule1(hasWildcard) }},
	}
}

func (c compared) timed() bool {
	return c.item.hasAny("minute", "hour", "day", "week", "month", "year")
}

func hasOtherDash(v value) bool { return v.kind == text && strings.ContainsAny(v.text, "/–—―") }

func (it item) hasAny(modifiers ...string) bool { return slices.ContainsFunc(modifiers, it.has) }

var zone = regexp.MustCompile(`[-+][0-9]{2}:[0-9]{2}$`)

// isZoned reports a time that is not UTC.
func isZoned(v any) bool {
	s, _ := v.(string)
	return strings.Contains(s, ":") && zone.MatchString(s)
}

// isDate reports what begins as a date and does not go on with a whole time of day.
func isDate(v any) bool {
	s, _ := v.(string)
	_, err := time.Parse("2006-01-02T15:04:05", strings.TrimSuffix(strings.Replace(s, " ", "T", 1), "Z"))
	return len(s) >= len("2006-1-2") && err != nil && strings.Count(s, "-") >= 2
}

// isNoSecond reports a number that is no whole count of seconds since 1970.
func isNoSecond(v any) bool {
	n, ok := v.(json.Number)
	_, err := strconv.ParseUint(n.String(), 10, 53)
	return ok && err != nil
}
