package webhook

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
)

// Class says why no status arrived. The set is closed: classes are metric
// labels and stand in schema.Delivery.
type Class string

// Classes.
const (
	NoError          Class = ""
	Timeout          Class = "timeout"
	NoSuchHost       Class = "dns"
	ConnectRefused   Class = "connection_refused"
	ConnectionLost   Class = "connection_lost" // reset, or closed before a status
	TLSFailed        Class = "tls"
	ForbiddenAddress Class = "forbidden_address" // see Guard
	BadResponse      Class = "bad_response"      // not HTTP, or headers over the limit
	NetworkFailed    Class = "network"           // anything else
)

// Classes returns the closed set.
func Classes() []Class {
	return []Class{NoError, Timeout, NoSuchHost, ConnectRefused, ConnectionLost, TLSFailed, ForbiddenAddress, BadResponse, NetworkFailed}
}

// classify finds the class of a transport's error, and text for the log that
// holds nothing of the request and nothing that the endpoint said.
func classify(err error) (Class, string) {
	var (
		forbidden *ForbiddenError
		dns       *net.DNSError
		unknown   x509.UnknownAuthorityError
		hostname  x509.HostnameError
		invalid   x509.CertificateInvalidError
		verify    *tls.CertificateVerificationError
		record    tls.RecordHeaderError
		operation *net.OpError
		network   net.Error
	)
	switch {
	case errors.As(err, &forbidden):
		return ForbiddenAddress, forbidden.Error()
	case errors.As(err, &unknown):
		return TLSFailed, "certificate signed by an unknown authority"
	case errors.As(err, &hostname):
		return TLSFailed, "certificate is not for this host"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return TLSFailed, "certificate has expired or is not valid yet"
	case errors.As(err, &verify):
		return TLSFailed, "certificate cannot be verified"
	case errors.As(err, &record):
		return TLSFailed, "endpoint does not speak TLS"
	case errors.As(err, &operation) && (operation.Op == "remote error" || operation.Op == "local error"): // TLS alerts
		return TLSFailed, "handshake refused: " + operation.Err.Error()
	case errors.As(err, &dns) && !dns.IsTimeout:
		return NoSuchHost, "host name cannot be resolved"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return Timeout, "no answer in time"
	case errors.Is(err, syscall.ECONNREFUSED):
		return ConnectRefused, "connection refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, net.ErrClosed),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), strings.Contains(err.Error(), "server closed idle connection"):
		return ConnectionLost, "connection lost before an answer"
	case strings.Contains(err.Error(), "malformed HTTP"), strings.Contains(err.Error(), "headers exceeded"):
		return BadResponse, "answer is not HTTP, or its headers are too long"
	case strings.HasPrefix(err.Error(), "tls: "):
		return TLSFailed, "handshake failed"
	default:
		return NetworkFailed, "request failed"
	}
}
