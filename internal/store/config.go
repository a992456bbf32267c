package store

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"
)

// Engine says which family of tables the migrations make.
type Engine string

const (
	// Plain tables live on one server. Deduplication does not span servers,
	// so exactly one address may be configured.
	Plain Engine = "plain"
	// Replicated tables need ClickHouse Keeper; addresses are replicas.
	Replicated Engine = "replicated"
)

// Config says where ClickHouse is and who we are there.
type Config struct {
	Addr        []string // host:port of the native protocol; several only for replicas
	Database    string   // default "default"; made by Migrate if missing
	User        string   // default "default"
	Password    string
	TLS         *tls.Config   // nil: no TLS
	DialTimeout time.Duration // default 5 s
	Engine      Engine        // default Plain
}

// Validate fills in the defaults and says what cannot work.
func (c *Config) Validate() error {
	if len(c.Addr) == 0 {
		return errors.New("clickhouse.addresses: missing; give host:port of ClickHouse's native protocol (9000, with TLS 9440)")
	}
	for _, a := range c.Addr {
		if _, _, err := net.SplitHostPort(a); err != nil {
			return fmt.Errorf("clickhouse.addresses: %q is not host:port", a)
		}
	}
	if c.Database == "" {
		c.Database = "default"
	}
	if c.User == "" {
		c.User = "default"
	}
	if c.DialTimeout == 0 {
		c.DialTimeout = 5 * time.Second
	}
	switch c.Engine {
	case "":
		c.Engine = Plain
	case Plain, Replicated:
	default:
		return fmt.Errorf("clickhouse.engine: %q is neither %q nor %q", c.Engine, Plain, Replicated)
	}
	if c.Engine == Plain && len(c.Addr) > 1 {
		return errors.New("clickhouse.addresses: several addresses need clickhouse.engine: replicated, " +
			"because plain tables drop repeated inserts only on the server that got the first")
	}
	return nil
}
