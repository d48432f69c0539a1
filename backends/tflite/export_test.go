//go:build cgo && linux

package tflite

import (
	"context"
	"time"

	"github.com/mattn/go-tflite"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/fixtures"
)

// WithTrialLimit sets how long a trial in a child process may take.
func WithTrialLimit(b backends.Backend, limit time.Duration) backends.Backend {
	b.(*backend).Limit = limit
	return b
}

// MapFile maps a file and returns a function that unmaps it.
func MapFile(path string) (unmap func(), err error) {
	m, err := mapFile(path)
	if err != nil {
		return nil, err
	}
	return m.close, nil
}

// OpenHere opens without the preceding checks and trial.
func OpenHere(b backends.Backend, v fixtures.Variant) (backends.Session, error) {
	s, err := b.(*backend).load(v)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Admit runs only the checks and the trial.
func Admit(ctx context.Context, b backends.Backend, v fixtures.Variant) error {
	return b.(*backend).admit(ctx, v)
}

// FlushStdio writes out what C code has printed so far.
func FlushStdio() { flushStdio() }

// Trials returns how many results of trials are cached.
func Trials() int {
	outcomes.Lock()
	defer outcomes.Unlock()
	return len(outcomes.of)
}

// Adopted are the types of go-tflite that this package treats as one C pointer.
var Adopted = []any{tflite.Model{}, tflite.InterpreterOptions{}}
