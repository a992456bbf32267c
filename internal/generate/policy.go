package generate

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// DirectoryCSV returns deploy/policy/directory.csv: people with names first,
// then everybody else, then who left.
func (w *World) DirectoryCSV() []byte {
	var named, others strings.Builder
	for i, t := range w.teams {
		for j, p := range w.members[i] {
			if j < len(t.named) {
				writeRow(&named, p)
			} else {
				writeRow(&others, p)
			}
		}
	}
	for _, p := range w.departed {
		writeRow(&named, p)
	}
	return []byte("id,employer,unit,home_country,citizenships,clearances,status\n" + named.String() + others.String())
}

func writeRow(b *strings.Builder, p Person) {
	status := "active"
	if p.Departed {
		status = "departed"
	}
	row := []string{p.ID, p.Employer, p.Unit, p.Home, strings.Join(p.Citizenships, "|"), strings.Join(p.Clearances, "|"), status}
	b.WriteString(strings.Join(row, ","))
	b.WriteByte('\n')
}

// ProtectedList returns deploy/policy/protected/demo.txt: one line for each
// protected user, with the HMAC-SHA-256 of its id under key.
func (w *World) ProtectedList(keyID string, key []byte) []byte {
	var b strings.Builder
	b.WriteString("# Protected users of the made-up platform Lumen, hashed with the PUBLIC key deploy/policy/demo.key.\n" +
		"# Anybody can undo these: never use that key for real people. Make your own with `watchglass protect`.\n")
	for _, p := range w.protected {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(p.ID))
		b.WriteString(keyID + ":" + hex.EncodeToString(mac.Sum(nil)) + " " + p.Group + "\n")
	}
	return []byte(b.String())
}
