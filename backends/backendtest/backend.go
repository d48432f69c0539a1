// Package backendtest is a fake Backend for tests of code that uses backends,
// without a runtime, a model or a clock. It answers with a scripted timing and an
// output that depends only on the input. No time passes: a session that reports
// 30 ms returns at once.
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

// A Script returns the timing of inference i, from 0, of a session on variant v. An
// error fails that inference instead.
type Script func(v fixtures.Variant, i int) (backends.Timing, error)

// Constant scripts every inference to take total, all of it execution.
func Constant(total time.Duration) Script {
	return func(fixtures.Variant, int) (backends.Timing, error) {
		return backends.Timing{Total: total, Exec: total}, nil
	}
}

// A Backend is the fake. Open reads its fields. It is safe for concurrent use while
// these do not change.
type Backend struct {
	// Label is the backend's name.
	Label string
	// Script times the inferences; nil means Constant(time.Millisecond).
	Script Script
	// OpenErr, if not nil, is called before each Open, which then returns its
	// error.
	OpenErr func(v fixtures.Variant) error
	// Input describes the input of a variant without an image; the zero value means
	// 16 float32 elements.
	Input fixtures.Tensor

	mu             sync.Mutex
	opened, closed int
}

// New returns a fake backend with the given name and script.
func New(name string, script Script) *Backend {
	return &Backend{Label: name, Script: script}
}

// Unavailable returns a fake backend that is never available.
func Unavailable(name, missing, hint string) *Backend {
	return &Backend{Label: name, OpenErr: func(fixtures.Variant) error {
		return &backends.UnavailableError{Backend: name, Missing: missing, Hint: hint}
	}}
}

// Name returns the backend's name.
func (b *Backend) Name() string { return b.Label }

// Opened returns how many sessions were opened and how many are still open. After
// a test none should be.
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

// Infer returns the script's timing and scores that are a hash of the input: equal
// inputs give equal outputs, in every process.
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
