package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The interval of rounds that are visibly correlated covers the median of the process, and is bounded:
// a limit far from all rounds is decided.
func TestTypicalOfCorrelatedRoundsCoversTheProcess(t *testing.T) {
	for _, c := range []struct {
		memory float64
		rounds int
	}{{0.9, 20}, {0.9, 24}, {0.9, 48}, {0.97, 24}} {
		r := rand.New(rand.NewPCG(9, uint64(c.rounds)))
		flagged, covered, spread, runs := 0, 0, 0.0, trials(2000)
		for range runs {
			x, values := r.NormFloat64(), make([]float64, c.rounds)
			for i := range values {
				x = c.memory*x + math.Sqrt(1-c.memory*c.memory)*r.NormFloat64()
				values[i] = math.Exp(0.01 * x)
			}
			if !DependenceOf(values).Flagged {
				continue
			}
			flagged++
			res, err := TypicalAtMost(values, 1, 0.01)
			if err != nil {
				t.Fatal(err)
			}
			if contains(res.Interval, 1) {
				covered++
			}
			spread += res.Interval.Hi - res.Interval.Lo
		}
		share := float64(covered) / float64(flagged)
		t.Logf("AR(1) %v, %d rounds: %d of %d flagged, of which %.2f %% cover the median at 98 %%; %.1f sd wide",
			c.memory, c.rounds, flagged, runs, 100*share, spread/float64(flagged)/0.01)
		// The effective number of rounds is itself an estimate, which costs up to half a percent.
		if share < 0.97 {
			t.Errorf("AR(1) %v, %d rounds: the interval covers the median in %.2f %%", c.memory, c.rounds, 100*share)
		}
	}
	far, err := TypicalAtMost([]float64{
		1, 1.01, 1.02, 1.03, 1.04, 1.05, 1.06, 1.07, 1.08, 1.09, 1.1, 1.11, 1.12, 1.13, 1.14, 1.15, 1.16, 1.17, 1.18, 1.19,
	}, 60, 0.001)
	if err != nil || far.Decision != Pass {
		t.Errorf("a limit fifty times above a trend: %+v (%v)", far, err)
	}
}
