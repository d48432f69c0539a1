package stats

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// From 6 rounds on, the interval covers the truth in at least 94 %, and at most one point more often
// than exact order statistics do at that number of rounds. Student's t covers it for few rounds.
func TestTypicalCoversTheTruthWhateverTheShape(t *testing.T) {
	t.Parallel()
	runs := trials(2000)
	for _, name := range slices.Sorted(maps.Keys(shapes)) {
		draw := shapes[name]
		for _, n := range []int{2, 3, 4, 5, 6, 7, 8, 11, 14, 19, 22, 24, 48} {
			r := rand.New(rand.NewPCG(21, uint64(n)))
			values := make([]float64, n)
			exact := 0.95
			if n >= 6 {
				exact = exactCoverage(n)
			}
			got := share(runs, func() bool {
				for i := range values {
					values[i] = draw(r)
				}
				e, err := Typical(values, 0.95)
				if err != nil {
					t.Fatal(err)
				}
				return contains(e.Interval, 1)
			})
			t.Logf("%s, %d rounds: covers %.1f %% (exact order statistics %.1f)", name, n, 100*got, 100*exact)
			switch {
			case n < 6 && name != "normal":
				// Rounds of so few are normal by assumption; the page has the figures.
			case got < 0.94-noise(0.94, runs) || n >= 6 && got > exact+0.01+noise(exact, runs):
				t.Errorf("%s, %d rounds: covers %.1f %%, want 94 to %.1f", name, n, 100*got, 100*exact+1)
			}
		}
	}
}

// exactCoverage returns the coverage of the narrowest symmetric pair of ranks that covers a median in
// at least 95 %.
func exactCoverage(n int) float64 {
	tail := 0.0 // P(B < l) for the largest l that leaves at most 2.5 %
	for l := 1; l <= n; l++ {
		if p := binomialBelow(float64(l), float64(n), 0.5); p <= 0.025 {
			tail = p
		}
	}
	return 1 - 2*tail
}

// Correlated rounds are flagged from 20 on, independent ones hardly ever.
func TestDependenceOfFlagsCorrelatedRoundsAndFewOthers(t *testing.T) {
	t.Parallel()
	runs := trials(4000)
	shape := map[string]func(r *rand.Rand, x float64) float64{
		"normal":    func(_ *rand.Rand, x float64) float64 { return x },
		"lognormal": func(_ *rand.Rand, x float64) float64 { return math.Exp(x / 2) },
		"two modes": func(r *rand.Rand, x float64) float64 { return x + 10*math.Floor(r.Float64()+0.3) },
		"ties":      func(_ *rand.Rand, x float64) float64 { return math.Round(x) },
	}
	flagged := func(r *rand.Rand, n int, phi float64, of func(*rand.Rand, float64) float64) float64 {
		return share(runs, func() bool {
			values := autoregressive(r, n, phi)
			for i, x := range values {
				values[i] = of(r, x)
			}
			return DependenceOf(values).Flagged
		})
	}
	for _, n := range []int{20, 24, 48} {
		r := rand.New(rand.NewPCG(22, uint64(n)))
		for _, name := range slices.Sorted(maps.Keys(shape)) {
			got := flagged(r, n, 0, shape[name])
			t.Logf("%d independent rounds, %s: flagged in %.1f %%", n, name, 100*got)
			if got > 0.05+noise(0.05, runs) {
				t.Errorf("%d independent rounds, %s: flagged in %.1f %%, want at most 5", n, name, 100*got)
			}
		}
		for _, phi := range []float64{0.3, 0.5, 0.9} {
			got := flagged(r, n, phi, shape["normal"])
			t.Logf("%d rounds, AR(1) %v: flagged in %.1f %%", n, phi, 100*got)
			if phi == 0.9 && got < 0.95-noise(0.95, runs) {
				t.Errorf("%d rounds, AR(1) 0.9: flagged in %.1f %%, want 95", n, 100*got)
			}
		}
	}
}

// Where correlation is visible, the interval covers the truth nearly as often as it should, and a
// limit at the truth passes hardly more often. Below 20 rounds neither holds: the page says so.
func TestTypicalOfCorrelatedRounds(t *testing.T) {
	t.Parallel()
	runs := trials(2000)
	for _, n := range []int{7, 12, 20, 24, 48} {
		for _, phi := range []float64{0.3, 0.5, 0.9} {
			r := rand.New(rand.NewPCG(23, uint64(n)))
			covered, wrong := 0, 0
			for range runs {
				values := autoregressive(r, n, phi)
				e, err := Typical(values, 0.95)
				if err != nil {
					t.Fatal(err)
				}
				if contains(e.Interval, 0) {
					covered++
				}
				res, err := TypicalAtMost(values, 0, 0.01)
				if decides(t, res, err) == Pass {
					wrong++
				}
			}
			got, passed := float64(covered)/float64(runs), float64(wrong)/float64(runs)
			t.Logf("%d rounds, AR(1) %v: covers %.1f %%, wrong passes at 1 %%: %.1f %%", n, phi, 100*got, 100*passed)
			if phi == 0.9 && n >= 20 && (got < 0.93-noise(0.93, runs) || passed > 0.03) {
				t.Errorf("%d rounds, AR(1) %v: covers %.1f %%, wrong passes %.1f %%", n, phi, 100*got, 100*passed)
			}
		}
	}
}

// Rounds of one group are hardly ever split in two, and a slow mode of 10 % is found.
func TestModesOfFindsTheSlowModeAndFewOthers(t *testing.T) {
	t.Parallel()
	runs := trials(2000)
	one := map[string]func(r *rand.Rand, n int) []float64{
		"normal":      func(r *rand.Rand, n int) []float64 { return autoregressive(r, n, 0) },
		"AR(1) 0.5":   func(r *rand.Rand, n int) []float64 { return autoregressive(r, n, 0.5) },
		"AR(1) 0.9":   func(r *rand.Rand, n int) []float64 { return autoregressive(r, n, 0.9) },
		"lognormal":   func(r *rand.Rand, n int) []float64 { return machine{between: 0.1}.shifts(r, n) },
		"exponential": func(r *rand.Rand, n int) []float64 { return negated(logs(r, n)) },
	}
	for _, n := range []int{7, 8, 10, 12, 20, 30, 50} {
		r := rand.New(rand.NewPCG(24, uint64(n)))
		for _, name := range slices.Sorted(maps.Keys(one)) {
			got := share(runs, func() bool { _, ok := ModesOf(one[name](r, n)); return ok })
			t.Logf("%d rounds of one group, %s: flagged in %.1f %%", n, name, 100*got)
			if got > 0.05+noise(0.05, runs) && name != "exponential" {
				t.Errorf("%d rounds, %s: flagged in %.1f %%, want at most 5", n, name, 100*got)
			}
		}
		found, there := 0, 0
		for there < runs {
			values, slow := make([]float64, n), 0
			for i := range values {
				values[i] = 1 + 0.01*r.NormFloat64()
				if r.Float64() < 0.3 {
					values[i] *= 1.1
					slow++
				}
			}
			if slow < 2 || n-slow < 2 {
				continue
			}
			there++
			if m, ok := ModesOf(values); ok && m.InHigh == slow {
				found++
			}
		}
		got := float64(found) / float64(there)
		t.Logf("%d rounds with a slow mode: found in %.1f %%", n, 100*got)
		if n >= 12 && got < 0.9 {
			t.Errorf("%d rounds with a slow mode: found in %.1f %%, want 90", n, 100*got)
		}
	}
}

// logs returns the logarithms of n uniform values.
func logs(r *rand.Rand, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = -r.ExpFloat64()
	}
	return out
}
