package accept

import (
	"fmt"

	"github.com/crossover-bench/crossover/internal/names"
)

// An unsupportedError says that a claim asks for more than the data's origin can
// carry, and what could carry it.
type unsupportedError struct {
	Claim   string // "a limit on energy"
	Because string
	Remedy  string
}

func (e *unsupportedError) Error() string {
	return fmt.Sprintf("%s cannot rest on this data: %s; %s", e.Claim, e.Because, e.Remedy)
}

// supportsComparison returns an error unless a backend may stand in a claim that
// one place beats another. The embedded host shows that the path works and what
// its software costs; its processor is the device's own, so it stands for no
// host that a product would have.
func supportsComparison(b names.Backend) error {
	if b != names.OffloadSelf {
		return nil
	}
	return &unsupportedError{
		Claim:   "a comparison",
		Because: string(names.OffloadSelf) + " is this very machine, not a host",
		Remedy:  `declare a host and measure "offload-NAME", or judge a run recorded with one`,
	}
}

// supportsEnergy returns an error unless energy of the given origin may carry a
// claim.
func supportsEnergy(claim string, o names.Origin) error {
	if o == names.Measured {
		return nil
	}
	return &unsupportedError{
		Claim: claim,
		Because: fmt.Sprintf("the energy here is %s: power from a profile times the latency,"+
			" which says nothing that the latency does not", o),
		Remedy: `measure with a meter, or limit the modelled figure itself:` +
			` "its modelled energy per inference is at most ..."`,
	}
}
