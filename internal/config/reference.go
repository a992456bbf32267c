package config

import (
	"fmt"
	"reflect"
	"strings"
	"time"
)

// Reference writes the table of every key for docs/configuration.md, in
// Markdown. TestReference holds the document to it.
func Reference() string {
	var b strings.Builder
	for _, top := range fieldsOf(structOf(new(Config))) {
		fmt.Fprintf(&b, "### %s\n\n%s\n\n| key | default | what it is |\n|---|---|---|\n", top.key, top.doc)
		rows(&b, top.key, top.value)
		b.WriteByte('\n')
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func rows(b *strings.Builder, prefix string, section reflect.Value) {
	for _, f := range fieldsOf(section) {
		key := dotted(prefix, f.key)
		if isSection(f.value.Type()) {
			rows(b, key, f.value)
			continue
		}
		fmt.Fprintf(b, "| `%s` | %s | %s%s |\n", key, shownDefault(f), f.doc, limits(f))
		if f.value.Kind() == reflect.Slice && isSection(f.value.Type().Elem()) {
			rows(b, key+"[]", reflect.New(f.value.Type().Elem()).Elem())
		}
	}
}

func shownDefault(f field) string {
	switch {
	case f.fallback != "":
		return "`" + f.fallback + "`"
	case f.required:
		return "must be set"
	}
	return ""
}

func limits(f field) string {
	text := ""
	switch f.value.Interface().(type) {
	case Secret, []Secret:
		text = " `file:PATH` or `env:NAME`."
	case time.Duration, Size, int, map[string]time.Duration:
		if f.min != "" {
			text = fmt.Sprintf(" From %s to %s.", f.min, f.max)
		}
	}
	if len(f.oneof) > 0 {
		text += " One of `" + strings.Join(f.oneof, "`, `") + "`."
	}
	return text
}
