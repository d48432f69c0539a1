// Package exit holds the exit codes of the crossover command and of the test binary when it is run
// directly. go test flattens every failure to 1 and make to 2; only the command and the binary keep
// these.
package exit

import (
	"errors"
	"fmt"
)

// Code is a process's exit status.
type Code int

// The exit codes, as the README documents them.
const (
	OK           Code = 0 // everything asked for was done, every verdict passed
	Internal     Code = 1 // a fault of Crossover itself
	Usage        Code = 2 // a flag, an argument or a declaration is wrong
	Threshold    Code = 3 // a threshold failed
	Regression   Code = 4 // reserved: a comparison with a baseline found a regression
	NoData       Code = 5 // no data, missing combinations, unreadable input
	Inconclusive Code = 6 // the data cannot decide
	Unfit        Code = 7 // the machine is too noisy or overloaded to measure
)

// Error is an error that knows the exit code it ends the process with.
type Error struct {
	Code Code
	Err  error
}

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the error that carries the message.
func (e *Error) Unwrap() error { return e.Err }

// Errorf returns an Error with the given code; format is as for fmt.Errorf.
func Errorf(code Code, format string, args ...any) error {
	return &Error{Code: code, Err: fmt.Errorf(format, args...)}
}

// With returns err with a code, nil for nil.
func With(code Code, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Code: code, Err: err}
}

// CodeOf returns the exit code that err asks for: OK for nil, Internal for an error that carries
// none.
func CodeOf(err error) Code {
	if err == nil {
		return OK
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return Internal
}
