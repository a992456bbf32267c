package enrich

import (
	"bufio"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/watchglass/watchglass/schema"
)

const million = 1_000_000

// bigPolicy is the small policy with a million accessors and a million
// protected subjects.
func bigPolicy(b *testing.B) Config {
	b.Helper()
	dir := b.TempDir()
	writePolicy(b, dir, lumen())
	must(b, os.MkdirAll(filepath.Join(dir, dirProtected), 0o755))
	fill := func(name, header string, line func(i int) string) {
		f, err := os.Create(filepath.Join(dir, name))
		must(b, err)
		w := bufio.NewWriter(f)
		fmt.Fprint(w, header)
		for i := range million {
			fmt.Fprint(w, line(i))
		}
		must(b, w.Flush())
		must(b, f.Close())
	}
	fill(fileDirectoryCSV, "id,employer,unit,home_country,citizenships,clearances,status\n", func(i int) string {
		return fmt.Sprintf("employee-%d,%s,unit-%d,%s,,%s,active\n", i, []string{"lumen-us", "lumen-sg", "hongyun-rd"}[i%3], i%50, []string{"US", "SG", "CN"}[i%3], []string{"", "us-ring"}[i%2])
	})
	key := testKeys()[0]
	fill(filepath.Join(dirProtected, "all.txt"), "", func(i int) string {
		return protectedLine(b, key, fmt.Sprintf("user-%d", i), []string{"journalist", "minor"}[i%2])
	})
	return Config{PolicyDir: dir, MMDB: []string{countryMMDB(b)}, ProtectedKeys: testKeys()}
}

func heap() float64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / (1 << 20)
}

// BenchmarkEnrich states ns and allocations an event with a million accessors
// and a million protected subjects, and what they keep in memory.
func BenchmarkEnrich(b *testing.B) {
	cfg := bigPolicy(b)
	var s *Snapshot
	b.Run("load", func(b *testing.B) {
		for b.Loop() {
			s = nil
			before := heap()
			var err error
			s, err = Load(cfg)
			must(b, err)
			b.ReportMetric(heap()-before, "MiB-kept")
		}
	})
	for _, w := range []struct {
		name                   string
		accessors, users, each int
	}{
		{"usual", 5_000, 20_000, 1},
		{"every-subject-new", 5_000, 10 * million, 1},
		{"every-accessor-and-subject-new", million, 10 * million, 1},
		{"no-subjects", 5_000, 1, 0},
	} {
		b.Run(w.name, func(b *testing.B) {
			e := s.NewEnricher()
			// Few events stay in the processor's cache, as an event that was just decoded does; many
			// make every subject a new one.
			ring := 1 << 12
			if w.users > million {
				ring = 1 << 17
			}
			events := make([]schema.AccessEvent, ring)
			for i := range events {
				r := uint32(i) * 2654435761
				events[i] = schema.AccessEvent{
					Accessor: schema.Accessor{ID: fmt.Sprintf("employee-%d", int(r)%w.accessors)},
					Origin:   schema.Origin{IP: netip.AddrFrom4([4]byte{10, 20, byte(r >> 8), byte(r >> 20)})},
					Resource: schema.Resource{Store: "profiles", Dataset: []string{"us.users.sessions", "us.users", "sg.users"}[i%3], Fields: []string{"ip", "lat", "lon"}[:1+i%3], Region: "us-west-1"},
				}
				for k := range w.each {
					events[i].Subject.IDs = append(events[i].Subject.IDs, fmt.Sprintf("user-%d", (int(r>>3)+k)%w.users))
				}
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				e.Enrich(&events[i&(ring-1)])
			}
		})
	}
}
