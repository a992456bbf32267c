package generate

import (
	"fmt"
	"strconv"
	"time"
)

// Options say which traffic to make. Equal options make equal bytes.
type Options struct {
	Seed  uint64
	Count int // events altogether, planted ones included
	// Start is the time of the first event, in UTC, to the millisecond. Zero
	// is DefaultStart.
	Start time.Time
	// Rate is events per second of event time. 0 spreads them over Span.
	Rate float64
	// Span is the event time that Count events take when Rate is 0; zero is
	// 24 hours.
	Span time.Duration
	// Acts are planted evenly, in order; nil for none.
	Acts []Act
}

// DefaultStart is a Monday morning in California and a Monday evening in Dublin.
func DefaultStart() time.Time { return time.Date(2026, 11, 23, 16, 0, 0, 0, time.UTC) }

// Event is one record. Key (the accessor's id) and Value are valid until the
// next call of Next.
type Event struct {
	Key   []byte
	Value []byte
	Time  time.Time
	// Act and Rules are set for planted events only: the act's name, and the
	// ids of exactly the rules that must match.
	Act   string
	Rules []string
}

// Generator makes the events one by one. It is not safe for concurrent use.
type Generator struct {
	options  Options
	random   random
	lines    []line
	planted  []plantedAt
	done     int
	start    int64 // epoch ms
	step     float64
	hour     int64 // since the epoch, of table
	table    []uint16
	sequence uint64
	clock    clock
	buffer   []byte
	key      []byte
}

type plantedAt struct {
	at    int // position among all events
	act   string
	event Planted
}

// New checks the options and prepares a generator.
func New(o Options) (*Generator, error) {
	if o.Count < 0 || o.Rate < 0 || o.Span < 0 {
		return nil, fmt.Errorf("generate: count %d, rate %g and span %s must not be negative", o.Count, o.Rate, o.Span)
	}
	if o.Start.IsZero() {
		o.Start = DefaultStart()
	}
	if o.Span == 0 {
		o.Span = 24 * time.Hour
	}
	g := &Generator{options: o, random: random(o.Seed), lines: linesOf(NewWorld()), start: o.Start.UnixMilli(), hour: -1, sequence: 88_000}
	g.step = 1000 / o.Rate
	if o.Rate == 0 {
		g.step = float64(o.Span.Milliseconds()) / float64(max(1, o.Count))
	}
	var err error
	g.planted, err = plan(o.Acts, o.Count)
	return g, err
}

// plan spreads acts evenly over count events. The events of one act follow
// each other at a distance, so that ordinary ones lie between them.
func plan(acts []Act, count int) ([]plantedAt, error) {
	var all []plantedAt
	for i, act := range acts {
		from, to := count*(i+1)/(len(acts)+2), count*(i+2)/(len(acts)+2)
		if to-from <= len(act.Events) {
			return nil, fmt.Errorf("generate: a count of %d leaves no room for %d acts: raise it", count, len(acts))
		}
		for j, e := range act.Events {
			all = append(all, plantedAt{at: from + j*(to-from)/(2*len(act.Events)), act: act.Name, event: e})
		}
	}
	return all, nil
}

// Next returns the next event, false after the last.
func (g *Generator) Next() (Event, bool) {
	if g.done >= g.options.Count {
		return Event{}, false
	}
	at := g.start + int64(float64(g.done)*g.step)
	g.done++
	if len(g.planted) > 0 && g.planted[0].at == g.done-1 {
		p := g.planted[0]
		g.planted = g.planted[1:]
		return p.encode(at), true
	}
	return g.ordinary(at), true
}

// ordinary writes one event of somebody's ordinary work.
func (g *Generator) ordinary(at int64) Event {
	if hour := at / 3_600_000; hour != g.hour {
		g.hour = hour
		g.table = shares(g.lines, hour, g.table)
	}
	r := &g.random
	l := &g.lines[g.table[r.below(len(g.table))]]
	j := l.job
	number := r.below(len(l.people))
	who := l.people[number]

	b := append(g.buffer[:0], `{"id":"`...)
	b = appendID(b, r.next())
	b = append(b, `","time":"`...)
	b = g.clock.append(b, at)
	if r.percent(1) {
		b = append(b, l.afterDenied...)
	} else {
		b = append(b, l.afterTime...)
	}
	b = append(b, who...)
	if l.person {
		b = append(b, `","session":"s-`...)
		b = strconv.AppendUint(b, r.next()>>44, 10)
		b = append(b, `","device":"lt-`...)
		b = strconv.AppendInt(b, int64(1000+number), 10)
	}
	if j.behalf {
		b = append(b, `","on_behalf_of":"`...)
		b = append(b, l.people[r.below(len(l.people))]...)
	}
	b = append(b, `"},"origin":{`...)
	b = l.appendOrigin(b, r)
	b = append(b, l.agent...)
	b = append(b, l.resources[r.below(len(l.resources))]...)
	b, subject := l.appendSubject(b, r)
	b = l.appendAmount(b, r)
	b = l.appendPurpose(b, r)
	if len(l.statements) > 0 {
		s := &l.statements[r.below(len(l.statements))]
		b = append(b, `,"statement":"`...)
		b = append(b, s[0]...)
		if s[1] != "" {
			b = append(b, subject...)
			b = append(b, s[1]...)
		}
		b = append(b, '"')
	}
	g.sequence++
	b = append(b, l.producer...)
	b = strconv.AppendUint(b, g.sequence, 10)
	b = append(b, '}')
	if r.percent(5) {
		b = append(b, `,"attributes":{"release":"2026.47","shard":"`...)
		b = strconv.AppendInt(b, int64(r.below(64)), 10)
		b = append(b, `"}`...)
	}
	b = append(b, '}')
	g.buffer = b
	g.key = append(g.key[:0], who...)
	return Event{Key: g.key, Value: b, Time: time.UnixMilli(at).UTC()}
}
