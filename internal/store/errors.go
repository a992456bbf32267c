package store

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/ClickHouse/ch-go"
	"github.com/ClickHouse/clickhouse-go/v2"
)

// FatalError is an error that waiting will not mend. Its message names the
// setting to change. All other errors of this package are retryable, unknown
// outcomes included: sending again with the same token is safe.
type FatalError struct {
	Advice string // what to change
	Err    error  // what the server or the network said
}

func (e *FatalError) Error() string {
	if e.Err == nil {
		return e.Advice
	}
	return e.Err.Error() + ": " + e.Advice
}

func (e *FatalError) Unwrap() error { return e.Err }

// Retryable tells whether the same call may succeed later. It is false for nil.
func Retryable(err error) bool {
	var fatal *FatalError
	return err != nil && !errors.As(err, &fatal)
}

func fatalf(format string, args ...any) error {
	return &FatalError{Advice: fmt.Sprintf(format, args...)}
}

// Codes of ClickHouse's src/Common/ErrorCodes.cpp.
const (
	codeNoSuchColumn      = 16
	codeUnknownIdentifier = 47
	codeUnknownTable      = 60
	codeUnknownDatabase   = 81
	codeUnknownSetting    = 115
	codeReadonly          = 164
	codeUnknownUser       = 192
	codeWrongPassword     = 193
	codeRequiredPassword  = 194
	codeViolated          = 469
	codeAccessDenied      = 497
	codeAuthFailed        = 516
)

// advice says what to change about an error that waiting will not mend; ""
// when it may pass.
func advice(code int) string {
	switch code {
	case codeAuthFailed, codeUnknownUser, codeWrongPassword, codeRequiredPassword:
		return "check clickhouse.username and clickhouse.password"
	case codeUnknownDatabase:
		return "check clickhouse.database, or run `watchglass migrate`"
	case codeUnknownTable, codeNoSuchColumn, codeUnknownIdentifier:
		return "the schema is older than this program: run `watchglass migrate`"
	case codeAccessDenied:
		return "grant clickhouse.username what deploy/clickhouse/roles.sql lists"
	case codeReadonly:
		return "the profile of clickhouse.username must not be readonly"
	case codeUnknownSetting:
		return "this ClickHouse is too old: 26.3.22.6 or later is needed"
	}
	return ""
}

// classify wraps an error of either client with what was being done, as a
// FatalError where waiting will not help. The texts of server exceptions are
// reduced to their code and name: they may quote data.
func classify(doing string, err error) error {
	if err == nil {
		return nil
	}
	if code, name, ok := exception(err); ok {
		short := &serverError{Doing: doing, Code: code, Name: name, Err: err}
		if a := advice(code); a != "" {
			return &FatalError{Advice: a, Err: short}
		}
		return short
	}
	wrapped := fmt.Errorf("%s: %w", doing, err)
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return wrapped
	case isCertificateError(err):
		return &FatalError{Advice: "check clickhouse.tls: the server's certificate is not trusted", Err: wrapped}
	case isRecordHeader(err):
		return &FatalError{Advice: "check clickhouse.tls and the port: the server does not speak TLS there", Err: wrapped}
	}
	return wrapped
}

// classifyDDL is classify for statements that carry no data: the server's own
// text is kept.
func classifyDDL(doing string, err error) error {
	if _, _, ok := exception(err); ok {
		return classify(fmt.Sprintf("%s: %v", doing, err), err)
	}
	return classify(doing, err)
}

func isCertificateError(err error) bool {
	var (
		unknownCA x509.UnknownAuthorityError
		hostname  x509.HostnameError
		invalid   x509.CertificateInvalidError
	)
	return errors.As(err, &unknownCA) || errors.As(err, &hostname) || errors.As(err, &invalid)
}

func isRecordHeader(err error) bool {
	var record tls.RecordHeaderError
	return errors.As(err, &record)
}

// exception finds the server's exception in the errors of either client.
func exception(err error) (code int, name string, ok bool) {
	var a *ch.Exception
	if errors.As(err, &a) {
		return int(a.Code), a.Name, true
	}
	var b *clickhouse.Exception
	if errors.As(err, &b) {
		return int(b.Code), b.Name, true
	}
	return 0, "", false
}

// serverError is an exception of the server without its text, which may quote
// rows. Unwrap gives the original to whoever must know.
type serverError struct {
	Doing string
	Code  int
	Name  string
	Err   error
}

func (e *serverError) Error() string {
	if e.Code == codeViolated {
		return fmt.Sprintf("%s: clickhouse refused the insert at its fence (code %d): it arrived more than %s after it was sent, or the clocks differ by that much",
			e.Doing, e.Code, LateBound)
	}
	return fmt.Sprintf("%s: clickhouse code %d %s", e.Doing, e.Code, e.Name)
}

func (e *serverError) Unwrap() error { return e.Err }
