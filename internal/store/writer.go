package store

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ClickHouse/ch-go"
	"github.com/prometheus/client_golang/prometheus"
)

// WriterConfig configures a [Writer].
type WriterConfig struct {
	Config
	Connections   int                   // inserts at the same time, each with its own encoding buffers; default 2
	InsertTimeout time.Duration         // deadline of one insert, on both sides; default 60 s, at most LateBound
	Metrics       prometheus.Registerer // nil: not registered
}

// Writer inserts blocks. It is safe for concurrent use. It has no goroutine of
// its own and dials when it must; connections are kept between inserts.
type Writer struct {
	cfg     WriterConfig
	slots   chan *ch.Client // a nil client is a slot without a connection
	next    atomic.Uint32   // round robin over Addr
	metrics writerMetrics
	close   sync.Once
}

// NewWriter checks the configuration; it connects to nothing.
func NewWriter(cfg WriterConfig) (*Writer, error) {
	if err := cfg.Validate(); err != nil {
		return nil, &FatalError{Advice: err.Error()}
	}
	if cfg.Connections <= 0 {
		cfg.Connections = 2
	}
	if cfg.InsertTimeout <= 0 {
		cfg.InsertTimeout = time.Minute
	}
	if cfg.InsertTimeout > LateBound {
		return nil, fatalf("clickhouse.insert_timeout: %s is above %s, after which the server refuses the rows", cfg.InsertTimeout, LateBound)
	}
	w := &Writer{cfg: cfg, slots: make(chan *ch.Client, cfg.Connections), metrics: newWriterMetrics(cfg.Metrics)}
	for range cfg.Connections {
		w.slots <- nil
	}
	return w, nil
}

// Insert sends rows as one block in one insert with the token, and returns nil
// only when the server has acknowledged them. After any error their fate is
// unknown: the SAME rows with the same token may be sent again, and whatever is
// there already is not stored twice. An empty block is acknowledged without
// asking anybody.
//
// asked becomes stored_at of every row: the server refuses them when they
// arrive more than [LateBound] after it. The caller MUST have known since then
// that the rows are its own to write.
//
// It waits for a free connection, and returns promptly when ctx ends. A
// connection whose insert failed or was cancelled is closed, never used again.
func (w *Writer) Insert(ctx context.Context, rows Rows, token string, asked time.Time) error {
	n := rows.Rows()
	switch {
	case n == 0:
		return nil
	case n > MaxBlockRows:
		return fatalf("insert %s: %d rows are more than %d in one block", token, n, MaxBlockRows)
	case token == "":
		return fatalf("insert into %s: no deduplication token", rows.Table())
	}
	started := time.Now()
	err := classify("insert "+token+" into "+rows.Table(), w.insert(ctx, rows, token, asked))
	w.metrics.observe(rows, time.Since(started), err)
	return err
}

func (w *Writer) insert(ctx context.Context, rows Rows, token string, asked time.Time) (err error) {
	var client *ch.Client
	select {
	case client = <-w.slots:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() {
		if err != nil && client != nil {
			client.Close()
			client = nil
		}
		w.slots <- client
	}()

	ctx, cancel := context.WithTimeout(ctx, w.cfg.InsertTimeout)
	defer cancel()
	if client == nil || client.IsClosed() {
		if client, err = w.dial(ctx); err != nil {
			return err
		}
	}
	// ch-go notices a cancelled context only between packets: closing the
	// connection is what wakes it up. That may still be running when the slot
	// gets its client, or nil, back: it must not look at that variable.
	sending := client
	stop := context.AfterFunc(ctx, func() { sending.Close() })
	defer stop()

	rows.Seal(asked)
	input := rows.Input()
	err = client.Do(ctx, ch.Query{
		Body:     "INSERT INTO " + quote(w.cfg.Database) + "." + quote(rows.Table()) + " " + input.Columns() + " VALUES",
		Input:    input,
		Settings: insertSettings(token, w.cfg.InsertTimeout),
	})
	if err == nil && !stop() {
		// The answer and the end of ctx crossed. The rows are acknowledged;
		// only the connection is gone.
		client = nil
	}
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("%w (%w)", context.Cause(ctx), err)
	}
	return err
}

// dial connects to the next address. ch-go heeds only the deadline of ctx
// while it shakes hands, so the end of ctx closes the connection under it.
func (w *Writer) dial(ctx context.Context) (*ch.Client, error) {
	addr := w.cfg.Addr[int(w.next.Add(1)-1)%len(w.cfg.Addr)]
	ctx, cancel := context.WithTimeout(ctx, w.cfg.DialTimeout)
	defer cancel()
	conn, err := w.connect(ctx, addr)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", addr, err)
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	client, err := ch.Connect(ctx, conn, ch.Options{
		User: w.cfg.User, Password: w.cfg.Password, // every statement names its database
		Compression: ch.CompressionLZ4, ClientName: "watchglass",
		ReadTimeout: ch.NoTimeout, // the insert's deadline is enough
	})
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("connect to %s: %w", addr, err)
	}
	return client, nil
}

func (w *Writer) connect(ctx context.Context, addr string) (net.Conn, error) {
	dialer := &net.Dialer{KeepAlive: 10 * time.Second}
	if w.cfg.TLS == nil {
		return dialer.DialContext(ctx, "tcp", addr)
	}
	return (&tls.Dialer{NetDialer: dialer, Config: w.cfg.TLS}).DialContext(ctx, "tcp", addr)
}

// insertSettings pins what exactness rests on, whatever the user's profile and
// the server's version say. They are sent as important: a server that does not
// know one refuses the insert.
func insertSettings(token string, timeout time.Duration) []ch.Setting {
	seconds := strconv.Itoa(max(1, int(timeout/time.Second)))
	pinned := [][2]string{
		{"async_insert", "0"},                    // the acknowledgement means stored
		{"insert_deduplicate", "1"},              //
		{"insert_deduplication_token", token},    //
		{"max_insert_threads", "1"},              // one block stays one block
		{"max_insert_block_size", "1048449"},     // and is not cut
		{"max_partitions_per_insert_block", "0"}, // event times decide; a refused block would never get better
		{"max_execution_time", seconds},          // the deadline on the server's side
		{"receive_timeout", seconds},             // and while it waits for the block
		{"send_timeout", seconds},                //
		{"timeout_overflow_mode", "throw"},       //
		{"fsync_metadata", "1"},                  //
		{"insert_quorum_parallel", "0"},          // replicated: sequential consistency needs it
	}
	settings := make([]ch.Setting, len(pinned))
	for i, p := range pinned {
		settings[i] = ch.Setting{Key: p[0], Value: p[1], Important: true}
	}
	return settings
}

// Close waits for the running inserts and ends all connections. Insert must
// not be called afterwards.
func (w *Writer) Close() {
	w.close.Do(func() {
		for range w.cfg.Connections {
			if client := <-w.slots; client != nil {
				client.Close()
			}
		}
	})
}
