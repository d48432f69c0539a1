package suites

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/crossover-bench/crossover/backends"
	"github.com/crossover-bench/crossover/fixtures"
	"github.com/crossover-bench/crossover/internal/grid"
	"github.com/crossover-bench/crossover/internal/measure"
)

// crashHook ends the process as a faulty delegate would, for tests of what
// drives this binary: CROSSOVER_TEST_CRASH holds a part of the name of the
// combination that is to crash.
func crashHook(c grid.Combination) {
	if part := os.Getenv("CROSSOVER_TEST_CRASH"); part != "" && strings.Contains(c.Name(), part) {
		_ = syscall.Kill(syscall.Getpid(), syscall.SIGSEGV)
		select {}
	}
}

// slowdownHook makes the inferences of a local backend slower by the factor in
// CROSSOVER_TEST_SLOWDOWN, for tests of what judges them. An embedded host
// inherits it.
func slowdownHook(b backends.Backend) (backends.Backend, error) {
	text := os.Getenv("CROSSOVER_TEST_SLOWDOWN")
	if text == "" {
		return b, nil
	}
	factor, err := strconv.ParseFloat(text, 64)
	if err != nil || !(factor >= 1 && factor <= 1000) {
		return nil, fmt.Errorf("CROSSOVER_TEST_SLOWDOWN is %q; want a factor from 1 to 1000", text)
	}
	return slowed{b, factor}, nil
}

// settleHook bounds a warm-up by the time in CROSSOVER_TEST_SETTLE, for tests that
// must not wait until a noisy machine has calmed down.
func settleHook() (s measure.Settle, err error) {
	if text := os.Getenv("CROSSOVER_TEST_SETTLE"); text != "" {
		if s.MaxTime, err = time.ParseDuration(text); err != nil {
			err = fmt.Errorf("CROSSOVER_TEST_SETTLE: %w", err)
		}
	}
	return s, err
}

type slowed struct {
	backends.Backend
	factor float64
}

func (s slowed) Available() error {
	if c, ok := s.Backend.(backends.Checker); ok {
		return c.Available()
	}
	return nil
}

func (s slowed) Open(ctx context.Context, v fixtures.Variant) (backends.Session, error) {
	session, err := s.Backend.Open(ctx, v)
	if err != nil {
		return nil, err
	}
	return slowedSession{session, s.factor}, nil
}

type slowedSession struct {
	backends.Session
	factor float64
}

// Infer keeps the processor busy after the inference, as slower kernels would.
func (s slowedSession) Infer(ctx context.Context, in, out [][]byte) (backends.Timing, error) {
	t, err := s.Session.Infer(ctx, in, out)
	if err != nil {
		return t, err
	}
	begin, more := time.Now(), time.Duration((s.factor-1)*float64(t.Total))
	for time.Since(begin) < more {
	}
	spent := time.Since(begin)
	t.Total += spent
	t.Exec += spent
	return t, nil
}

func (s slowedSession) Details() backends.Details {
	if d, ok := s.Session.(backends.Detailed); ok {
		return d.Details()
	}
	return backends.Details{}
}
