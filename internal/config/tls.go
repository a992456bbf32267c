package config

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
)

// TLS is the encryption of connections to one kind of server.
type TLS struct {
	Enabled    bool   `yaml:"enabled" default:"false" doc:"Encrypt. The server's certificate is always verified."`
	CAFile     Path   `yaml:"ca_file" doc:"Certificates to trust, PEM; the system's when absent."`
	CertFile   Path   `yaml:"cert_file" doc:"Certificate to show to the server, PEM."`
	KeyFile    Path   `yaml:"key_file" doc:"Its key, PEM."`
	ServerName string `yaml:"server_name" doc:"Name to expect in the server's certificate, if not the host's."`
}

// Client reads the files and returns what a client needs: nil when encryption
// is off. Errors name the file.
func (t TLS) Client() (*tls.Config, error) {
	if !t.Enabled {
		return nil, nil
	}
	out := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName}
	if t.CAFile != "" {
		pem, err := os.ReadFile(string(t.CAFile))
		if err != nil {
			return nil, fmt.Errorf("tls.ca_file: %w", err)
		}
		out.RootCAs = x509.NewCertPool()
		if !out.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("tls.ca_file: no certificate in %s", t.CAFile)
		}
	}
	if t.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(string(t.CertFile), string(t.KeyFile))
		if err != nil {
			return nil, fmt.Errorf("tls.cert_file and tls.key_file: %w", err)
		}
		out.Certificates = []tls.Certificate{pair}
	}
	return out, nil
}
