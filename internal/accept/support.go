package accept

import (
	"fmt"

	"github.com/crossover-bench/crossover/internal/grid"
	"github.com/crossover-bench/crossover/internal/names"
)

// An UnsupportedError says that a claim asks for more than the data's origin
// can carry, and what would carry it.
type UnsupportedError struct {
	Claim   string // "a limit on energy"
	Because string
	Remedy  string
}

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("%s cannot rest on this data: %s; %s", e.Claim, e.Because, e.Remedy)
}

// supportsComparison says whether a combination may stand in a claim that one
// place beats another. The embedded host shows that the path works and what it
// costs in software; its processor is the device's own, so it stands for no
// host that a product would have.
func supportsComparison(c grid.Combination) error {
	if c.Backend != grid.OffloadSelf {
		return nil
	}
	return &UnsupportedError{
		Claim:   "a comparison",
		Because: string(grid.OffloadSelf) + " is this very machine, not a host",
		Remedy:  `declare a host and measure "offload-NAME", or judge a run recorded with one`,
	}
}

// supportsEnergy says whether energy of the given origin may carry a claim.
func supportsEnergy(claim string, o names.Origin) error {
	if o == names.Measured {
		return nil
	}
	return &UnsupportedError{
		Claim:   claim,
		Because: fmt.Sprintf("the energy here is %s: power from a profile times the latency, which says nothing that the latency does not", o),
		Remedy:  `measure with a meter, or limit the modelled figure itself: "its modelled energy per inference is at most ..."`,
	}
}
