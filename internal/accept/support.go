package accept

import (
	"fmt"
	"slices"

	"github.com/crossover-bench/crossover/internal/names"
)

// unsupported returns the error of a claim, such as "a limit on energy", that asks for more than
// the data's origin can carry. remedy says what could carry it.
func unsupported(claim, because, remedy string) error {
	reason := fmt.Sprintf("%s cannot rest on this data: %s; %s", claim, because, remedy)
	return &unanswered{Verdict: Invalid, Reason: reason}
}

// supportsComparison returns an error unless the subjects may stand in a claim that one place beats
// another. The embedded host shows that the path works and what its software costs; its processor
// is the device's own, so it stands for no host that a product would have.
func supportsComparison(subjects ...Subject) error {
	if !slices.ContainsFunc(subjects, func(s Subject) bool { return s.Place.Backend == names.OffloadSelf }) {
		return nil
	}
	return unsupported("a comparison", string(names.OffloadSelf)+" is this very machine, not a host",
		`declare a host and measure "offload-NAME", or judge a run recorded with one`)
}

// supportsEnergy returns an error unless energy of the given origin may carry a claim.
func supportsEnergy(claim string, o names.Origin) error {
	if o == names.Measured {
		return nil
	}
	because := fmt.Sprintf("the energy here is %s: power from a profile times the latency,"+
		" which says nothing that the latency does not", o)
	return unsupported(claim, because, `measure with a meter, or limit the modelled figure itself:`+
		` "its modelled energy per inference is at most ..."`)
}
