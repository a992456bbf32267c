package docs

import (
	_ "embed"
	"regexp"
	"strings"
)

//go:embed dead-letters.md
var deadLetters string

// Remedy is what dead-letters.md says of one reason, as plain text.
type Remedy struct{ Wrong, Do string }

var (
	reasonRow  = regexp.MustCompile("(?m)^\\| `([a-z_0-9]+)` \\| (.+) \\| (.+) \\|$")
	pageLink   = regexp.MustCompile(`\[([^\]]+)\]\([^)]*\)`)
	codeMarker = strings.NewReplacer("`", "")
)

// Remedies returns the table of reasons of dead-letters.md, by reason.
func Remedies() map[string]Remedy {
	plain := func(text string) string { return codeMarker.Replace(pageLink.ReplaceAllString(text, "docs/$1")) }
	all := map[string]Remedy{}
	for _, m := range reasonRow.FindAllStringSubmatch(deadLetters, -1) {
		all[m[1]] = Remedy{Wrong: plain(m[2]), Do: plain(m[3])}
	}
	return all
}
