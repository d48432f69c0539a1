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
	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/suite"
)

// hooks reads the hooks that tests set in the environment to see what drives and
// judges this binary at work:
//
//	CROSSOVER_TEST_CRASH     a part of the name of the combination that crashes
//	CROSSOVER_TEST_SLOWDOWN  the name of a combination, a space, and the factor by
//	                         which the total of each of its inferences grows
//	CROSSOVER_TEST_SETTLE    the longest warm-up, for tests that must not wait
//	                         until a noisy machine has calmed down
//	CROSSOVER_TEST_QUIET     takes the machine for undisturbed, for tests that
//	                         share it with others
func hooks() (h suite.Hooks, err error) {
	if part := os.Getenv("CROSSOVER_TEST_CRASH"); part != "" {
		h.Warm = func(c names.Combination) {
			if strings.Contains(c.Name(), part) {
				_ = syscall.Kill(syscall.Getpid(), syscall.SIGSEGV)
				select {}
			}
		}
	}
	h.Backend = slowdown
	h.Quiet = os.Getenv("CROSSOVER_TEST_QUIET") != ""
	if text := os.Getenv("CROSSOVER_TEST_SETTLE"); text != "" {
		if h.Settle.MaxTime, err = time.ParseDuration(text); err != nil {
			return h, fmt.Errorf("CROSSOVER_TEST_SETTLE: %w", err)
		}
	}
	return h, nil
}

// slowdown slows the combination that the environment names.
func slowdown(c names.Combination, b backends.Backend) (backends.Backend, error) {
	text := os.Getenv("CROSSOVER_TEST_SLOWDOWN")
	if text == "" {
		return b, nil
	}
	name, number, _ := strings.Cut(text, " ")
	slow, nameErr := names.ParseCombination(name)
	factor, err := strconv.ParseFloat(number, 64)
	if nameErr != nil || err != nil || !(factor >= 1 && factor <= 1000) {
		return nil, fmt.Errorf("CROSSOVER_TEST_SLOWDOWN is %q; want COMBINATION FACTOR, the factor from 1 to 1000",
			text)
	}
	if c != slow {
		return b, nil
	}
	return slowed{b, factor}, nil
}

// slowed is a backend whose inferences take longer by a factor.
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
	return slowedSession{session, s.factor, names.Backend(s.Name()).IsLocal()}, nil
}

type slowedSession struct {
	backends.Session
	factor float64
	local  bool
}

// Infer keeps the processor busy after the inference, as slower kernels would, or
// slower software around an offloaded inference.
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
	if s.local {
		t.Exec += spent
	}
	return t, nil
}

// Details returns those of the session.
func (s slowedSession) Details() backends.Details {
	if d, ok := s.Session.(backends.Detailed); ok {
		return d.Details()
	}
	return backends.Details{}
}
