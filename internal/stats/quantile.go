package stats

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"

	"gonum.org/v1/gonum/mathext"
)

// ErrNoData says that there are no samples.
var ErrNoData = errors.New("no samples")

// An Interval is a confidence interval in the unit of its samples. An end is infinite if there are
// too few samples to bound it.
type Interval struct {
	Lo, Hi float64
	// Confidence is the guaranteed coverage. It is at least what was asked for if both ends are
	// finite.
	Confidence float64
}

func unbounded(confidence float64) Interval {
	return Interval{Lo: math.Inf(-1), Hi: math.Inf(1), Confidence: confidence}
}

// Quantile returns the p-quantile of samples sorted in increasing order: type 8 of Hyndman and Fan,
// with linear interpolation between order statistics. It is about median-unbiased whatever the
// distribution: half of all rounds estimate too low and half too high, which is what a sign test
// over rounds rests on. Type 7, the default of R and NumPy, is biased low for a high percentile of
// few samples. For the median the two are equal. It returns NaN without samples, or if p is not in
// [0, 1].
//
// Source: Hyndman and Fan, The American Statistician 50(4), 1996.
func Quantile(sorted []float64, p float64) float64 {
	n := len(sorted)
	if n == 0 || !(p >= 0 && p <= 1) {
		return math.NaN()
	}
	// The p-quantile is between the order statistics i and i+1, counted from 1.
	h := (float64(n)+1.0/3)*p + 1.0/3
	i := int(h)
	switch {
	case i < 1:
		return sorted[0]
	case i >= n:
		return sorted[n-1]
	}
	return sorted[i-1] + (h-float64(i))*(sorted[i]-sorted[i-1])
}

// Median returns the 0.5-quantile of samples in any order, or NaN without samples.
func Median(samples []float64) float64 {
	s := slices.Clone(samples)
	slices.Sort(s)
	return Quantile(s, 0.5)
}

// MedianInterval is QuantileInterval of the median of independent samples.
func MedianInterval(sorted []float64, confidence float64) (Interval, error) {
	return QuantileInterval(sorted, 0.5, confidence, float64(len(sorted)))
}

// QuantileInterval returns the order-statistic interval of the p-quantile of the distribution that
// the samples, sorted in increasing order, were drawn from.
//
// The number B of samples at or below the true quantile is binomial (n, p), so [x(l), x(u)] covers
// the quantile with probability P(l <= B < u). That is exact for any continuous distribution, and
// covers more for one with jumps. Each tail has at most half of 1 - confidence. If n is too small
// for that, the end is infinite: the median at 95 % needs n >= 6, the upper end of p99 n >= 368.
//
// Samples of rounds are correlated, and worth only effective independent ones (see effectiveSamples;
// 0 < effective <= n): the interval takes the ranks for that many samples and scales them to n.
// effective need not be an integer: the incomplete beta function continues the binomial
// probabilities.
//
// Sources: David and Nagaraja, Order Statistics, 3rd ed., section 7.1. For effective samples: Korn
// and Graubard, Survey Methodology 24(2), 1998, for proportions.
func QuantileInterval(sorted []float64, p, confidence, effective float64) (Interval, error) {
	n := len(sorted)
	switch {
	case n == 0:
		return Interval{}, ErrNoData
	case !(p > 0 && p < 1):
		return Interval{}, fmt.Errorf("quantile %v is not between 0 and 1", p)
	case !(confidence > 0 && confidence < 1):
		return Interval{}, fmt.Errorf("confidence %v is not between 0 and 1", confidence)
	case !(effective > 0 && effective <= float64(n)):
		return Interval{}, fmt.Errorf("%v effective samples of %d; want more than 0, and at most as many as there are",
			effective, n)
	}
	tail := (1 - confidence) / 2
	iv := unbounded(1)

	// The lower end is x(l) for the largest l with P(B < l) <= tail, the upper end x(u) for the
	// smallest u with P(B >= u) <= tail. Rank r of n samples stands for rank 1 + (r-1)/scale of the
	// effective ones at the lower end, and for r/scale at the upper end, so that the extremes
	// remain extremes.
	scale := float64(n) / effective
	below := func(r int) float64 { return binomialBelow(1+float64(r-1)/scale, effective, p) }
	from := func(r int) float64 { return 1 - binomialBelow(min(effective, float64(r)/scale), effective, p) }
	if l := sort.Search(n, func(i int) bool { return below(i+1) > tail }); l >= 1 {
		iv.Lo = sorted[l-1]
		iv.Confidence -= below(l)
	}
	if u := 1 + sort.Search(n, func(i int) bool { return from(i+1) <= tail }); u <= n {
		iv.Hi = sorted[u-1]
		iv.Confidence -= from(u)
	}
	return iv, nil
}

// countAtMost returns how many of the samples, sorted in increasing order, are at most x.
func countAtMost(sorted []float64, x float64) int {
	return sort.Search(len(sorted), func(i int) bool { return sorted[i] > x })
}

// binomialBelow returns P(B < k) for a binomial B (n, p). The regularized incomplete beta function
// continues it to real n and k: P(B <= k-1) = I(1-p; n-k+1, k).
func binomialBelow(k, n, p float64) float64 {
	switch {
	case k <= 0:
		return 0
	case k > n:
		return 1
	}
	return mathext.RegIncBeta(n-k+1, k, 1-p)
}
