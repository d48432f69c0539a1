package accept

import (
	"cmp"
	"slices"
	"sync"

	"github.com/crossover-bench/crossover/internal/names"
)

// Features is what was read of a set of feature files.
type Features struct {
	Root string // as the user named it
	Scenarios
}

// Needs returns the combinations that the scenarios rest on, each once, by name.
func (f *Features) Needs() []names.Combination {
	var out []names.Combination
	for _, s := range f.Scenarios {
		for _, st := range s.Steps {
			for _, a := range st.Assertions {
				for _, c := range append([]Claim{a.Claim}, a.When...) {
					out = append(out, c.Needs()...)
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b names.Combination) int { return cmp.Compare(a.Name(), b.Name()) })
	return slices.Compact(out)
}

// Inferences returns how many inferences a round of each combination should hold for the claims: a
// quarter more than they need, since the machine may disturb some.
func (f *Features) Inferences() map[names.Combination]int {
	out := map[names.Combination]int{}
	for _, s := range f.Scenarios {
		for _, st := range s.Steps {
			for _, a := range st.Assertions {
				for _, c := range append([]Claim{a.Claim}, a.When...) {
					long, ok := c.(Lengthening)
					if !ok {
						continue
					}
					for _, of := range c.Needs() {
						out[of] = max(out[of], (5*long.Inferences()+3)/4)
					}
				}
			}
		}
	}
	return out
}

// Judge judges every scenario on the data. The features stay as they are, to be judged again when
// there is more data.
func (f *Features) Judge(data *Data, looks Looks) *Report {
	r := &Report{
		Run: data.Name, Synthetic: data.Synthetic, Losses: data.losses(), Looks: looks,
		Scenarios: make([]*Scenario, len(f.Scenarios)),
	}
	var wait sync.WaitGroup
	for i, s := range f.Scenarios {
		wait.Go(func() { r.Scenarios[i] = s.judge(data, looks) })
	}
	wait.Wait()
	return r
}
