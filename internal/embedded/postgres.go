package embedded

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/rs/zerolog"
)

// PostgresConfig says what to run. Host is required.
type PostgresConfig struct {
	// Host is the path of the binary watchglass-engine.
	Host string
	// Dir holds the data and logs, for their owner only, and is never removed. "" means a
	// new temporary directory, which Close removes. When we are root the server runs as
	// another user (it refuses root), to whom the directory is given: that user must be
	// able to reach it.
	Dir string
	// Settings are laid over the server's own, as in postgresql.conf.
	Settings map[string]string
	Log      zerolog.Logger
}

// Postgres is a running server with pgaudit loaded and its log in JSON. Anybody on
// loopback is let in as anybody; the superuser is "postgres". Its methods are for one
// goroutine at a time.
type Postgres struct {
	cfg     PostgresConfig
	bin     string
	user    *syscall.Credential // nil: as we are
	ownDir  bool
	port    int
	process *process
}

// StartPostgres makes a cluster with the distribution's newest PostgreSQL, runs it,
// and returns when it answers; about two seconds. ctx bounds the start only. When
// PostgreSQL or its pgaudit is not installed it fails with a *MissingError.
func StartPostgres(ctx context.Context, cfg PostgresConfig) (*Postgres, error) {
	if cfg.Host == "" {
		return nil, errors.New("start postgres: Host is required")
	}
	bin, err := postgresBin()
	if err != nil {
		return nil, err
	}
	p := &Postgres{cfg: cfg, bin: bin}
	if p.user, err = postgresUser(); err != nil {
		return nil, fmt.Errorf("start postgres: %w", err)
	}
	if err := p.makeDir(); err != nil {
		return nil, fmt.Errorf("start postgres: %w", err)
	}
	if err := p.initDB(ctx); err != nil {
		p.removeDir()
		return nil, err
	}
	for range startTries {
		var ports []int
		if ports, err = freePorts(1); err != nil {
			break
		}
		p.port = ports[0]
		if err = p.start(ctx); !errors.Is(err, errPortTaken) {
			break
		}
	}
	if err != nil {
		p.removeDir()
		return nil, err
	}
	cfg.Log.Info().Str("address", p.Addr()).Msg("postgres is up")
	return p, nil
}

func (p *Postgres) makeDir() error {
	if p.cfg.Dir == "" {
		dir, err := os.MkdirTemp("", "watchglass-postgres-")
		if err != nil {
			return err
		}
		p.cfg.Dir, p.ownDir = dir, true
	}
	dir, err := filepath.Abs(p.cfg.Dir)
	if err != nil {
		return err
	}
	p.cfg.Dir = dir
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if p.user == nil {
		return nil
	}
	return os.Chown(dir, int(p.user.Uid), int(p.user.Gid))
}

func (p *Postgres) removeDir() {
	if p.ownDir {
		_ = os.RemoveAll(p.cfg.Dir)
	}
}

func (p *Postgres) initDB(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, filepath.Join(p.bin, "initdb"),
		"--pgdata="+p.dataDir(), "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
	cmd.Dir = p.cfg.Dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.user, Pdeathsig: syscall.SIGKILL}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb in %s: %w: %s", p.dataDir(), err, out)
	}
	return nil
}

func (p *Postgres) start(ctx context.Context) error {
	args := []string{"run", "-stop", "INT", "-grace", "10s"}
	if p.user != nil {
		args = append(args, "-uid", strconv.Itoa(int(p.user.Uid)), "-gid", strconv.Itoa(int(p.user.Gid)))
	}
	args = append(args, "--", filepath.Join(p.bin, "postgres"), "-D", p.dataDir())
	args = append(args, postgresSettings(p.port, p.LogDir(), p.cfg.Settings)...)
	logPath := filepath.Join(p.cfg.Dir, "output.log")
	proc, err := startProcess("postgres", p.cfg.Host, args, nil, logPath)
	if err != nil {
		return err
	}
	if err := proc.ready(ctx, p.answers); err != nil {
		proc.kill()
		if portTaken(logPath) {
			return fmt.Errorf("%w: %w", errPortTaken, err)
		}
		return fmt.Errorf("%w\n%s", err, tail(filepath.Join(p.LogDir(), "postgresql.json")))
	}
	p.process = proc
	return nil
}

// answers asks with the distribution's own client.
func (p *Postgres) answers(ctx context.Context) error {
	_, err := p.SQL(ctx, "postgres", "postgres", "SELECT 1")
	return err
}

// SQL runs statements with psql as a user on a database, and returns what it prints:
// rows only, unaligned.
func (p *Postgres) SQL(ctx context.Context, user, database, sql string) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(p.bin, "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1",
		"-h", "127.0.0.1", "-p", strconv.Itoa(p.port), "-U", user, "-d", database, "-c", sql)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("psql as %s: %w: %s", user, err, out)
	}
	return string(out), nil
}

func (p *Postgres) dataDir() string { return filepath.Join(p.cfg.Dir, "data") }

// Addr is the server's host:port.
func (p *Postgres) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(p.port)) }

// LogDir is where the server writes its log: the file postgresql.json holds the JSON.
func (p *Postgres) LogDir() string { return filepath.Join(p.cfg.Dir, "log") }

// Close ends the server at once but in order, and waits for it.
func (p *Postgres) Close() {
	p.process.stop()
	p.removeDir()
}
