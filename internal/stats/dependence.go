package stats

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat"
)

// LeastVisible is the fewest rounds of which DependenceOf says anything: correlated rounds (AR(1),
// 0.9) are seen in 74 of 100 runs of 12 rounds, and in 95 of 20.
const LeastVisible = 20

// dependenceError is the probability that DependenceOf flags independent rounds.
const dependenceError = 0.05

// A Dependence says whether the values of rounds depend on those before.
type Dependence struct {
	// Visible says that there are enough rounds, and enough different values, to see it.
	Visible bool
	// Flagged says that the rounds are positively correlated. Independent ones are flagged in at
	// most 5 of 100 runs.
	Flagged bool
	// Trend says that a rise or fall over the run explains it: what is left is not correlated.
	Trend bool
	// Lag1 is the correlation of the ranks of neighbouring rounds, from -1 to 1, corrected for its
	// bias in few rounds. It is 0 if not Visible.
	Lag1 float64
	// Effective is the number of independent rounds that they are worth for a median or a mean. It
	// is the number of rounds unless Flagged.
	Effective float64
}

// DependenceOf tests one value per round, in the order of the rounds, for serial correlation: von
// Neumann's ratio on the ranks, at 20 rounds or more. It assumes no particular distribution. If more
// than half of the values are equal, nothing is visible.
//
// Rounds that each follow the one before with correlation rho are worth n (1-rho) / (1+rho), at
// least 1: a machine that warms up, or a neighbour that comes and goes. A weak correlation, of 0.3
// or less, mostly goes unseen.
//
// Source: Bartels, Journal of the American Statistical Association 77(377), 1982. Of the bias:
// Kendall, Biometrika 41(3/4), 1954.
func DependenceOf(values []float64) Dependence {
	n := float64(len(values))
	d := Dependence{Effective: n}
	if len(values) < LeastVisible || 2*largestTie(values) > len(values) {
		return d
	}
	d.Visible = true
	ranks := midRanks(values)
	d.Lag1 = lagOne(ranks)
	if d.Flagged = seriallyCorrelated(ranks); d.Flagged {
		d.Trend = isTrend(ranks)
		if d.Lag1 > 0 {
			d.Effective = min(n, max(1, n*(1-d.Lag1)/(1+d.Lag1)))
		}
	}
	return d
}

// seriallyCorrelated reports whether neighbours of the ranks resemble each other more than in a
// random order. Bartels' approximation: a quarter of the ratio is distributed as Beta(a, a).
func seriallyCorrelated(ranks []float64) bool {
	n := float64(len(ranks))
	a := 5*n*(n+1)*(n-1)*(n-1)/(2*(n-2)*(5*n*n-2*n-9)) - 0.5
	steps := 0.0
	for i, r := range ranks[1:] {
		steps += (r - ranks[i]) * (r - ranks[i])
	}
	ratio := steps / ((n - 1) * stat.Variance(ranks, nil))
	return mathext.RegIncBeta(a, a, min(1, ratio/4)) <= dependenceError
}

// lagOne returns the correlation of neighbours, corrected for its bias: its mean is about
// rho - (1+4 rho)/n.
func lagOne(ranks []float64) float64 {
	n := float64(len(ranks))
	mean, variance := stat.MeanVariance(ranks, nil)
	sum := 0.0
	for i, r := range ranks[1:] {
		sum += (r - mean) * (ranks[i] - mean)
	}
	rho := sum / ((n - 1) * variance)
	return max(-1, min(1, (n*rho+1)/(n-4)))
}

// isTrend reports whether the ranks rise or fall with the order, and are not correlated around that
// line.
func isTrend(ranks []float64) bool {
	order := make([]float64, len(ranks))
	for i := range order {
		order[i] = float64(i)
	}
	n, r := float64(len(ranks)), math.Abs(stat.Correlation(order, ranks, nil))
	switch {
	case r > 1-1e-9: // nothing is left but rounding
		return true
	case r*math.Sqrt((n-2)/(1-r*r)) < studentT(n-1, 1-dependenceError/2):
		return false
	}
	offset, slope := stat.LinearRegression(order, ranks, nil, false)
	left := make([]float64, len(ranks))
	for i := range left {
		left[i] = ranks[i] - offset - slope*order[i]
	}
	return !seriallyCorrelated(midRanks(left))
}

// largestTie returns how often the most frequent value occurs.
func largestTie(values []float64) int {
	sorted := slices.Sorted(slices.Values(values))
	largest, from := 0, 0
	for i := range sorted {
		if sorted[i] != sorted[from] {
			from = i
		}
		largest = max(largest, i-from+1)
	}
	return largest
}
