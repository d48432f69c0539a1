// Package recorded reads how long inferences took on another machine from a run
// that was made there: the recording behind a recorded host.
package recorded

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/crossover-bench/crossover/internal/results"
)

// A Run is one backend of a recorded run.
type Run struct {
	dir, backend string
	times        map[string][]time.Duration // by variant
}

// Open reads the run folder dir and keeps the executions of one of its backends.
// It is an error when the run has none of that backend.
func Open(dir, backend string) (*Run, error) {
	run, err := results.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("recorded run: %w", err)
	}
	r := &Run{dir: dir, backend: backend, times: make(map[string][]time.Duration)}
	var backends []string
	for _, b := range run.Blocks {
		if !slices.Contains(backends, string(b.Combination.Backend)) {
			backends = append(backends, string(b.Combination.Backend))
		}
		if string(b.Combination.Backend) != backend {
			continue
		}
		for _, s := range b.Samples {
			// A doubtful sample of that machine is no better here.
			if s.Phase == results.PhaseSteady && s.Mark == 0 && s.Exec > 0 {
				r.times[string(b.Combination.Variant)] = append(r.times[string(b.Combination.Variant)], s.Exec)
			}
		}
	}
	if len(r.times) == 0 {
		return nil, fmt.Errorf("recorded run %s: no execution of backend %q; it has %s", dir, backend, strings.Join(backends, ", "))
	}
	return r, nil
}

// Executions returns the steady, unmarked execution times of a variant.
func (r *Run) Executions(variant string) ([]time.Duration, error) {
	times, ok := r.times[variant]
	if !ok {
		return nil, fmt.Errorf("run %s has no steady sample of %s on %s", r.dir, variant, r.backend)
	}
	return times, nil
}
