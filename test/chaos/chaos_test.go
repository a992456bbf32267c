package chaos

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestChaos runs schedules of faults, and at the end of each compares what
// Kafka acknowledged with what ClickHouse holds and on-call heard.
func TestChaos(t *testing.T) {
	among := kinds()
	if *only != "" {
		among = slices.DeleteFunc(among, func(k kind) bool {
			return !slices.ContainsFunc(strings.Split(*only, ","), func(name string) bool { return strings.Contains(string(k), name) })
		})
	}
	w := newWorld(t)
	var sum summary
	defer func() { t.Log(sum.String()) }()
	from, to := *first, *first+uint64(*schedules)
	if *seed > 0 {
		from, to = *seed, *seed+1
	}
	for s := from; s < to; s++ {
		t.Run(fmt.Sprint("seed ", s), func(t *testing.T) {
			w.t = t
			began := time.Now()
			v, site := play(t, w, s, draw(s, *length, among))
			sum.add(v, site, time.Since(began))
			t.Logf("so far: %s", sum.String())
		})
		w.t = t
		if t.Failed() {
			return
		}
	}
}

// play runs one schedule.
func play(t *testing.T, w *world, seed uint64, faults []fault) (verdict, *site) {
	s := newSite(t, w)
	began := time.Now()
	load, stopLoad := context.WithTimeout(t.Context(), *length)
	defer stopLoad()
	supervised, stopSupervising := context.WithCancel(t.Context())
	var watch sync.WaitGroup
	watch.Go(func() { s.supervise(supervised) })
	watch.Go(func() { s.revive(supervised) })
	defer watch.Wait()
	defer stopSupervising()

	var breaking sync.WaitGroup
	for _, f := range faults {
		breaking.Go(func() {
			pause(load, f.at)
			if load.Err() != nil {
				return
			}
			if *verbose {
				t.Logf("%5.1fs %s", time.Since(began).Seconds(), f)
			}
			if s.inject(load, f) {
				s.mu.Lock()
				s.injected[f.kind]++
				s.mu.Unlock()
			}
		})
	}
	l, err := s.produce(load, *rate, seed)
	breaking.Wait()
	if err != nil {
		t.Fatalf("the producer: %v", err)
	}
	healed := time.Now()
	s.settle(l)
	v, err := s.judge(l)
	if err != nil {
		t.Fatal(err)
	}
	v.recovery = time.Since(healed)
	v.overTime, v.missed, v.odd = s.correlated()
	s.verify()
	if !v.good() || t.Failed() {
		t.Errorf("seed %d: lost %s, doubled %s, not heard of %s; of %d alerts over time missing %s, besides them %s", seed,
			some(v.lost), some(v.doubled), some(v.unheard), v.overTime, some(v.missed), some(v.odd))
		for _, f := range faults {
			t.Log(f)
		}
	}
	return v, s
}

// some is a number and the first few.
func some(list []string) string {
	if len(list) == 0 {
		return "0"
	}
	return fmt.Sprintf("%d (%s …)", len(list), strings.Join(list[:min(len(list), 10)], " "))
}

// summary adds up all schedules.
type summary struct {
	schedules, records, letters, alerts int
	lost, doubled, unheard, again, more int
	overTime, missed, odd               int
	ended                               int
	injected                            map[kind]int
	met                                 map[string]int
	recovery                            []time.Duration
	took                                time.Duration
}

func (s *summary) add(v verdict, site *site, took time.Duration) {
	s.schedules++
	s.records, s.letters, s.alerts = s.records+v.records, s.letters+v.letters, s.alerts+v.alerts
	s.lost, s.doubled, s.unheard = s.lost+len(v.lost), s.doubled+len(v.doubled), s.unheard+len(v.unheard)
	s.again, s.more, s.ended = s.again+v.again, s.more+v.more, s.ended+site.ended
	s.overTime, s.missed, s.odd = s.overTime+v.overTime, s.missed+len(v.missed), s.odd+len(v.odd)
	s.recovery = append(s.recovery, v.recovery)
	s.took += took
	if s.injected == nil {
		s.injected, s.met = map[kind]int{}, map[string]int{}
	}
	for what, n := range site.met() {
		s.met[what] += n
	}
	for k, n := range site.injected {
		s.injected[k] += n
	}
}

func (s *summary) String() string {
	if s.schedules == 0 {
		return "no schedule was run to its end"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d schedules in %s: %d records acknowledged (%d events/s while there was load), %d of them poison, %d alerting\n", s.schedules, s.took.Round(time.Second),
		s.records, int(float64(s.records)/(float64(s.schedules)*length.Seconds())), s.letters, s.alerts)
	fmt.Fprintf(&b, "lost %d, doubled %d, alerts lost %d, deliveries repeated with the same id %d, further notifications of an incident %d\n", s.lost, s.doubled, s.unheard, s.again, s.more)
	fmt.Fprintf(&b, "%d alerts of rules over time, of events up to a day late: missing %d, besides those of one undisturbed evaluation %d\n", s.overTime, s.missed, s.odd)
	slices.Sort(s.recovery)
	fmt.Fprintf(&b, "from mended to settled: p50 %s, most %s; workers that ended by themselves %d\n",
		s.recovery[len(s.recovery)/2].Round(time.Millisecond), s.recovery[len(s.recovery)-1].Round(time.Millisecond), s.ended)
	total := 0
	for _, k := range slices.Sorted(maps.Keys(s.injected)) {
		fmt.Fprintf(&b, "%5d  %s\n", s.injected[k], k)
		total += s.injected[k]
	}
	fmt.Fprintf(&b, "%5d  faults in all\n", total)
	b.WriteString("what the workers met:\n")
	for _, what := range slices.Sorted(maps.Keys(s.met)) {
		fmt.Fprintf(&b, "%5d  %s\n", s.met[what], what)
	}
	return b.String()
}
