package stats

import (
	"math"
	"slices"
	"sort"
	"sync"

	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

// resolved is the share of A/A comparisons that stay within the Resolution.
const resolved = 0.95

// Resolution returns the A/A difference that so many rounds show: in 95 of 100 comparisons of a
// combination with itself over that many rounds, the median of the rounds' log ratios is within it
// of 0. A smaller difference between two combinations can come from the machine alone, so it
// supports no claim. It is a log ratio, as the differences are: exp(r)-1 is the relative
// difference.
//
// The differences are log ratios of neighbouring rounds of one combination in this run. They have
// no direction, so their distribution is made symmetric about 0. The median of n draws from any
// distribution is its quantile at a point that is distributed as Beta((n+1)/2, (n+1)/2), exactly
// for odd n. With all A/A differences known, the resolution would be the quantile at that point's
// 97.5 %. A run shows a few dozen, and the quantile of a few is too small too often: medians stay
// within it in 89 to 93 of 100 only. So the rank is chosen at which the 95 % hold on average over
// what the few differences may be. That is exact too: the share of all differences below the k-th
// smallest of m is distributed as Beta(k, m+1-k).
//
// It returns +Inf if the differences are too few to say (one or two), and NaN without differences
// or rounds, and if a difference is not finite.
//
// Source: David and Nagaraja, Order Statistics, 3rd ed., sections 2.1 and 7.3.
func Resolution(differences []float64, rounds int) float64 {
	if rounds < 1 || checkValues(differences) != nil {
		return math.NaN()
	}
	sizes := make([]float64, len(differences))
	for i, d := range differences {
		sizes[i] = math.Abs(d)
	}
	slices.Sort(sizes)
	rank := resolvingRank(len(sizes), rounds)
	below := int(rank)
	switch {
	case below > len(sizes):
		return math.Inf(1)
	case below == len(sizes):
		return sizes[below-1]
	}
	return sizes[below-1] + (rank-float64(below))*(sizes[below]-sizes[below-1])
}

// resolvingRanks caches resolvingRank: the combinations of a run mostly have the same rounds.
var resolvingRanks sync.Map

// resolvingRank returns the rank among the sizes of m differences, from 1 and to a hundredth, that the
// medians of so many rounds stay within as often as resolved says. It is m+1 if none is enough.
func resolvingRank(m, rounds int) float64 {
	key := [2]int{m, rounds}
	if rank, ok := resolvingRanks.Load(key); ok {
		return rank.(float64)
	}
	rank := float64(m + 1)
	if medianWithin(float64(m), m, rounds) >= resolved {
		rank = 1 + float64(sort.Search(100*(m-1), func(i int) bool {
			return medianWithin(1+float64(i)/100, m, rounds) >= resolved
		}))/100
	}
	resolvingRanks.Store(key, rank)
	return rank
}

// medianWithin returns the probability that the median of so many rounds' differences is within the
// size of that rank, from 1, of m other differences of the same symmetric distribution.
func medianWithin(rank float64, m, rounds int) float64 {
	half := (float64(rounds) + 1) / 2
	point := distuv.Beta{Alpha: half, Beta: half}
	// The median's size is the quantile at v of all sizes, and outside if that of the rank is at
	// less: half of a symmetric distribution is below 0.
	outside := func(v float64) float64 {
		return point.Prob((1+v)/2) * mathext.RegIncBeta(rank, float64(m)+1-rank, v)
	}
	return 1 - quad.Fixed(outside, 0, 1, 64, quad.Legendre{}, 0)
}
