// Package backendtest is a fake Backend for tests of code that uses backends, without a runtime, a
// model or a clock. It answers with a scripted timing and an output that depends only on the input.
// No time passes: a session that reports 30 ms returns at once, unless its script sleeps (Sleep).
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

// A Script returns the timing of inference i, from 0, of a session on variant v. An error fails
// that inference instead.
type Script func(v fixtures.Variant, i int) (backends.Timing, error)

// Constant scripts every inference to take total, all of it execution.
func Constant(total time.Duration) Script {
	return func(fixtures.Variant, int) (backends.Timing, error) {
		return backends.Timing{Total: total, Exec: total}, nil
	}
}

// Sleep scripts every inference to sleep for d, and to report the time that it took as execution. A
// fake that is served to clients must take the time that it reports: a client refuses an execution
// longer than the round trip.
func Sleep(d time.Duration) Script {
	return func(fixtures.Variant, int) (backends.Timing, error) {
		start := time.Now()
		if d > 0 {
			time.Sleep(d)
		}
		took := time.Since(start)
		return backends.Timing{Total: took, Exec: took}, nil
	}
}

// A Backend is the fake. Open reads its fields. It is safe for concurrent use while these do not
// change.
type Backend struct {
	// Label is the backend's name.
	Label string
	// Script times the inferences; nil means Constant(time.Millisecond).
	Script Script
	// OpenErr, if not nil, is called before each Open, which then returns its error.
	OpenErr func(v fixtures.Variant) error

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

// Opened returns how many sessions were opened and how many are still open. After a test none
// should be.
func (b *Backend) Opened() (total, still int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.opened, b.opened - b.closed
}

// Open returns a session that answers by the script. A variant without an image takes the
// one input that it has, or 16 float32 elements.
func (b *Backend) Open(ctx context.Context, v fixtures.Variant) (backends.Session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if b.OpenErr != nil {
		if err := b.OpenErr(v); err != nil {
			return nil, err
		}
	}
	in := fixtures.Tensor{Name: "input", Type: "float32", Shape: []int{1, 16}}
	switch {
	case v.Image != nil:
		in = v.Image.Tensor()
	case len(v.Inputs) == 1:
		in = v.Inputs[0]
	}
	out := fixtures.Tensor{Name: "scores", Type: "int8", Shape: []int{1, Classes}, Scale: 1.0 / 256, ZeroPoint: -128}
	tensors, err := backends.NewTensors([]fixtures.Tensor{in}, []fixtures.Tensor{out})
	if err != nil {
		return nil, err
	}
	script := b.Script
	if script == nil {
		script = Constant(time.Millisecond)
	}
	b.mu.Lock()
	b.opened++
	b.mu.Unlock()
	return &session{backend: b, variant: v, script: script, Tensors: tensors}, nil
}

type session struct {
	backends.Tensors
	backend *Backend
	variant fixtures.Variant
	script  Script
	runs    int
	closed  bool
}

// Infer returns the script's timing and scores that are a hash of the input: equal inputs give
// equal outputs, in every process.
func (s *session) Infer(ctx context.Context, in, out [][]byte) (backends.Timing, error) {
	if s.closed {
		return backends.Timing{}, fmt.Errorf("%s: the session is closed", s.variant.Name)
	}
	if err := s.Check(in, out); err != nil {
		return backends.Timing{}, fmt.Errorf("%s: %w", s.variant.Name, err)
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
