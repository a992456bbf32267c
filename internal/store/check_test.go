package store

import (
	"strings"
	"testing"
	"time"
)

func TestCheckTable(t *testing.T) {
	const fence = "CREATE TABLE d.t (a Int8, CONSTRAINT fence CHECK stored_at > 0) "
	for name, c := range map[string]struct{ definition, want string }{
		"plain":                  {fence + "ENGINE = MergeTree ORDER BY a SETTINGS non_replicated_deduplication_window = 100000, index_granularity = 8192", ""},
		"plain, too small":       {fence + "ENGINE = MergeTree ORDER BY a SETTINGS non_replicated_deduplication_window = 9999", "non_replicated_deduplication_window is 9999"},
		"plain, not set":         {fence + "ENGINE = MergeTree ORDER BY a SETTINGS index_granularity = 8192", "non_replicated_deduplication_window is 0"},
		"plain, the other's set": {fence + "ENGINE = MergeTree ORDER BY a SETTINGS replicated_deduplication_window = 100000", "non_replicated_deduplication_window is 0"},
		"no fence":               {"CREATE TABLE d.t (a Int8) ENGINE = MergeTree SETTINGS non_replicated_deduplication_window = 100000", "no constraint `fence`"},
		"replicated":             {fence + "ENGINE = ReplicatedMergeTree('/p', 'r') SETTINGS replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 86400", ""},
		"replicated, an hour":    {fence + "ENGINE = ReplicatedMergeTree('/p', 'r') SETTINGS replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 3600", "window_seconds is 3600"},
	} {
		t.Run(name, func(t *testing.T) {
			err := checkTable("d.t", c.definition)
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (err == nil || Retryable(err) || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestJudgeClock(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		server time.Duration // from before
		ok     bool
	}{
		"in between":         {time.Second, true},
		"behind, in bounds":  {-maxSkew, true},
		"behind":             {-maxSkew - time.Second, false},
		"ahead, in bounds":   {2*time.Second + maxSkew, true},
		"ahead":              {3*time.Second + maxSkew, false},
		"time zone mistaken": {time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := judgeClock(now, now.Add(2*time.Second), now.Add(c.server)); (err == nil) != c.ok {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestOlder(t *testing.T) {
	for _, c := range []struct {
		version string
		want    bool
	}{
		{"26.3.22.6", false}, {"26.3.22.5", true}, {"26.3.9.100", true}, {"26.7.2.1", false}, {"25.12.99.99", true}, {"26.3", true}, {"", true},
	} {
		if got := older(c.version, MinVersion); got != c.want {
			t.Errorf("%q: got %v", c.version, got)
		}
	}
}
