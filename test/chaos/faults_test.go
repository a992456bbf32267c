package chaos

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

const (
	stop = syscall.SIGSTOP
	cont = syscall.SIGCONT
)

// inject breaks what a fault names, for as long as it says, and mends it. It
// returns false when this machine cannot do it. Whatever ctx does, everything
// is mended when it returns.
func (s *site) inject(ctx context.Context, f fault) bool {
	lasts := func() { pause(ctx, f.length) }
	switch f.kind {
	case killWorker:
		of := s.slot(f.target)
		defer of.Unlock()
		of.worker.kill()
		lasts()
		s.run(of)
	case pauseWorker:
		of := s.slot(f.target)
		defer of.Unlock()
		of.worker.signal(stop)
		pause(s.t.Context(), f.length) // also beyond the load: a zombie has to outlive its session
		of.worker.signal(cont)
	case rollWorkers:
		for i := range s.slots {
			of := s.slot(i)
			of.worker.stop()
			s.run(of)
			of.Unlock()
			pause(ctx, f.length/members)
		}
	case storm:
		s.storm(ctx, f.length)
	case killClickHouse, tooManyParts, readOnly, fullDisk, clockJump:
		s.server.Lock()
		defer s.server.Unlock()
		return s.breakServer(ctx, f)
	case slowClickHouse, cutAnswers, cutBlocks:
		s.proxied.Lock() // two toxics of one proxy can wait for each other for ever
		defer s.proxied.Unlock()
		defer s.toxic(s.toServer, toxics[f.kind][0], toxics[f.kind][1], toxics[f.kind][2])()
		lasts()
	case killBroker, cutBroker, muteBroker:
		s.broker.Lock()
		defer s.broker.Unlock()
		s.breakBroker(ctx, f)
	}
	return true
}

// toxics are kinds of faults as toxiproxy names them: type, direction, attributes.
var toxics = map[kind][3]string{
	slowClickHouse: {"latency", "downstream", `"latency":1500,"jitter":500`},
	cutAnswers:     {"limit_data", "downstream", `"bytes":700`},
	cutBlocks:      {"limit_data", "upstream", `"bytes":30000`},
}

// slot locks a worker's slot.
func (s *site) slot(i int) *slot {
	of := &s.slots[i%members]
	of.Lock()
	return of
}

// storm has one more worker join and leave, every second, in turn in order
// and by kill -9.
func (s *site) storm(ctx context.Context, length time.Duration) {
	for i := range int(length / time.Second) {
		p, err := s.world.start(s.config, filepath.Join(s.logs, "storm.log"))
		if err != nil {
			s.t.Errorf("start a worker: %v", err)
			return
		}
		pause(ctx, time.Second)
		if i%2 == 0 {
			p.kill()
		} else {
			p.stop()
		}
	}
}

func (s *site) breakServer(ctx context.Context, f fault) bool {
	table := s.name + ".access_events"
	set := func(setting string) func() {
		if err := s.exec("ALTER TABLE " + table + " MODIFY SETTING " + setting); err != nil {
			s.t.Errorf("break clickhouse: %v", err)
		}
		return func() {
			name, _, _ := cut(setting)
			for s.exec("ALTER TABLE "+table+" RESET SETTING "+name) != nil && s.t.Context().Err() == nil {
				pause(s.t.Context(), 200*time.Millisecond)
			}
		}
	}
	switch f.kind {
	case killClickHouse:
		merging := make(chan struct{})
		go func() {
			defer close(merging)
			_ = s.exec("OPTIMIZE TABLE " + table + " FINAL") // ends with the server
		}()
		pause(ctx, 300*time.Millisecond)
		s.process.Lock()
		defer s.process.Unlock()
		s.clickhouse.Kill()
		<-merging
		pause(ctx, f.length)
		s.startServer()
	case tooManyParts:
		defer set("parts_to_throw_insert = 1")()
		pause(ctx, f.length)
	case readOnly:
		defer set("table_readonly = 1")()
		pause(ctx, f.length)
	case fullDisk:
		if s.disk == "" {
			return false
		}
		defer os.Remove(filepath.Join(s.disk, "filler"))
		fill(filepath.Join(s.disk, "filler"))
		pause(ctx, f.length)
	case clockJump:
		if s.clock == "" {
			return false
		}
		off := 15 * time.Minute
		if f.target%2 == 0 {
			off = -off
		}
		s.setClock(off)
		defer s.setClock(0)
		pause(ctx, f.length)
	}
	return true
}

func cut(setting string) (name, value string, found bool) {
	for i := range setting {
		if setting[i] == ' ' {
			return setting[:i], setting[i+3:], true
		}
	}
	return setting, "", false
}

func (s *site) startServer() {
	if err := s.clickhouse.Start(context.WithoutCancel(s.t.Context())); err != nil {
		s.t.Errorf("start clickhouse again: %v", err)
	}
}

// hungAfter is how long ClickHouse may not answer at all before it is taken for
// hung, as whoever runs it would: no fault takes it away for so long.
const hungAfter = 30 * time.Second

// revive kills and restarts a ClickHouse that hangs, until ctx ends. (The
// embedded one does, now and then: a thread of it spins.)
func (s *site) revive(ctx context.Context) {
	poll := time.NewTicker(2 * time.Second)
	defer poll.Stop()
	answered := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-poll.C:
		}
		asking, cancel := context.WithTimeout(ctx, 10*time.Second)
		if s.db.Ping(asking) == nil {
			answered = time.Now()
		}
		cancel()
		if time.Since(answered) < hungAfter {
			continue
		}
		s.process.Lock()
		s.t.Log("ClickHouse does not answer: restarted")
		s.clickhouse.Kill()
		s.startServer()
		s.process.Unlock()
		answered = time.Now()
	}
}

// fill writes a file until the disk has less free than ClickHouse has to leave.
// It is not filled to the last byte: see docs/guarantees.md.
func fill(path string) {
	file, err := os.Create(path)
	if err != nil {
		return
	}
	defer file.Close()
	zeros := make([]byte, 1<<20)
	for {
		var disk syscall.Statfs_t
		if err := syscall.Fstatfs(int(file.Fd()), &disk); err != nil || int64(disk.Bavail)*disk.Bsize < keepFree-32<<20 {
			return
		}
		if _, err := file.Write(zeros); err != nil {
			return
		}
	}
}

func (s *site) breakBroker(ctx context.Context, f fault) {
	i := f.target % brokers
	proxy := s.toBrokers[i]
	switch f.kind {
	case killBroker:
		s.kafka.Kill(i)
		pause(ctx, f.length)
		if err := s.kafka.Restart(context.WithoutCancel(s.t.Context()), i); err != nil {
			s.t.Errorf("start a broker again: %v", err)
		}
	case cutBroker: // connections end at once, new ones are refused
		proxy.Stop()
		pause(ctx, f.length)
		if err := proxy.Start(); err != nil {
			s.t.Errorf("mend the way to a broker: %v", err)
		}
	case muteBroker: // connections stay, and nothing comes
		defer s.toxic(proxy, "timeout", "downstream", `"timeout":0`)()
		pause(ctx, f.length)
	}
}

// pause waits, unless ctx ends first.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
