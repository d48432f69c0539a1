package stats

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"
)

// Resolution returns the A/A difference that so many rounds show: in 95 of 100 comparisons of a
// combination with itself over that many rounds, the median of the rounds' log ratios is within it
// of 0. A smaller difference between two combinations can come from the machine alone, so it
// supports no claim. It is a log ratio, as the differences are: exp(r)-1 is the relative
// difference.
//
// The differences are log ratios of neighbouring rounds of one combination in this run. They have
// no direction, so their distribution is made symmetric about 0. The median of n draws from any
// distribution is its quantile at a point that is distributed as Beta((n+1)/2, (n+1)/2), exactly
// for odd n. The resolution is the quantile at that point's 97.5 %.
//
// It returns NaN without differences or rounds, and if a difference is not finite.
//
// Source: David and Nagaraja, Order Statistics, 3rd ed., section 2.1.
func Resolution(differences []float64, rounds int) float64 {
	if rounds < 1 || checkValues(differences) != nil {
		return math.NaN()
	}
	sizes := make([]float64, len(differences))
	for i, d := range differences {
		sizes[i] = math.Abs(d)
	}
	slices.Sort(sizes)
	half := (float64(rounds) + 1) / 2
	point := mathext.InvRegIncBeta(half, half, 0.975)
	// Half of a symmetric distribution is below 0.
	return Quantile(sizes, 2*point-1)
}
