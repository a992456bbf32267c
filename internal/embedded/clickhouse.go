package embedded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rs/zerolog"
)

// ClickHouseConfig says what to run. Library, Host and Dir are required.
type ClickHouseConfig struct {
	// Library is the path from [Engines.ClickHouseLibrary].
	Library string
	// Host is the path of the binary watchglass-engine.
	Host string
	// Dir holds the data, configuration and logs. It is made if need be, for its owner
	// only, and never removed.
	Dir string
	// Users are XML elements for the part <users> besides the user default, who needs no
	// password, sees everything, and is let in from loopback only. Passwords, grants, row
	// policies (<databases>) and networks are enforced.
	Users string
	// Profiles, Quotas are XML elements for those parts, besides default.
	Profiles, Quotas string
	// Server is further XML for the top level of the configuration.
	Server string
	// MemoryBytes is what the server may use in all; 0 means 3 GB.
	MemoryBytes int64
	// Env is added to the server's environment, as "NAME=value".
	Env []string
	Log zerolog.Logger
}

// ClickHouse is a running server. Its methods are for one goroutine at a time.
type ClickHouse struct {
	cfg          ClickHouseConfig
	native, http int // ports of the server itself
	process      *process
	front        *orderly // what clients of the native protocol talk to
	address      string   // of front; the same after a restart
}

// StartClickHouse runs a server and returns when it answers queries; it takes about a
// second. ctx bounds the start only.
func StartClickHouse(ctx context.Context, cfg ClickHouseConfig) (*ClickHouse, error) {
	if cfg.Library == "" || cfg.Host == "" || cfg.Dir == "" {
		return nil, errors.New("start clickhouse: Library, Host and Dir are required")
	}
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("start clickhouse: %w", err)
	}
	cfg.Dir = dir
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("start clickhouse: %w", err)
	}
	c := &ClickHouse{cfg: cfg, address: loopback(0)}
	for range startTries {
		var ports []int
		if ports, err = freePorts(2); err != nil {
			return nil, fmt.Errorf("start clickhouse: %w", err)
		}
		c.native, c.http = ports[0], ports[1]
		if err = c.Start(ctx); !errors.Is(err, errPortTaken) {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Start runs the server again after Close or Kill, on the same ports and directory.
func (c *ClickHouse) Start(ctx context.Context) error {
	config := filepath.Join(c.cfg.Dir, "config.xml")
	if err := os.WriteFile(config, clickHouseXML(c.cfg, config), 0o600); err != nil {
		return fmt.Errorf("start clickhouse: %w", err)
	}
	logPath := filepath.Join(c.cfg.Dir, "output.log")
	p, err := startProcess("clickhouse", c.cfg.Host, []string{
		"clickhouse", c.cfg.Library,
		"--config-file=" + config,
		"--path=" + c.dataDir(),
		"--listen_host=127.0.0.1",
		"--tcp_port=" + strconv.Itoa(c.native),
		"--http_port=" + strconv.Itoa(c.http),
		// The last query reads our pipe, and so lasts as long as we hold it open.
		"--query", "SYSTEM START LISTEN TCP; SYSTEM START LISTEN HTTP; SELECT count() FROM file('/dev/fd/0', 'LineAsString') FORMAT Null",
	}, c.cfg.Env, logPath)
	if err != nil {
		return err
	}
	if err := p.ready(ctx, c.answers); err != nil {
		p.kill()
		if portTaken(logPath) {
			return fmt.Errorf("%w: %w", errPortTaken, err)
		}
		return err
	}
	if c.front, err = startOrderly(c.address, loopback(c.native)); err != nil {
		p.kill()
		return fmt.Errorf("start clickhouse: %w", err)
	}
	c.process, c.address = p, c.front.addr()
	c.cfg.Log.Info().Str("native", c.Native()).Str("http", c.HTTP()).Msg("clickhouse is up")
	return nil
}

// answers asks for the data directory: another server may have got the port.
func (c *ClickHouse) answers(ctx context.Context) error {
	got, err := c.query(ctx, "SELECT value FROM system.server_settings WHERE name = 'path'")
	if err != nil {
		return err
	}
	if got != c.dataDir() {
		return fmt.Errorf("%s is answered by another server", c.HTTP())
	}
	return nil
}

func (c *ClickHouse) query(ctx context.Context, sql string) (string, error) {
	u := url.URL{Scheme: "http", Host: c.HTTP(), Path: "/"}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewBufferString(sql))
	if err != nil {
		return "", err
	}
	req.Close = true // no idle connection stays behind
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s", resp.Status, strings.TrimSpace(string(body)))
	}
	return strings.TrimSpace(string(body)), nil
}

func (c *ClickHouse) dataDir() string { return filepath.Join(c.cfg.Dir, "data") }

// Native is the host:port of the native protocol, for clickhouse-go and ch-go.
func (c *ClickHouse) Native() string { return c.address }

// HTTP is the host:port of the HTTP interface.
func (c *ClickHouse) HTTP() string { return loopback(c.http) }

// Close ends the server in order and waits for it. Its directory stays.
func (c *ClickHouse) Close() {
	c.front.close()
	c.process.stop()
}

// Kill is kill -9. Start brings the server back.
func (c *ClickHouse) Kill() {
	c.process.kill()
	c.front.close()
}
