package stats

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// The simulations of docs/statistics.md. Each test draws runs whose truth is known, and counts how
// often a judgement is wrong or an interval misses. Log says the figure; the page has those of
// -stats.heavy.

// A machine draws the rounds of one combination whose typical sample is 1.
type machine struct {
	within  float64 // standard deviation of the logarithm of a round's samples
	between float64 // the same of the rounds
	slow    float64 // probability of a round in the slow mode
	by      float64 // how much slower that is, relative
}

// samples returns a round of n.
func (m machine) samples(r *rand.Rand, n int) []float64 {
	shift := m.shift(r)
	out := make([]float64, n)
	for i := range out {
		out[i] = shift * math.Exp(m.within*r.NormFloat64())
	}
	return out
}

// shift returns the factor that a round has in common.
func (m machine) shift(r *rand.Rand) float64 {
	shift := math.Exp(m.between * r.NormFloat64())
	if r.Float64() < m.slow {
		shift *= 1 + m.by
	}
	return shift
}

// A percentile is the statistic of a round: its p-quantile of so many samples. Only the samples that
// matter to it are drawn: the largest of n uniform ones have the ratios of powers.
type percentile struct {
	p       float64
	samples int
}

// draw returns the percentiles of so many rounds of m.
func (q percentile) draw(r *rand.Rand, m machine, rounds int) []float64 {
	out, x := make([]float64, rounds), make([]float64, q.samples)
	largest := min(q.samples, int((1-q.p)*float64(q.samples))+4)
	for i := range out {
		log, shift := 0.0, m.shift(r)
		for k := range largest {
			log -= r.ExpFloat64() / float64(q.samples-k)
			// 1 - exp(log) is the probability of a larger sample.
			x[q.samples-1-k] = shift * math.Exp(-m.within*distuv.UnitNormal.Quantile(-math.Expm1(log)))
		}
		out[i] = Quantile(x, q.p)
	}
	return out
}

// shifts returns what the rounds of m have in common, as if each had very many samples.
func (m machine) shifts(r *rand.Rand, rounds int) []float64 {
	out := make([]float64, rounds)
	for i := range out {
		out[i] = m.shift(r)
	}
	return out
}

// quantileOf returns the true p-quantile of a round with that spread.
func quantileOf(p, within float64) float64 {
	return math.Exp(within * math.Sqrt2 * math.Erfinv(2*p-1))
}

// autoregressive returns n normal values, of which each follows the one before.
func autoregressive(r *rand.Rand, n int, phi float64) []float64 {
	out, x := make([]float64, n), r.NormFloat64()
	for i := range out {
		out[i] = x
		x = phi*x + math.Sqrt(1-phi*phi)*r.NormFloat64()
	}
	return out
}

// share returns in how many of total simulations it happens.
func share(total int, happens func() bool) float64 {
	n := 0
	for range total {
		if happens() {
			n++
		}
	}
	return float64(n) / float64(total)
}

// noise is what a simulated share near s may be off by chance: three standard errors.
func noise(s float64, total int) float64 { return 3 * math.Sqrt(s*(1-s)/float64(total)) }

// decides returns the decision of a test that must not fail.
func decides(t *testing.T, r Result, err error) Decision {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return r.Decision
}
