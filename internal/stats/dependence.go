package stats

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat"
)

// LeastVisible is the fewest rounds of which DependenceOf says anything: rounds that follow the one
// before with a correlation of 0.9 are seen in 95 of 100 runs of 20.
const LeastVisible = 20

// dependenceError is the level of the test for serial correlation. It is a little below 5 % since
// the distribution of the statistic is approximate.
const dependenceError = 0.048

// A Dependence says whether the values of rounds depend on those before.
type Dependence struct {
	// Visible says that there are enough rounds, and enough different values, to see it.
	Visible bool
	// Flagged says that neighbouring rounds are positively correlated. Independent rounds are
	// flagged in at most 5 of 100 runs.
	Flagged bool
	// Trend says that a rise or fall over the run explains it: what is left is not correlated.
	Trend bool
	// Lag1 is the correlation of neighbouring rounds, from -1 to 1, corrected for its bias in few
	// rounds. It is 0 if not Visible.
	Lag1 float64
	// Effective is the number of independent rounds that they are worth for a median or a mean. It
	// is the number of rounds unless Flagged.
	Effective float64
}

// DependenceOf tests one value per round, in the order of the rounds, for serial correlation, at 20
// rounds or more: von Neumann's ratio of the mean squared step to the variance. The values are
// clipped at two robust standard deviations from their median, so that single slow rounds do not
// hide the rest, and the ratio is compared with its distribution over all orders of these values, so
// that the level holds for any distribution, also with ties. If more than half of the values are
// equal, nothing is visible. Bartels' test, the same ratio of the ranks, sees less of what is common:
// at 20 rounds a correlation of 0.9 in 94.0 instead of 95.3 of 100 runs.
//
// Rounds that each follow the one before with correlation rho are worth n (1-rho) / (1+rho), at
// least 1: a machine that warms up, or a neighbour that comes and goes. A weak correlation often
// goes unseen: at 20 rounds one of 0.5 in a third of the runs.
//
// Sources: von Neumann, Annals of Mathematical Statistics 12(4), 1941; Bartels, Journal of the
// American Statistical Association 77(377), 1982. Of the bias: Kendall, Biometrika 41(3/4), 1954.
func DependenceOf(values []float64) Dependence {
	n := float64(len(values))
	d := Dependence{Effective: n}
	if len(values) < LeastVisible || slices.ContainsFunc(values, math.IsNaN) || 2*largestTie(values) > len(values) {
		return d
	}
	if m := Median(values); math.IsNaN(m) || math.IsInf(m, 0) {
		return d // half of the values are unknown
	}
	d.Visible = true
	x := clipped(values)
	d.Lag1 = lagOne(x)
	if d.Flagged = neighboursAlike(x); d.Flagged {
		d.Trend = isTrend(x)
		if d.Lag1 > 0 {
			d.Effective = min(n, max(1, n*(1-d.Lag1)/(1+d.Lag1)))
		}
	}
	return d
}

// clipped returns the values less their median, at most two robust standard deviations from 0. No
// more than half of the values may be equal.
func clipped(values []float64) []float64 {
	median, out := Median(values), make([]float64, len(values))
	for i, x := range values {
		out[i] = math.Abs(x - median)
	}
	most := 2 * 1.4826 * Median(out)
	for i, x := range values {
		out[i] = max(-most, min(most, x-median))
	}
	return out
}

// neighboursAlike reports whether the steps between neighbours are smaller than in a random order of
// the same values.
func neighboursAlike(x []float64) bool {
	n, mean := float64(len(x)), stat.Mean(x, nil)
	var square, fourth, steps float64
	for i, v := range x {
		a := (v - mean) * (v - mean)
		square += a
		fourth += a * a
		if i > 0 {
			steps += (v - x[i-1]) * (v - x[i-1])
		}
	}
	if square == 0 {
		return false
	}
	// A quarter of steps/square is distributed about as Beta(a, a): its mean over all orders is
	// exactly 1/2, and its variance gives a.
	a := (4/stepVariance(n, square, fourth) - 1) / 2
	return mathext.RegIncBeta(a, a, min(1, steps/square/4)) <= dependenceError
}

// stepVariance returns the variance of the sum of squared steps, divided by that of squares, over all
// orders of n values with mean 0 and these sums of squares and fourth powers.
func stepVariance(n, square, fourth float64) float64 {
	// The means of products of powers of different values, named by the powers.
	m4 := fourth / n
	m31 := -fourth / (n * (n - 1))
	m22 := (square*square - fourth) / (n * (n - 1))
	m211 := (2*fourth - square*square) / (n * (n - 1) * (n - 2))
	m1111 := (3*square*square - 6*fourth) / (n * (n - 1) * (n - 2) * (n - 3))
	// Two squared steps are the same one, neighbours, or share no value.
	same := 2*m4 - 8*m31 + 6*m22
	next := m4 - 4*m31 + 3*m22
	apart := 4*m22 - 8*m211 + 4*m1111
	all := (n-1)*same + 2*(n-2)*next + (n-2)*(n-3)*apart
	return all/(square*square) - 4
}

// lagOne returns the correlation of neighbours, corrected for its bias: its mean is about
// rho - (1+4 rho)/n.
func lagOne(x []float64) float64 {
	n := float64(len(x))
	mean, variance := stat.MeanVariance(x, nil)
	sum := 0.0
	for i, v := range x[1:] {
		sum += (v - mean) * (x[i] - mean)
	}
	rho := sum / ((n - 1) * variance)
	return max(-1, min(1, (n*rho+1)/(n-4)))
}

// isTrend reports whether the values rise or fall with the order, and are not correlated around that
// line.
func isTrend(x []float64) bool {
	order := make([]float64, len(x))
	for i := range order {
		order[i] = float64(i)
	}
	n, r := float64(len(x)), math.Abs(stat.Correlation(order, x, nil))
	switch {
	case r > 1-1e-9: // nothing is left but rounding
		return true
	case r*math.Sqrt((n-2)/(1-r*r)) < studentT(n-1, 1-dependenceError/2):
		return false
	}
	offset, slope := stat.LinearRegression(order, x, nil, false)
	left := make([]float64, len(x))
	for i := range left {
		left[i] = x[i] - offset - slope*order[i]
	}
	return !neighboursAlike(left)
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
