package store_test

import (
	"context"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ClickHouse/ch-go"

	"github.com/watchglass/watchglass/internal/store"
)

// proxy stands between a writer and the server, and cuts the connection.
type proxy struct {
	listener net.Listener
	server   string
	up       atomic.Int64 // bytes that still reach the server; then the connection is cut
	mute     atomic.Bool  // answers are lost, and the connection with the next one
	running  sync.WaitGroup
}

func newProxy(t *testing.T, server string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, server: server}
	p.up.Store(1 << 40)
	p.running.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			p.running.Go(func() { p.serve(client) })
		}
	})
	t.Cleanup(func() { l.Close(); p.running.Wait() })
	return p
}

func (p *proxy) serve(client net.Conn) {
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		client.Close()
		return
	}
	end := func() { client.Close(); server.Close() }
	p.running.Go(func() {
		defer end()
		buffer := make([]byte, 64<<10)
		for {
			n, err := client.Read(buffer)
			left := p.up.Add(-int64(n)) + int64(n)
			if _, werr := server.Write(buffer[:max(0, min(int64(n), left))]); err != nil || werr != nil || left < int64(n) {
				return
			}
		}
	})
	defer end()
	buffer := make([]byte, 64<<10)
	for {
		n, err := server.Read(buffer)
		if err != nil || p.mute.Load() {
			return
		}
		if _, err := client.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// Wherever the connection breaks, the insert fails, may be retried, and the
// retry leaves every row exactly once.
func TestConnectionLostInTheMiddle(t *testing.T) {
	cfg, db := migrated(t)
	through := newProxy(t, cfg.Addr[0])
	cfg.Addr = []string{through.listener.Addr().String()}
	w := writer(t, cfg)
	const rows = 5000
	now := time.Now().Add(-3 * time.Hour)
	insert(t, w, block("access-events", 9, 0, 1, now), "access-events/9/0-1") // connects

	for i, c := range []struct {
		name string
		lose func()
	}{
		{"within the block", func() { through.up.Store(20_000) }},
		{"the acknowledgement", func() { through.mute.Store(true) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := block("access-events", int32(i), 0, rows, now)
			token := "access-events/" + string(rune('0'+i)) + "/0-5000"
			c.lose()
			if err := w.Insert(t.Context(), b, token, time.Now()); !store.Retryable(err) {
				t.Fatalf("got %v, want a retryable error", err)
			}
			through.up.Store(1 << 40)
			through.mute.Store(false)
			insert(t, w, b, token)
			held, err := db.Held(t.Context(), store.EventsTable, "access-events", int32(i), 0)
			if err != nil || len(held) != 1 || held[0] != (store.Range{From: 0, To: rows - 1}) {
				t.Errorf("held %v, %v", held, err)
			}
			if n := ask[uint64](t, db, "SELECT count() FROM "+db.Name(store.EventsTable)+" WHERE kafka_partition = ?", int32(i)); n != rows {
				t.Errorf("%d rows, want %d", n, rows)
			}
		})
	}
}

// The fence judges the time when the block arrives: a sender that is paused
// between its query and its block is refused, though its query came in time.
func TestFenceJudgesTheArrivalOfTheBlock(t *testing.T) {
	cfg, db := migrated(t)
	client, err := ch.Dial(t.Context(), ch.Options{Address: cfg.Addr[0]})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	b := block("access-events", 0, 0, 1, time.Now().Add(-time.Hour))
	b.Seal(time.Now().Add(-store.LateBound).Add(time.Second)) // in time for one more second
	input := b.Input()
	first := true
	err = client.Do(t.Context(), ch.Query{
		Body: "INSERT INTO " + db.Name(store.EventsTable) + " " + input.Columns() + " VALUES", Input: input,
		Settings: []ch.Setting{ch.SettingInt("async_insert", 0)},
		OnInput: func(ctx context.Context) error {
			if !first {
				return io.EOF
			}
			first = false
			wait, cancel := context.WithTimeout(ctx, 2500*time.Millisecond)
			defer cancel()
			<-wait.Done() // the pause itself: the query is there, the block is not
			return nil
		},
	})
	_ = err
	if n := count(t, db, store.EventsTable); n != 0 {
		t.Errorf("%d rows were stored after the bound", n)
	}
}
