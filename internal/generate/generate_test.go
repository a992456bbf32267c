package generate

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const policyDir = "../../deploy/policy"

// update rewrites the policy files that come from the world:
// go test ./internal/generate -update
var update = flag.Bool("update", false, "rewrite deploy/policy/directory.csv and protected/demo.txt")

func TestPolicyFilesAreTheWorlds(t *testing.T) {
	key, err := os.ReadFile(filepath.Join(policyDir, "demo.key"))
	if err != nil {
		t.Fatal(err)
	}
	world := NewWorld()
	for name, want := range map[string][]byte{
		"directory.csv":      world.DirectoryCSV(),
		"protected/demo.txt": world.ProtectedList("demo", key[:len(key)-1]), // as secrets are read: without the line break
	} {
		path := filepath.Join(policyDir, name)
		if *update {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s is not what the generator's world makes (go test ./internal/generate -update):\n%s", name, diff)
		}
	}
}

func hashOf(t *testing.T, o Options) string {
	t.Helper()
	g, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	h, n := sha256.New(), 0
	for e, ok := g.Next(); ok; e, ok = g.Next() {
		h.Write(e.Key)
		h.Write([]byte{0})
		h.Write(e.Value)
		h.Write([]byte{'\n'})
		n++
	}
	if n != o.Count {
		t.Errorf("made %d events, want %d", n, o.Count)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// The golden hash changes whenever the traffic does: that is a change of what
// benchmarks and tests measure, and should be meant.
func TestSameSeedSameBytes(t *testing.T) {
	o := Options{Seed: 7, Count: 20_000, Acts: Story()}
	got := hashOf(t, o)
	if want := "489d1b8d20821d15"; got != want {
		t.Errorf("seed 7 made %s, want %s", got, want)
	}
	if again := hashOf(t, o); again != got {
		t.Errorf("the same seed made %s, then %s", got, again)
	}
	o.Seed = 8
	if hashOf(t, o) == got {
		t.Error("another seed made the same events")
	}
}

func TestEventsAreSpreadOverTheSpan(t *testing.T) {
	start := time.Date(2026, 3, 1, 23, 59, 59, 0, time.UTC)
	for name, o := range map[string]Options{
		"by span": {Seed: 1, Count: 1000, Start: start, Span: 10 * time.Second},
		"by rate": {Seed: 1, Count: 1000, Start: start, Rate: 100},
	} {
		g, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		for i := range o.Count {
			e, _ := g.Next()
			var read struct{ Time time.Time }
			if err := json.Unmarshal(e.Value, &read); err != nil {
				t.Fatalf("%s: event %d: %v: %s", name, i, err, e.Value)
			}
			want := start.Add(time.Duration(i) * 10 * time.Millisecond)
			if !read.Time.Equal(want) || !e.Time.Equal(want) {
				t.Fatalf("%s: event %d is of %s and says %s, want %s", name, i, e.Time, read.Time, want)
			}
		}
	}
}

func TestWorkingHours(t *testing.T) {
	// Monday 04:00 UTC: noon in Singapore, night in Dublin, Sunday evening in California.
	at := time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC).Unix() / 3600
	places := map[string]site{}
	for _, s := range sites() {
		places[s.name] = s
	}
	for name, want := range map[string]int{"singapore": 100, "dublin": 3, "mountain-view": 1, "us-east-1": 60} {
		if got := busy(places[name], at); got != want {
			t.Errorf("%s is busy at %d %%, want %d", name, got, want)
		}
	}
}

func TestUnreasonableOptionsAreRefused(t *testing.T) {
	for name, o := range map[string]Options{
		"negative count":             {Count: -1},
		"negative rate":              {Count: 1, Rate: -1},
		"negative span":              {Count: 1, Span: -1},
		"no room for the whole play": {Count: 20, Acts: Story()},
	} {
		if _, err := New(o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestEveryActIsPlantedOnceAndInOrder(t *testing.T) {
	acts := Story()
	var want, got []string
	for _, act := range acts {
		for range act.Events {
			want = append(want, act.Name)
		}
	}
	g, err := New(Options{Seed: 3, Count: 500, Acts: acts})
	if err != nil {
		t.Fatal(err)
	}
	for e, ok := g.Next(); ok; e, ok = g.Next() {
		if e.Act != "" {
			got = append(got, e.Act)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("planted acts (-want +got):\n%s", diff)
	}
}

func BenchmarkNext(b *testing.B) {
	g, err := New(Options{Seed: 7, Count: 1 << 60})
	if err != nil {
		b.Fatal(err)
	}
	n, events := 0, 0
	b.ReportAllocs()
	for b.Loop() {
		e, _ := g.Next()
		n += len(e.Value)
		events++
	}
	b.ReportMetric(float64(n)/float64(events), "B/event")
}

func TestPoisonIsDeterministicAndVaried(t *testing.T) {
	at := time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC)
	one, same := NewPoison(7, at), NewPoison(7, at)
	kinds, values := map[string]int{}, map[string]int{}
	for range 5000 {
		bad := one.Next()
		if other := same.Next(); bad.Kind != other.Kind || !bytes.Equal(bad.Value, other.Value) || !bytes.Equal(bad.Key, other.Key) {
			t.Fatalf("the same seed made two different records: %s and %s", bad.Kind, other.Kind)
		}
		kinds[bad.Kind]++
		values[string(bad.Value)]++
	}
	if len(kinds) != len(badKinds()) {
		t.Errorf("%d kinds, want all %d", len(kinds), len(badKinds()))
	}
	if len(values) < 4000 {
		t.Errorf("%d different records among 5000", len(values))
	}
}
