package accept

import "github.com/crossover-bench/crossover/internal/names"

// A Meter is the condition that the run was measured with a meter. Without one, what depends on it
// is skipped, as what needs an NPU is without an NPU.
type Meter struct{ limiting }

// Needs implements Claim.
func (Meter) Needs() []names.Combination { return nil }

// Judge implements Claim.
func (m Meter) Judge(data *Data, _ float64) Judgement {
	g := Judgement{
		Subject: data.Name, Measure: "a meter", Bound: "to measure the device's energy", Origin: names.Measured,
	}
	return judge(m, data, g, func(g *Judgement) error {
		if !data.Metered {
			return &unanswered{Verdict: Skipped, Reason: "it was measured without a meter"}
		}
		g.Verdict = Pass
		return nil
	})
}
