package stats

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"sync"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// exactRounds is the largest number of differences for which the null distribution of the
// signed-rank statistic is computed exactly. Above it the error of the normal approximation with
// continuity correction is below 5e-4.
const exactRounds = 200

// SignedRank returns the p-values of Wilcoxon's signed-rank test for the two one-sided claims: that
// the centre of the differences is below 0 (less) and above 0 (greater). The smallest possible
// value is 2^-n. PairedBelow is the same test; the regression gate, which adjusts p-values with
// Holm, will use this one.
//
// The null distribution is exact up to 200 differences. Zero differences and Walsh averages of
// exactly 0 count against the claim, so ties make the test conservative. It assumes that the
// differences are independent and symmetric about their centre. Log ratios of two combinations
// measured in the same round are: if the two are equal, exchanging them changes only the sign.
//
// Source: Hollander, Wolfe and Chicken, Nonparametric Statistical Methods, 3rd ed., section 3.1.
func SignedRank(differences []float64) (less, greater float64, err error) {
	w, err := walshAverages(differences)
	if err != nil {
		return 0, 0, err
	}
	atLeast := sort.SearchFloat64s(w, 0) // index of the first >= 0
	above := countAtMost(w, 0)
	n := len(differences)
	return signedRankCDF(n, len(w)-atLeast), signedRankCDF(n, above), nil
}

// PairedBelow judges "the centre of the differences is below bound" from one difference per round.
// For the claim that A beats B by at least the share m, the differences are ln(A/B) and the bound
// is ln(1-m). It passes if the signed-rank test shows the claim with an error of at most alpha, and
// fails if the same test shows that the centre is above the bound. Value is the Hodges-Lehmann
// estimate of the centre, and Interval inverts the test with alpha in each tail. It assumes what
// SignedRank assumes.
func PairedBelow(differences []float64, bound, alpha float64) (Result, error) {
	if math.IsNaN(bound) || !(alpha > 0 && alpha < 0.5) {
		return Result{}, fmt.Errorf("bound %v, error %v: want a number and an error between 0 and a half", bound, alpha)
	}
	w, err := walshAverages(differences)
	if err != nil {
		return Result{}, err
	}
	r := Result{Value: Quantile(w, 0.5), Interval: unbounded(1)}
	// The test rejects a centre at alpha if at most c Walsh averages are on its side.
	n := len(differences)
	c := sort.Search(len(w), func(t int) bool { return signedRankCDF(n, t) > alpha }) - 1
	if c >= 0 {
		r.Interval.Lo, r.Interval.Hi = w[c], w[len(w)-1-c]
		r.Interval.Confidence = 1 - 2*signedRankCDF(n, c)
	}
	switch {
	case r.Interval.Hi < bound:
		r.Decision = Pass
	case r.Interval.Lo > bound:
		r.Decision = Fail
	default:
		r.More = furtherRounds(differences, r.Value-bound, alpha)
	}
	return r, nil
}

// power is the probability of a decision that furtherRounds aims for.
const power = 0.8

// furtherRounds estimates how many more rounds would decide if the distance from the bound to the
// centre is off. It is the number that a t-test needs for that power, multiplied by pi/3 for the
// signed-rank test's efficiency, and at least the number for which 2^-n <= alpha.
func furtherRounds(differences []float64, off, alpha float64) int {
	n := len(differences)
	least := int(math.Ceil(-math.Log2(alpha)))
	if n < 2 {
		return max(1, least-n)
	}
	if off == 0 {
		return Unknown
	}
	z := distuv.UnitNormal.Quantile(1-alpha) + distuv.UnitNormal.Quantile(power)
	want := z * stat.StdDev(differences, nil) / off
	want = want * want * math.Pi / 3
	if want > mostFurther {
		return Unknown
	}
	return max(1, least-n, int(math.Ceil(want))-n)
}

// walshAverages returns the averages of all pairs of values in increasing order, including each
// value with itself.
func walshAverages(x []float64) ([]float64, error) {
	if len(x) == 0 {
		return nil, ErrNoData
	}
	w := make([]float64, 0, len(x)*(len(x)+1)/2)
	for i, a := range x {
		if math.IsNaN(a) || math.IsInf(a, 0) {
			return nil, fmt.Errorf("difference %d is %v", i, a)
		}
		for _, b := range x[i:] {
			w = append(w, (a+b)/2)
		}
	}
	slices.Sort(w)
	return w, nil
}

// signedRankCDF returns P(T <= t) for the signed-rank statistic T of n differences under the
// hypothesis that they are symmetric about 0.
func signedRankCDF(n, t int) float64 {
	top := n * (n + 1) / 2
	switch {
	case t < 0:
		return 0
	case t >= top:
		return 1
	case n > exactRounds:
		mean := float64(top) / 2
		sd := math.Sqrt(float64(n) * float64(n+1) * float64(2*n+1) / 24)
		return distuv.UnitNormal.CDF((float64(t) + 0.5 - mean) / sd)
	}
	return signedRankTable(n)[t]
}

// signedRankTables caches the exact distributions by n.
var signedRankTables sync.Map

// signedRankTable returns P(T <= t) for each t.
func signedRankTable(n int) []float64 {
	if table, ok := signedRankTables.Load(n); ok {
		return table.([]float64)
	}
	// T is the sum of the ranks whose difference is positive. Each of the ranks 1..n is with
	// probability 1/2: convolve them one by one.
	top := n * (n + 1) / 2
	p := make([]float64, top+1)
	p[0] = 1
	for rank, sum := 1, 0; rank <= n; rank++ {
		sum += rank
		for t := sum; t >= 0; t-- {
			p[t] /= 2
			if t >= rank {
				p[t] += p[t-rank] / 2
			}
		}
	}
	for t := 1; t <= top; t++ {
		p[t] += p[t-1]
	}
	signedRankTables.Store(n, p)
	return p
}

// Holm returns the p-values adjusted for their number by Holm's step-down method, in the order
// given. Rejecting those of at most alpha keeps the probability of any false rejection at alpha,
// however the p-values depend on each other. The regression gate will use it for its many
// comparisons.
//
// Source: Holm, Scandinavian Journal of Statistics 6(2), 1979.
func Holm(p []float64) []float64 {
	order, adjusted := make([]int, len(p)), make([]float64, len(p))
	floats.ArgsortStable(slices.Clone(p), order)
	running := 0.0
	for rank, i := range order {
		running = max(running, min(1, float64(len(p)-rank)*p[i]))
		adjusted[i] = running
	}
	return adjusted
}
