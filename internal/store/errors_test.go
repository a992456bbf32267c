package store

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/watchglass/watchglass/schema"
)

// refusing is a server that answers every handshake with one exception. (The
// embedded engine of the tests ends itself when a native handshake fails, so
// it cannot be asked.)
func refusing(t *testing.T, code proto.Error, text string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-ended })
	go func() {
		defer close(ended)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
			_, _ = conn.Read(make([]byte, 4096))
			var b proto.Buffer
			proto.ServerCodeException.Encode(&b)
			e := proto.Exception{Code: code, Name: "DB::Exception", Message: text}
			e.EncodeAware(&b, proto.Version)
			_, _ = conn.Write(b.Buf)
			conn.Close()
		}
	}()
	return l.Addr().String()
}

func TestRefusedHandshake(t *testing.T) {
	const secret = "e-1042 has another password"
	for name, c := range map[string]struct {
		code  proto.Error
		fatal bool
		want  string
	}{
		"wrong password":      {codeAuthFailed, true, "check clickhouse.username and clickhouse.password"},
		"unknown database":    {codeUnknownDatabase, true, "check clickhouse.database"},
		"too many queries":    {202, false, "clickhouse code 202"},
		"memory limit":        {241, false, "clickhouse code 241"},
		"shutting down":       {236, false, "clickhouse code 236"},
		"readonly user":       {codeReadonly, true, "must not be readonly"},
		"grant missing":       {codeAccessDenied, true, "roles.sql"},
		"setting not known":   {codeUnknownSetting, true, "too old"},
		"column not there":    {codeNoSuchColumn, true, "run `watchglass migrate`"},
		"too many parts":      {252, false, "clickhouse code 252"},
		"keeper is not there": {999, false, "clickhouse code 999"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := Config{Addr: []string{refusing(t, c.code, secret)}}
			db, opened := Open(t.Context(), cfg)
			if opened == nil {
				db.Close()
			}
			w, err := NewWriter(WriterConfig{Config: cfg, Connections: 1})
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			b := NewBlock()
			b.Append(&schema.AccessEvent{}, schema.Position{}, time.Now(), "json", "")
			for doing, err := range map[string]error{"open": opened, "insert": w.Insert(t.Context(), b, "t/0/0-1", time.Now())} {
				if err == nil {
					t.Fatalf("%s: no error", doing)
				}
				if Retryable(err) == c.fatal || !strings.Contains(err.Error(), c.want) {
					t.Errorf("%s: got %q, fatal %v", doing, err, !Retryable(err))
				}
				if strings.Contains(err.Error(), secret) {
					t.Errorf("%s: the server's text is in %q: it may quote data", doing, err)
				}
			}
		})
	}
}

func TestRetryable(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"nil":                {nil, false},
		"connection lost":    {classify("insert", net.ErrClosed), true},
		"deadline":           {classify("insert", context.DeadlineExceeded), true},
		"setting to change":  {fatalf("x"), false},
		"wrapped fatal":      {errors.Join(errors.New("a"), fatalf("x")), false},
		"anything not known": {errors.New("x"), true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Retryable(c.err); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}
