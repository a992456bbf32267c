package stream

import "testing"

func TestWeakness(t *testing.T) {
	for name, c := range map[string]struct {
		of   Durability
		weak bool
	}{
		"three replicas, two in sync":          {Durability{6, 3, "2", "false"}, false},
		"settings that may not be read":        {Durability{6, 3, "", ""}, false},
		"one replica":                          {Durability{6, 1, "2", "false"}, true},
		"one of three has to have it":          {Durability{6, 3, "1", "false"}, true},
		"one that lacks records comes to lead": {Durability{6, 3, "2", "true"}, true},
	} {
		if got := c.of.Weakness(); (got != "") != c.weak {
			t.Errorf("%s: %q", name, got)
		}
	}
}
