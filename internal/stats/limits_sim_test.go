package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// A limit at the true percentile of the typical round passes wrongly in at most 1 %, if each round
// has just the samples that LeastForPercentile asks for.
func TestLeastForPercentileKeepsTheError(t *testing.T) {
	t.Parallel()
	const alpha = 0.01
	runs := trials(1000)
	for _, p := range []float64{0.5, 0.9, 0.99, 0.999} {
		for _, m := range []machine{{within: 0.05}, {within: 0.05, between: 0.01}, {within: 0.1}, {within: 0.2}} {
			r := rand.New(rand.NewPCG(11, uint64(10_000*p*m.within)))
			n := max(25, LeastForPercentile(p))
			for _, size := range []int{7, 12, 24, 48} {
				wrong := share(runs, func() bool {
					res, err := TypicalAtMost(percentile{p, n}.draw(r, m, size), quantileOf(p, m.within), alpha)
					return decides(t, res, err) == Pass
				})
				t.Logf("p%v of %d, within %v, between %v, %d rounds: wrong passes %.2f %%",
					100*p, n, m.within, m.between, size, 100*wrong)
				if wrong > alpha+noise(alpha, runs) {
					t.Errorf("wrong passes %.2f %%, want at most 1 %%", 100*wrong)
				}
			}
		}
	}
}

// A limit 2 % away from the value is decided by 24 rounds, if they are looked at every three rounds.
// The p99 of 300 samples needs 36 for it where the limit is above, since its own noise is skewed.
// Looked at only once, independent rounds that seem dependent (5 %) are not decided.
func TestTypicalAtMostDecidesTwoPercentByTwentyFourRounds(t *testing.T) {
	t.Parallel()
	runs, m := trials(1000), machine{within: 0.05, between: 0.01}
	spending := Spending{Alpha: 0.01, Looks: 8, First: 0.4} // as accept spends it
	for _, c := range []struct {
		name   string
		p      float64
		away   float64
		judge  func(values []float64, limit, alpha float64) (Result, error)
		rounds int
		want   float64
	}{
		{"at most", 0.5, 1.02, TypicalAtMost, 24, 0.95},
		{"at most", 0.9, 1.02, TypicalAtMost, 24, 0.95},
		{"at most", 0.99, 1.02, TypicalAtMost, 24, 0.9},
		{"at most", 0.99, 1.02, TypicalAtMost, 36, 0.95},
		{"at least", 0.5, 1 / 1.02, TypicalAtLeast, 24, 0.95},
		{"at least", 0.9, 1 / 1.02, TypicalAtLeast, 24, 0.95},
		{"at least", 0.99, 1 / 1.02, TypicalAtLeast, 24, 0.95},
	} {
		r := rand.New(rand.NewPCG(12, uint64(100*c.p)))
		limit := c.away * quantileOf(c.p, m.within)
		once, ever := 0, 0
		for range runs {
			values, decided := percentile{c.p, 300}.draw(r, m, c.rounds), false
			for look := 1; look <= 8; look++ {
				alpha, err := spending.At(look)
				if err != nil {
					t.Fatal(err)
				}
				res, err := c.judge(values[:c.rounds*look/8], limit, alpha)
				pass := decides(t, res, err) == Pass
				if decided = decided || pass; pass && look == 8 {
					once++
				}
			}
			if decided {
				ever++
			}
		}
		got := float64(ever) / float64(runs)
		t.Logf("p%v %s: decided by %d rounds in %.1f %%, if looked at only then in %.1f %%",
			100*c.p, c.name, c.rounds, 100*got, 100*float64(once)/float64(runs))
		if got < c.want {
			t.Errorf("p%v %s: decided in %.1f %%, want %.0f", 100*c.p, c.name, 100*got, 100*c.want)
		}
	}
}

// The limit lies between two modes. With the slow mode in just too many rounds, the sentence about
// the share of rounds passes wrongly in at most 1 %; pooled samples passed it in up to 27 %.
func TestShareOfRoundsAtMostSeesTheSlowMode(t *testing.T) {
	t.Parallel()
	const alpha, limit = 0.01, 1.2
	runs := trials(1000)
	r := rand.New(rand.NewPCG(13, 1))
	p90 := percentile{0.9, 60}
	for _, c := range []struct {
		slow, share float64
		rounds      int
	}{
		{0.1001, 0.9, 44}, {0.1001, 0.9, 64}, {0.15, 0.9, 44}, {0.2, 0.9, 44}, {0.0201, 0.98, 228},
	} {
		m := machine{within: 0.05, between: 0.01, slow: c.slow, by: 0.5}
		judged := func(judge func(values []float64) (Result, error)) float64 {
			return share(runs, func() bool {
				res, err := judge(p90.draw(r, m, c.rounds))
				return decides(t, res, err) == Pass
			})
		}
		wrong := judged(func(v []float64) (Result, error) { return ShareOfRoundsAtMost(v, limit, c.share, alpha) })
		typical := judged(func(v []float64) (Result, error) { return TypicalAtMost(v, limit, alpha) })
		t.Logf("slow mode in %v of %d rounds: in at least %v of rounds %.2f %% wrong, in a typical round %.1f %% (right)",
			c.slow, c.rounds, c.share, 100*wrong, 100*typical)
		if wrong > alpha+noise(alpha, runs) {
			t.Errorf("slow mode in %v: wrong passes %.2f %%, want at most 1 %%", c.slow, 100*wrong)
		}
	}
	// The typical round is slow in just over half of the rounds.
	half := machine{within: 0.05, between: 0.01, slow: 0.501, by: 0.5}
	for _, rounds := range []int{7, 24, 48} {
		wrong := share(runs, func() bool {
			res, err := TypicalAtMost(p90.draw(r, half, rounds), limit, alpha)
			return decides(t, res, err) == Pass
		})
		t.Logf("slow mode in 0.501 of %d rounds: a typical round passes in %.2f %%", rounds, 100*wrong)
		if wrong > alpha+noise(alpha, runs) {
			t.Errorf("%d rounds: wrong passes %.2f %%, want at most 1 %%", rounds, 100*wrong)
		}
	}
}

// Limits that no sample comes near pass with as few rounds as the error allows.
func TestTypicalAtMostPassesWhatIsTriviallyKept(t *testing.T) {
	r := rand.New(rand.NewPCG(14, 1))
	for _, c := range []struct {
		p       float64
		samples int
		times   float64
	}{{0.9, 30, 6}, {0.99, 300, 1000}} {
		values := percentile{c.p, c.samples}.draw(r, machine{within: 0.1, between: 0.02}, 7)
		res, err := TypicalAtMost(values, c.times, 0.01)
		if decides(t, res, err) != Pass {
			t.Errorf("p%v at %v times the value: %+v, want a pass with 7 rounds", 100*c.p, c.times, res)
		}
	}
}

// A block that ends after a time holds more samples in a fast round. The rounds' statistics do not
// notice: a run has as many values as rounds.
func TestTypicalAtMostOfRoundsOfDifferentLength(t *testing.T) {
	t.Parallel()
	const alpha = 0.01
	runs := trials(2000)
	r := rand.New(rand.NewPCG(15, 1))
	m := machine{within: 0.05, between: 0.3}
	for _, rounds := range []int{12, 24} {
		wrong := share(runs, func() bool {
			values := make([]float64, rounds)
			for i := range values {
				shift := m.shift(r)
				x := machine{within: m.within}.samples(r, max(5, int(30/shift)))
				values[i] = shift * Median(x)
			}
			res, err := TypicalAtMost(values, 1, alpha)
			return decides(t, res, err) == Pass
		})
		t.Logf("%d rounds of different length: wrong passes %.2f %%", rounds, 100*wrong)
		if wrong > alpha+noise(alpha, runs) {
			t.Errorf("wrong passes %.2f %%, want at most 1 %%", 100*wrong)
		}
	}
}

// Who takes as many further rounds as an inconclusive limit says gets a decision in most runs.
func TestResultMoreIsEnoughRounds(t *testing.T) {
	t.Parallel()
	const alpha = 0.01
	runs := trials(1000)
	for _, c := range []struct {
		name  string
		m     machine
		limit float64
	}{
		{"2 % away, 2 % between", machine{between: 0.02}, 1.02},
		{"1 % away, 2 % between", machine{between: 0.02}, 1.01},
		{"slow mode in 30 %", machine{between: 0.01, slow: 0.3, by: 0.1}, 1.05},
	} {
		r := rand.New(rand.NewPCG(16, uint64(1000*c.limit)))
		var asked, decided int
		var more []float64
		for asked < runs {
			values := c.m.shifts(r, 7)
			res, err := TypicalAtMost(values, c.limit, alpha)
			if decides(t, res, err) != Inconclusive || res.More == Unknown || res.More > 1000 {
				continue
			}
			asked++
			more = append(more, float64(res.More))
			res, err = TypicalAtMost(append(values, c.m.shifts(r, res.More)...), c.limit, alpha)
			if decides(t, res, err) != Inconclusive {
				decided++
			}
		}
		got := float64(decided) / float64(asked)
		t.Logf("%s: %v further rounds (median), decided in %.0f %%", c.name, Median(more), 100*got)
		if got < 0.7 || math.IsNaN(got) {
			t.Errorf("%s: decided in %.0f %%, want most", c.name, 100*got)
		}
	}
}
