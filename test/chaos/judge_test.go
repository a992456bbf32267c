package chaos

import (
	"context"
	"fmt"
	"os/exec"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// verdict is what became of a schedule's records.
type verdict struct {
	records, letters, alerts int
	lost, doubled            []string // positions
	unheard                  []string // accessors that nobody was notified about
	overTime                 int      // alerts of rules over time, in one undisturbed evaluation
	missed, odd              []string // of these: not there, and there though they should not be
	again                    int      // deliveries of a notification that had come before
	more                     int      // notifications beyond the first of an accessor
	recovery                 time.Duration
}

func (v verdict) good() bool {
	return len(v.lost)+len(v.doubled)+len(v.unheard)+len(v.missed)+len(v.odd) == 0
}

// settleMost is how long nothing at all may change, although something is owed.
const settleMost = 3 * time.Minute

// settle waits until everything that was acknowledged has been dealt with, or
// nothing has changed for a long time.
func (s *site) settle(l *ledger) {
	poll := time.NewTicker(100 * time.Millisecond)
	defer poll.Stop()
	last, since := "", time.Now()
	for s.t.Context().Err() == nil {
		rows, letters := s.count("SELECT count() FROM "+s.name+".access_events"), s.count("SELECT uniqExact(source_partition, source_offset) FROM "+s.name+".dead_letters_stored")
		heard := s.receiver.heard()
		if rows >= uint64(l.records-l.letters) && letters >= uint64(l.letters) && heard >= len(l.accessors) {
			return
		}
		if now := fmt.Sprint(rows, letters, heard); now != last {
			last, since = now, time.Now()
		}
		if time.Since(since) > settleMost {
			s.t.Errorf("nothing has changed for three minutes: %d of %d rows, %d of %d dead letters, %d of %d notifications",
				rows, l.records-l.letters, letters, l.letters, heard, len(l.accessors))
			return
		}
		<-poll.C
	}
}

// verify has the product itself check the record.
func (s *site) verify() {
	text, err := exec.CommandContext(s.t.Context(), s.program, "verify", "--config", s.config).CombinedOutput()
	if err != nil {
		s.t.Errorf("watchglass verify: %v\n%s", err, text)
	}
}

// count asks for a number; 0 while ClickHouse does not answer.
func (s *site) count(query string) (n uint64) {
	ctx, cancel := context.WithTimeout(s.t.Context(), 10*time.Second)
	defer cancel()
	_ = s.db.QueryRow(ctx, query).Scan(&n)
	return n
}

// judge compares what Kafka acknowledged with what is stored, offset by offset,
// and with what on-call heard.
func (s *site) judge(l *ledger) (verdict, error) {
	v := verdict{records: l.records, letters: l.letters, alerts: len(l.accessors)}
	rows, err := s.offsets("SELECT kafka_partition, kafka_offset, toUInt8(least(count(), 255)) FROM " + s.name + ".access_events GROUP BY ALL")
	if err != nil {
		return v, err
	}
	letters, err := s.offsets("SELECT source_partition, source_offset, toUInt8(1) FROM " + s.name + ".dead_letters_stored GROUP BY ALL")
	if err != nil {
		return v, err
	}
	at := func(of [partitions][]byte, p, o int) byte {
		if o < len(of[p]) {
			return of[p][o]
		}
		return 0
	}
	for p := range partitions {
		for o := range max(len(l.fates[p]), len(rows[p]), len(letters[p])) {
			want := none
			if o < len(l.fates[p]) {
				want = l.fates[p][o]
			}
			stored, dead := at(rows, p, o), at(letters, p, o)
			position := fmt.Sprintf("%d/%d", p, o)
			switch {
			case want == letter && dead == 0, want != letter && want != none && stored == 0:
				v.lost = append(v.lost, position)
			case stored > 1, stored+dead > 1, want == letter && stored > 0, want == none && stored+dead > 0:
				v.doubled = append(v.doubled, position)
			}
		}
	}
	s.receiver.mu.Lock()
	defer s.receiver.mu.Unlock()
	for who := range l.accessors {
		ids := len(s.receiver.accessors[who])
		if ids == 0 {
			v.unheard = append(v.unheard, who)
		}
		v.more += max(0, ids-1)
	}
	for _, times := range s.receiver.ids {
		v.again += times - 1
	}
	return v, nil
}

// offsets reads partition, offset and a number into one list for each partition.
func (s *site) offsets(query string) (found [partitions][]byte, err error) {
	ctx := clickhouse.Context(s.t.Context(), clickhouse.WithSettings(clickhouse.Settings{"max_execution_time": 60}))
	rows, err := s.db.Query(ctx, query)
	if err != nil {
		return found, err
	}
	defer rows.Close()
	for rows.Next() {
		var p int32
		var o int64
		var n uint8
		if err := rows.Scan(&p, &o, &n); err != nil {
			return found, err
		}
		for int64(len(found[p])) <= o {
			found[p] = append(found[p], 0)
		}
		found[p][o] = n
	}
	return found, rows.Err()
}
