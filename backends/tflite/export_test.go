//go:build cgo && linux

package tflite

import (
	"context"

	"github.com/mattn/go-tflite"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/fixtures"
)

// OpenHere opens without the checks and the trial that come before.
func OpenHere(b backends.Backend, v fixtures.Variant) (backends.Session, error) {
	s, err := b.(*backend).load(v)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Admit makes the checks and the trial alone.
func Admit(ctx context.Context, b backends.Backend, v fixtures.Variant) error {
	return b.(*backend).admit(ctx, v)
}

// FlushStdio writes out what C code has printed so far.
func FlushStdio() { flushStdio() }

// Trials returns how many trials in a child process are remembered.
func Trials() int {
	verdicts.Lock()
	defer verdicts.Unlock()
	return len(verdicts.of)
}

// Adopted are the types of go-tflite that this package sees as one C pointer.
var Adopted = []any{tflite.Model{}, tflite.InterpreterOptions{}}
