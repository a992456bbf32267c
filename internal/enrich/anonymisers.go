package enrich

import (
	"bufio"
	"io"
	"strings"

	"github.com/gaissmai/bart"
)

// anonymisers is what all the lists of anonymisers/ say together.
type anonymisers struct {
	table bart.Lite
	lines int
}

// read adds one list: a CIDR or address a line, text after # is ignored.
func (a *anonymisers) read(name string, r io.Reader) error {
	lines := bufio.NewScanner(skipMark(r))
	for n := 1; lines.Scan(); n++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		p, err := parsePrefix(text)
		if err != nil {
			return faultAt(name, n, 0, "%s", err)
		}
		a.table.Insert(p)
		a.lines++
	}
	return lines.Err()
}
