package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// ratios returns the log ratios of the rounds of two sides.
func ratios(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = math.Log(a[i] / b[i])
	}
	return out
}

// neighbours returns the log ratios of neighbouring rounds of one combination: its A/A differences.
func neighbours(values []float64) []float64 { return ratios(values[1:], values) }

// Medians of A/A ratios stay within the resolution that the same number of rounds gave.
func TestResolutionHoldsTheMediansOfAA(t *testing.T) {
	t.Parallel()
	runs := trials(500)
	heavyTail := func(r *rand.Rand, n int) []float64 {
		out := make([]float64, n)
		for i := range out {
			out[i] = math.Exp(0.01 * r.NormFloat64() / math.Sqrt(r.ExpFloat64())) // Student's t with two degrees
		}
		return out
	}
	for _, c := range []struct {
		name string
		draw func(r *rand.Rand, n int) []float64
	}{
		{"normal", machine{between: 0.01}.shifts},
		{"heavy tails", heavyTail},
		{"slow mode in 10 %", machine{between: 0.01, slow: 0.1, by: 0.1}.shifts},
		{"slow mode in 30 %", machine{between: 0.01, slow: 0.3, by: 0.1}.shifts},
	} {
		for _, n := range []int{7, 12, 24, 48} {
			r := rand.New(rand.NewPCG(31, uint64(n)))
			got := share(runs, func() bool {
				resolution := Resolution(neighbours(c.draw(r, n)), n)
				return math.Abs(Median(ratios(c.draw(r, n), c.draw(r, n)))) <= resolution
			})
			t.Logf("%s, %d rounds: within in %.1f %%", c.name, n, 100*got)
			if got < 0.94-noise(0.94, runs) {
				t.Errorf("%s, %d rounds: within in %.1f %%, want 95", c.name, n, 100*got)
			}
		}
	}
}

// A side "beats" another if the median of the rounds' ratios is below 1 by the resolution of the run.
// Equal sides hardly ever do. A slow mode in 30 % of one side's rounds moves that median, and the
// median of its rounds as well: what is claimed is the ratio.
func TestComparisonWithTheResolutionAsItsMargin(t *testing.T) {
	t.Parallel()
	const alpha = 0.05 // as in the figures of the old test
	runs := trials(500)
	quiet := machine{between: 0.01}
	slow := machine{between: 0.01, slow: 0.3, by: 0.1}
	// The slow side is faster otherwise, so that both typical rounds take as long.
	equal := typicalOf(slow)
	for _, c := range []struct {
		name   string
		other  machine
		factor float64
		most   float64
	}{
		{"equal sides", quiet, 1, alpha},
		{"equal sides with a slow mode each", slow, 1, 1},
		{"equal medians, a slow mode on one side", slow, 1 / equal, 1},
	} {
		mine := quiet
		if c.factor == 1 {
			mine = c.other
		}
		for _, n := range []int{12, 24, 48} {
			r := rand.New(rand.NewPCG(32, uint64(n)))
			var bare, signedRank, beats int
			for range runs {
				a, b := mine.shifts(r, n), c.other.shifts(r, n)
				for i := range b {
					b[i] *= c.factor
				}
				margin := max(Resolution(neighbours(a), n), Resolution(neighbours(b), n))
				d := ratios(a, b)
				res, err := TypicalAtMost(d, -margin, alpha)
				if decides(t, res, err) == Pass {
					beats++
				}
				if res, err = TypicalAtMost(d, 0, alpha); decides(t, res, err) == Pass {
					bare++
				}
				if res, err = PairedBelow(d, 0, alpha); decides(t, res, err) == Pass {
					signedRank++
				}
			}
			of := func(k int) float64 { return 100 * float64(k) / float64(runs) }
			t.Logf("%s, %d rounds: beats in %.1f %%, without a margin %.1f %%, by signed ranks %.1f %%",
				c.name, n, of(beats), of(bare), of(signedRank))
			if of(beats) > 100*(c.most+noise(alpha, runs)) {
				t.Errorf("%s, %d rounds: beats in %.1f %%, want at most %.1f", c.name, n, of(beats), 100*c.most)
			}
		}
	}
}

// typicalOf returns the median over rounds of m, from many.
func typicalOf(m machine) float64 {
	return Median(m.shifts(rand.New(rand.NewPCG(30, 0)), 200_001))
}

// With equally many samples a round, the p99 of one side hardly ever beats that of an equal side; with
// 8 against 500 it does, which is why LeastForPercentile refuses 8.
func TestComparisonOfPercentilesFromEquallyManySamples(t *testing.T) {
	t.Parallel()
	runs := trials(1000)
	r := rand.New(rand.NewPCG(33, 1))
	m := machine{within: 0.1, between: 0.01}
	for _, c := range []struct {
		mine, other int
		most        float64
	}{{300, 300, 0.01}, {8, 500, 1}} {
		got := share(runs, func() bool {
			d := ratios(percentile{0.99, c.mine}.draw(r, m, 24), percentile{0.99, c.other}.draw(r, m, 24))
			res, err := TypicalAtMost(d, math.Log(0.95), 0.01)
			return decides(t, res, err) == Pass
		})
		t.Logf("p99 of %d against %d samples: beats an equal side by 5 %% in %.1f %%", c.mine, c.other, 100*got)
		if got > c.most+noise(0.01, runs) {
			t.Errorf("p99 of %d against %d samples: beats an equal side in %.1f %%", c.mine, c.other, 100*got)
		}
	}
	if least := LeastForPercentile(0.99); least <= 8 {
		t.Errorf("p99 is carried by %d samples a round", least)
	}
}

// A lost request counts with the time it took, so its round's mean shows it.
func TestTypicalAtMostOfMeansWithLosses(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(34, 1))
	runs := trials(500)
	failed := share(runs, func() bool {
		means := make([]float64, 12)
		for i := range means {
			for range 100 {
				latency := 62 * math.Exp(0.05*r.NormFloat64())
				if r.Float64() < 0.046 {
					latency = 2000
				}
				means[i] += latency / 100
			}
		}
		res, err := TypicalAtMost(means, 65, 0.01)
		return decides(t, res, err) == Fail
	})
	t.Logf("4.6 %% of requests take 2 s: mean at most 65 ms fails in %.1f %%", 100*failed)
	if failed < 0.95 {
		t.Errorf("fails in %.1f %%, want at least 95", 100*failed)
	}
}

// The mean of a typical round does not cover what happens in few rounds, and says so: a stall of 200
// times the mean in one of 10 000 samples.
func TestTypicalAtMostOfMeansWithRareStalls(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(35, 1))
	runs := trials(300)
	const rounds, samples = 12, 300
	none, wrong, typical := 0, 0, 0
	var long []float64
	mean := func() float64 {
		sum, stalls := 0.0, 0
		for range samples {
			sum += math.Exp(0.05 * r.NormFloat64())
			if r.Float64() < 1e-4 {
				sum += 200
				stalls++
			}
		}
		long = append(long, float64(stalls))
		return sum / samples
	}
	typicalMean := math.Exp(0.05 * 0.05 / 2)
	for range runs {
		long = long[:0]
		means := make([]float64, rounds)
		for i := range means {
			means[i] = mean()
		}
		if slices.Max(long) == 0 {
			none++
		}
		res, err := TypicalAtMost(means, typicalMean+0.019, 0.01) // the mean of all samples is 0.02 higher
		if decides(t, res, err) == Pass {
			wrong++
		}
		if res, err = TypicalAtMost(means, typicalMean-0.0005, 0.01); decides(t, res, err) == Pass {
			typical++
		}
	}
	of := func(k int) float64 { return 100 * float64(k) / float64(runs) }
	t.Logf("a stall of 200 times in one of 10 000: absent from %.0f %% of runs of %d samples; "+
		"a limit just below the mean of all passes in %.0f %%, one just below the typical round's in %.1f %%",
		of(none), rounds*samples, of(wrong), of(typical))
	if of(typical) > 100*(0.01+noise(0.01, runs)) {
		t.Errorf("a limit below the typical round's mean passes in %.1f %%", of(typical))
	}
}
