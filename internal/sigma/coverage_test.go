package sigma

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLooksAt(t *testing.T) {
	set := mustParse(t, "a:\n    rows|gt: 5\nb:\n    accessor.id|fieldref: accessor.on_behalf_of\nc:\n    - word\ncondition: a and not b or c", Options{})
	if d := cmp.Diff([]string{"", "accessor.id", "accessor.on_behalf_of", "rows"}, set.LooksAt(set.rules[0])); d != "" {
		t.Error(d)
	}
}

func TestAsksFor(t *testing.T) {
	for _, c := range []struct {
		detection, value string
		want             bool
	}{
		{"a:\n    data.categories|startswith: Location.\ncondition: a", "location.ip", true},
		{"a:\n    data.categories|startswith: location.\ncondition: a", "health", false},
		{"a:\n    data.categories|re: '^h'\ncondition: a", "health", true},
		{"a:\n    data.categories: health\ncondition: not a", "health", false},
		{"a:\n    data.categories: health\ncondition: not (not a)", "health", true},
		{"a:\n    data.categories: '*'\ncondition: a", "health", false},
		{"a:\n    data.categories|exists: true\ncondition: a", "health", false},
		{"a:\n    subject.groups: health\ncondition: a", "health", false},
		{"a:\n    data.categories|neq: health\ncondition: a", "health", false},
	} {
		set := mustParse(t, c.detection, Options{})
		if got := set.AsksFor(set.rules[0], "data.categories", c.value); got != c.want {
			t.Errorf("%s: %s is asked for: %t", c.detection, c.value, got)
		}
	}
}
