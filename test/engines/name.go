package engines

import (
	"crypto/rand"
	"strings"
	"testing"
)

// Name is a name that no other test and no other run has, good for a topic, a
// consumer group and a database without quoting: the test's name in lower case, at
// most 40 characters of it, an underscore and eight random ones.
func Name(t testing.TB) string {
	t.Helper()
	return nameOf(t.Name(), strings.ToLower(rand.Text()[:8]))
}

func nameOf(test, random string) string {
	const most = 40
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToLower(test))
	return name[:min(len(name), most)] + "_" + random
}
