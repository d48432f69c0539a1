package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// A limit just below the true share passes wrongly in at most 1 % if losses are independent or rates
// differ moderately between rounds, and in up to 3 % if they are exponential. Losses in rounds of
// which none was seen break it.
func TestLossesAtMostJustOverTheLimitRarelyPasses(t *testing.T) {
	t.Parallel()
	const alpha, requests = 0.01, 300
	runs := trials(2000)
	for _, c := range []struct {
		name  string
		rate  func(r *rand.Rand) float64 // of a round; its mean is truth
		truth float64
		most  float64
	}{
		{"independent, 1 %", func(*rand.Rand) float64 { return 0.01 }, 0.01, alpha},
		{"independent, 0.1 %", func(*rand.Rand) float64 { return 0.001 }, 0.001, alpha},
		{"rates differ by a half", func(r *rand.Rand) float64 { return 0.01 * (0.5 + r.Float64()) }, 0.01, alpha},
		{"exponential rates", func(r *rand.Rand) float64 { return 0.01 * r.ExpFloat64() }, 0.01, 0.03},
		{"half of the rounds lose 2 %", func(r *rand.Rand) float64 { return 0.02 * float64(r.IntN(2)) }, 0.01, alpha},
		{"one round of 20 loses 4 %", func(r *rand.Rand) float64 {
			if r.IntN(20) == 0 {
				return 0.04
			}
			return 0
		}, 0.002, 1},
	} {
		for _, rounds := range []int{12, 24, 48} {
			r := rand.New(rand.NewPCG(41, uint64(rounds)))
			all := slices.Repeat([]int{requests}, rounds)
			wrong := share(runs, func() bool {
				lost := make([]int, rounds)
				for i := range lost {
					lost[i] = binomial(r, requests, c.rate(r))
				}
				res, err := LossesAtMost(lost, all, 0.999*c.truth, alpha)
				return decides(t, res, err) == Pass
			})
			t.Logf("%s, %d rounds: wrong passes %.2f %%", c.name, rounds, 100*wrong)
			if wrong > c.most+noise(c.most, runs) {
				t.Errorf("%s, %d rounds: wrong passes %.2f %%, want at most %v %%", c.name, rounds, 100*wrong, 100*c.most)
			}
		}
	}
}

// binomial returns how many of n trials succeed, by the gaps between successes.
func binomial(r *rand.Rand, n int, rate float64) int {
	if rate == 0 {
		return 0
	}
	successes := 0
	for at := 0.0; ; successes++ {
		at += 1 + math.Floor(-r.ExpFloat64()/math.Log1p(-rate))
		if at > float64(n) {
			return successes
		}
	}
}
