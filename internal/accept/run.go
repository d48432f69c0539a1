package accept

import (
	"encoding/json"
	"fmt"

	"github.com/crossover-bench/crossover/internal/results"
)

// ExtraKey is where run.json keeps Extras.
const ExtraKey = "accept"

// FromRun arranges a recorded run. A run without any block is an error, and so
// is one whose extras cannot be read.
func FromRun(name string, run *results.Run) (*Data, error) {
	if len(run.Blocks) == 0 {
		return nil, fmt.Errorf("%s holds no samples: nothing can be judged; measure with crossover bench or crossover accept", name)
	}
	d, err := NewData(name, run.Blocks)
	if err != nil {
		return nil, err
	}
	d.Interleaved = run.Meta.Config["interleaved"] == "yes"
	d.Sustained = run.Meta.Sustained
	d.Declared = run.Ledger.Declared
	for _, o := range run.Ledger.Skipped {
		d.Skipped[o.Combination] = o.Reason
	}
	for _, o := range run.Ledger.Failed {
		d.Failed[o.Combination] = o.Reason
	}
	if raw, ok := run.Meta.Extra[ExtraKey]; ok {
		if err := json.Unmarshal(raw, &d.Extras); err != nil {
			return nil, fmt.Errorf("%s: run.json: extra.%s: %w", name, ExtraKey, err)
		}
	}
	return d, nil
}
