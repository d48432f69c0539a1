package recorded

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/crossover-bench/crossover/internal/names"
	"github.com/crossover-bench/crossover/internal/results"
)

// executions returns the steady, unmarked execution times of one backend in the run folder dir, in the order recorded.
// It returns an error if there are none.
func executions(dir string, backend names.Backend) (map[names.Variant][]time.Duration, error) {
	recorded, err := results.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("recorded run: %w", err)
	}
	times := make(map[names.Variant][]time.Duration)
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
				times[c.Variant] = append(times[c.Variant], s.Exec)
			}
		}
	}
	if len(times) == 0 {
		return nil, fmt.Errorf("recorded run %s: no execution of backend %q; it has %s",
			dir, backend, strings.Join(found, ", "))
	}
	return times, nil
}
