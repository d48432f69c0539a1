package suites

import (
	"os"
	"strings"
	"syscall"

	"github.com/crossover-bench/crossover/internal/grid"
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
