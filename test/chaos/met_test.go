package chaos

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

var (
	serverCode = regexp.MustCompile(`clickhouse code \d+ \w+|refused the insert at its fence`)
	digits     = regexp.MustCompile(`\d+`)
)

// met counts what the workers complained of, by the kind of complaint: a fault
// that nobody noticed proves nothing.
func (s *site) met() map[string]int {
	counts := map[string]int{}
	file, err := os.Open(filepath.Join(s.logs, "workers.log"))
	if err != nil {
		return counts
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var entry struct{ Level, Error, Message string }
		if json.Unmarshal(lines.Bytes(), &entry) != nil {
			if strings.HasPrefix(lines.Text(), "error: ") {
				counts["ended: "+digits.ReplaceAllString(lines.Text(), "N")]++
			}
			continue
		}
		if entry.Level != "warn" && entry.Level != "error" {
			continue
		}
		what := entry.Message
		if code := serverCode.FindString(entry.Error); code != "" {
			what += ": " + code
		}
		counts[what]++
	}
	return counts
}
