package recorded

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
)

// A run holds the execution times of one backend of a recorded run.
type run struct {
	dir     string
	backend names.Backend
	times   map[names.Variant][]time.Duration
}

// openRun reads the run folder dir. It returns an error if the run has no
// execution of the backend.
func openRun(dir string, backend names.Backend) (*run, error) {
	recorded, err := results.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("recorded run: %w", err)
	}
	r := &run{dir: dir, backend: backend, times: make(map[names.Variant][]time.Duration)}
	var found []string
	for _, b := range recorded.Blocks {
		c := b.Combination
		if !slices.Contains(found, string(c.Backend)) {
			found = append(found, string(c.Backend))
		}
		if c.Backend != backend {
			continue
		}
		for _, s := range b.Samples {
			// A sample that is marked as disturbed there cannot be used here.
			if s.Phase == results.PhaseSteady && s.Mark == 0 && s.Exec > 0 {
				r.times[c.Variant] = append(r.times[c.Variant], s.Exec)
			}
		}
	}
	if len(r.times) == 0 {
		return nil, fmt.Errorf("recorded run %s: no execution of backend %q; it has %s",
			dir, backend, strings.Join(found, ", "))
	}
	return r, nil
}

// executions returns the steady, unmarked execution times of a variant in the
// order recorded.
func (r *run) executions(v names.Variant) ([]time.Duration, error) {
	times := r.times[v]
	if len(times) == 0 {
		return nil, fmt.Errorf("run %s has no steady sample of %s on %s", r.dir, v, r.backend)
	}
	return times, nil
}
