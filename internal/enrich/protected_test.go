package enrich

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/watchglass/watchglass/schema"
)

func TestProtectedSubjects(t *testing.T) {
	k1, k2 := testKeys()[0], testKeys()[1]
	s := loadPolicy(t, with(lumen(),
		"protected/a.txt", "# press\n"+protectedLine(t, k1, "u-1", "journalist")+protectedLine(t, k1, "u-2", "official", "minor"),
		"protected/b.txt", protectedLine(t, k1, "u-1", "minor")+protectedLine(t, k2, "u-3", "staff")+protectedLine(t, k2, "u-1", "journalist")))
	for want, ids := range map[string][]string{
		"[journalist minor]":          {"u-1"}, // in two lists, under two keys
		"[minor official]":            {"u-2"},
		"[staff]":                     {"u-3"}, // under the other key only
		"[]":                          {"u-4", "u-", "U-1", "u-1 ", ""},
		"[journalist minor official]": {"u-9", "u-2", "u-1", "u-2"},
	} {
		if got := fmt.Sprint(enriched(s, schema.AccessEvent{Subject: schema.Subject{IDs: ids}}).Groups); got != want {
			t.Errorf("%v: %s, want %s", ids, got, want)
		}
	}
	if n := s.parts.protected.count(); n != 4 { // u-1 under k1 is one entry
		t.Errorf("%d entries, want 4", n)
	}
}

func TestManyProtectedSubjects(t *testing.T) {
	key := testKeys()[0]
	var b strings.Builder
	for i := range 3_000 {
		b.WriteString(protectedLine(t, key, fmt.Sprint("u-", i), []string{"journalist", "staff"}[i%2]))
	}
	e := loadPolicy(t, with(lumen(), "protected/all.txt", b.String())).NewEnricher()
	for i := range 6_000 {
		want := "[]"
		if i < 3_000 {
			want = []string{"[journalist]", "[staff]"}[i%2]
		}
		if got := fmt.Sprint(e.subjects.groups([]string{fmt.Sprint("u-", i)})); got != want {
			t.Fatalf("subject %d: %s, want %s", i, got, want)
		}
	}
}

// Known answer: RFC 4231 has no 16-byte key, so the standard library is the
// reference; what matters is the layout of the line.
func TestHashLine(t *testing.T) {
	key := testKeys()[0]
	mac := hmac.New(sha256.New, key.Secret)
	mac.Write([]byte("u-5501"))
	line, err := HashLine(key, "u-5501", []string{"minor", "journalist", "minor"})
	must(t, err)
	if want := "k1:" + hex.EncodeToString(mac.Sum(nil)) + " journalist,minor"; line != want {
		t.Errorf("got %s, want %s", line, want)
	}
	if text := fmt.Sprintf("%v %+v %#v %s", key, key, key, key); strings.Contains(text, string(key.Secret)) {
		t.Error("printing a key shows its secret")
	}
	for name, bad := range map[string]struct {
		key    Key
		id     string
		groups []string
	}{
		"short secret": {Key{"k", []byte("short")}, "u", []string{"g"}},
		"bad key id":   {Key{"k:1", key.Secret}, "u", []string{"g"}},
		"no id":        {key, "", []string{"g"}},
		"no group":     {key, "u", nil},
		"bad group":    {key, "u", []string{"a,b"}},
	} {
		if _, err := HashLine(bad.key, bad.id, bad.groups); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
