package stream

import (
	"errors"
	"fmt"
)

// FatalError stops the process: waiting will not help. Its message names the
// setting to change.
type FatalError struct{ Err error }

func (e *FatalError) Error() string { return e.Err.Error() }
func (e *FatalError) Unwrap() error { return e.Err }

// Fatal marks an error as one that waiting will not mend.
func Fatal(format string, args ...any) error { return &FatalError{fmt.Errorf(format, args...)} }

// IsFatal tells whether an error, or one it wraps, is fatal.
func IsFatal(err error) bool {
	var fatal *FatalError
	return errors.As(err, &fatal)
}

// PoisonError is the verdict on one record that can never be handled: it goes
// to the dead letters and its neighbours go on.
type PoisonError struct {
	Reason string // of a closed, documented set: becomes a metric label
	Detail string // which member, which limit; never a value
}

func (e *PoisonError) Error() string { return e.Reason + ": " + e.Detail }

// ErrSkipped is what a [Builder] returns for a record that is neither a row nor
// poison, such as another line of a database's log.
var ErrSkipped = errors.New("not a record of this kind")
