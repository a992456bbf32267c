package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"
)

// ServerConfig is where the operators' endpoint is.
type ServerConfig struct {
	Listen string // host:port; "" for none
	Pprof  bool
}

// Server serves /livez, /readyz, /metrics and, if wanted, /debug/pprof/. It
// has no login and belongs on an inner network.
type Server struct {
	cfg      ServerConfig
	log      zerolog.Logger
	listener net.Listener
	handler  http.Handler
}

// NewServer takes the address, so that a port in use is known at start, and
// serves nothing before [Server.Run].
func NewServer(cfg ServerConfig, ready *Ready, registry prometheus.Gatherer, log zerolog.Logger) (*Server, error) {
	s := &Server{cfg: cfg, log: log, handler: handler(cfg, ready, registry)}
	if cfg.Listen == "" {
		return s, nil
	}
	listener, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("http.listen: %w", err)
	}
	s.listener = listener
	return s, nil
}

// Addr is the address in use, "" for none.
func (s *Server) Addr() string {
	if s.listener == nil {
		return ""
	}
	return s.listener.Addr().String()
}

// Run serves until ctx ends, then lets requests finish for a short while.
func (s *Server) Run(ctx context.Context) error {
	if s.listener == nil {
		<-ctx.Done()
		return nil
	}
	server := &http.Server{Handler: s.handler, ReadHeaderTimeout: 5 * time.Second}
	s.log.Info().Str("address", s.Addr()).Msg("serving health and metrics")
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := server.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve http: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		if server.Shutdown(grace) != nil {
			_ = server.Close()
		}
		return nil
	})
	return group.Wait()
}

func handler(cfg ServerConfig, ready *Ready, registry prometheus.Gatherer) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		conditions, ok := ready.Conditions()
		if !ok {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		for _, c := range conditions {
			state := "ok"
			if c.Waiting != nil {
				state = "waiting: " + c.Waiting.Error()
			}
			_, _ = fmt.Fprintf(w, "%s: %s\n", c.Name, state)
		}
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	if cfg.Pprof {
		mux.HandleFunc("/debug/pprof/", pprof.Index)
		mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	}
	return mux
}
