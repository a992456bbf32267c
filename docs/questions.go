// Package docs makes the parts of the documentation that programs use readable
// for them: the questions of analysts.md, which the demo asks and tests run.
package docs

import (
	_ "embed"
	"regexp"
	"slices"
	"strings"
)

//go:embed analysts.md
var analysts string

// Question is one of the twelve questions of analysts.md.
type Question struct {
	Title      string
	SQL        string   // views without their database; parameters as {name:Type}
	Parameters []string // names, ascending
}

var (
	questionBlock = regexp.MustCompile("(?s)### [0-9]+\\. ([^\n]+)\n+```sql\n(.*?)\n```")
	parameter     = regexp.MustCompile(`\{([a-z_]+):`)
)

// Questions returns the questions in the order of the document.
func Questions() []Question {
	var all []Question
	for _, m := range questionBlock.FindAllStringSubmatch(analysts, -1) {
		q := Question{Title: strings.TrimSpace(m[1]), SQL: m[2]}
		for _, p := range parameter.FindAllStringSubmatch(m[2], -1) {
			q.Parameters = append(q.Parameters, p[1])
		}
		slices.Sort(q.Parameters)
		q.Parameters = slices.Compact(q.Parameters)
		all = append(all, q)
	}
	return all
}
