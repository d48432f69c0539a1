// Package backendtest is a Backend that computes nothing: it answers with a
// scripted timing and an output that depends on the input alone, so that what
// stands on backends can be tested without a runtime, a model or a clock. No
// time passes while it runs: a session that says it took 30 ms returns at once.
package backendtest

import (
	"context"
	"fmt"
	"hash/fnv"
	"sync"
	"time"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/fixtures"
)

// Classes is the number of int8 elements in the one output of every session.
const Classes = 10

// Script gives the timing of inference i of a session on variant v, i from 0.
// An error ends that inference instead.
type Script func(v fixtures.Variant, i int) (backends.Timing, error)

// Constant scripts every inference to take total, all of it execution.
func Constant(total time.Duration) Script {
	return func(fixtures.Variant, int) (backends.Timing, error) {
		return backends.Timing{Total: total, Exec: total}, nil
	}
}

// Sequence scripts the first inferences to take the given times, and every
// later one the last of them. It panics without a time.
func Sequence(totals ...time.Duration) Script {
	if len(totals) == 0 {
		panic("backendtest: a sequence needs at least one time")
	}
	return func(_ fixtures.Variant, i int) (backends.Timing, error) {
		total := totals[min(i, len(totals)-1)]
		return backends.Timing{Total: total, Exec: total}, nil
	}
}

// Backend is the fake. Its fields are read at Open; it is safe for concurrent
// use once it is set up.
type Backend struct {
	// Label is the backend's name.
	Label string
	// Script times the inferences; nil means Constant(time.Millisecond).
	Script Script
	// OpenErr, when it is not nil, is asked before each Open; its error is
	// Open's answer.
	OpenErr func(v fixtures.Variant) error
	// Input describes the input of a variant that has no image; the zero value
	// means 16 float32 elements.
	Input fixtures.Tensor

	mu             sync.Mutex
	opened, closed int
}

// New returns a fake backend called name whose inferences run by script.
func New(name string, script Script) *Backend {
	return &Backend{Label: name, Script: script}
}

// Unavailable returns a fake backend that this machine always lacks.
func Unavailable(name, missing, hint string) *Backend {
	return &Backend{Label: name, OpenErr: func(fixtures.Variant) error {
		return &backends.UnavailableError{Backend: name, Missing: missing, Hint: hint}
	}}
}

// Name returns the backend's name.
func (b *Backend) Name() string { return b.Label }

// Opened returns how many sessions were opened so far and how many are still
// open: after a test, none should be.
func (b *Backend) Opened() (total, still int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.opened, b.opened - b.closed
}

// Open returns a session that answers by the script.
func (b *Backend) Open(ctx context.Context, v fixtures.Variant) (backends.Session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if b.OpenErr != nil {
		if err := b.OpenErr(v); err != nil {
			return nil, err
		}
	}
	in := b.Input
	switch {
	case v.Image != nil:
		in = fixtures.Tensor{Name: "image", Type: "uint8", Shape: []int{1, v.Image.Height, v.Image.Width, 3}}
	case in.Type == "":
		in = fixtures.Tensor{Name: "input", Type: "float32", Shape: []int{1, 16}}
	}
	size, err := backends.TensorBytes(in)
	if err != nil {
		return nil, fmt.Errorf("%s: input: %w", v.Name, err)
	}
	script := b.Script
	if script == nil {
		script = Constant(time.Millisecond)
	}
	b.mu.Lock()
	b.opened++
	b.mu.Unlock()
	return &session{backend: b, variant: v, script: script, in: in, size: size}, nil
}

type session struct {
	backend *Backend
	variant fixtures.Variant
	script  Script
	in      fixtures.Tensor
	size    int
	runs    int
	closed  bool
}

func (s *session) Inputs() []fixtures.Tensor { return []fixtures.Tensor{s.in} }

func (s *session) Outputs() []fixtures.Tensor {
	return []fixtures.Tensor{{Name: "scores", Type: "int8", Shape: []int{1, Classes}, Scale: 1.0 / 256, ZeroPoint: -128}}
}

// Infer answers with the script's timing and scores that are a hash of the
// input: equal inputs give equal outputs, in every process.
func (s *session) Infer(ctx context.Context, in, out [][]byte) (backends.Timing, error) {
	switch {
	case s.closed:
		return backends.Timing{}, fmt.Errorf("%s: the session is closed", s.variant.Name)
	case len(in) != 1 || len(in[0]) != s.size:
		return backends.Timing{}, fmt.Errorf("%s: want one input of %d bytes", s.variant.Name, s.size)
	case len(out) != 1 || len(out[0]) != Classes:
		return backends.Timing{}, fmt.Errorf("%s: want one output of %d bytes", s.variant.Name, Classes)
	}
	if err := ctx.Err(); err != nil {
		return backends.Timing{}, err
	}
	i := s.runs
	s.runs++
	timing, err := s.script(s.variant, i)
	if err != nil {
		return backends.Timing{}, err
	}
	h := fnv.New64a()
	h.Write(in[0])
	x := h.Sum64()
	for k := range out[0] {
		x = x*6364136223846793005 + 1442695040888963407
		out[0][k] = byte(x >> 56)
	}
	return timing, nil
}

func (s *session) Close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	s.backend.mu.Lock()
	s.backend.closed++
	s.backend.mu.Unlock()
	return nil
}
