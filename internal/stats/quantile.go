package stats

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"
)

// ErrNoData says that a statistic was asked of no samples at all.
var ErrNoData = errors.New("no samples")

// An Interval is a confidence interval, in the unit of its samples. An end
// that the samples cannot bound is infinite.
type Interval struct {
	Lo, Hi float64
	// Confidence is the guaranteed coverage, at least what was asked for
	// where both ends are finite.
	Confidence float64
}

// Bounded reports whether both ends are finite: whether the samples were
// enough for the confidence asked for.
func (iv Interval) Bounded() bool { return !math.IsInf(iv.Lo, 0) && !math.IsInf(iv.Hi, 0) }

// Contains reports whether x lies in the interval, its ends included.
func (iv Interval) Contains(x float64) bool { return iv.Lo <= x && x <= iv.Hi }

// Width returns Hi - Lo, infinite when an end is not bounded.
func (iv Interval) Width() float64 { return iv.Hi - iv.Lo }

// Quantile returns the p-quantile of samples sorted in increasing order, with
// linear interpolation between order statistics (type 7 of Hyndman and Fan,
// The American Statistician 50(4), 1996; the default of R and NumPy). p must
// lie in [0, 1]. It returns NaN for no samples, or for a p outside.
func Quantile(sorted []float64, p float64) float64 {
	n := len(sorted)
	if n == 0 || !(p >= 0 && p <= 1) {
		return math.NaN()
	}
	h := p * float64(n-1)
	i := int(h)
	if i+1 >= n {
		return sorted[n-1]
	}
	return sorted[i] + (h-float64(i))*(sorted[i+1]-sorted[i])
}

// Median returns the 0.5-quantile of samples in any order, NaN for none.
func Median(samples []float64) float64 {
	s := slices.Clone(samples)
	slices.Sort(s)
	return Quantile(s, 0.5)
}

// QuantileInterval returns the order-statistic interval of the p-quantile of
// the distribution from which samples, sorted in increasing order, were drawn.
//
// With B the number of samples at or below the true quantile, B is binomial
// (n, p), so [x(l), x(u)] covers it with probability P(l <= B < u): exact, and
// free of any assumption on the distribution's shape (for one with jumps it
// covers more). Each tail is given at most half of 1 - confidence; where n is
// too small for that, the end is infinite (the median at 95 % needs n >= 6,
// p99 needs n >= 368 for its upper end).
//
// It rests on the samples being independent: for samples of rounds, whose
// values resemble each other, use QuantileIntervalEffective.
//
// Source: David and Nagaraja, Order Statistics, 3rd ed., section 7.1.
func QuantileInterval(sorted []float64, p, confidence float64) (Interval, error) {
	return QuantileIntervalEffective(sorted, p, confidence, float64(len(sorted)))
}

// MedianInterval is QuantileInterval of the median.
func MedianInterval(sorted []float64, confidence float64) (Interval, error) {
	return QuantileInterval(sorted, 0.5, confidence)
}

// QuantileIntervalEffective is QuantileInterval for samples that are worth
// only effective independent ones (see Effective; 0 < effective <= n). It
// takes the ranks of the interval for that many samples and scales them to n.
// effective need not be a whole number: the binomial
// probabilities are continued by the incomplete beta function, as Korn and
// Graubard do for proportions (Survey Methodology 24(2), 1998).
func QuantileIntervalEffective(sorted []float64, p, confidence, effective float64) (Interval, error) {
	n := len(sorted)
	switch {
	case n == 0:
		return Interval{}, ErrNoData
	case !(p > 0 && p < 1):
		return Interval{}, fmt.Errorf("quantile %v is not between 0 and 1", p)
	case !(confidence > 0 && confidence < 1):
		return Interval{}, fmt.Errorf("confidence %v is not between 0 and 1", confidence)
	case !(effective > 0 && effective <= float64(n)):
		return Interval{}, fmt.Errorf("%v effective samples of %d; want more than 0 and no more than there are", effective, n)
	}
	tail := (1 - confidence) / 2
	iv := Interval{Lo: math.Inf(-1), Hi: math.Inf(1), Confidence: 1}

	// The lower end is x(l) for the largest l with P(B < l) <= tail, the
	// upper x(u) for the smallest u with P(B >= u) <= tail. A rank r of n
	// stands for the rank r/scale of the effective samples seen from above,
	// and for 1 + (r-1)/scale seen from below: the extremes stay extremes.
	scale := float64(n) / effective
	below := func(r int) float64 { return binomialBelow(1+float64(r-1)/scale, effective, p) }
	from := func(r int) float64 { return 1 - binomialBelow(min(effective, float64(r)/scale), effective, p) }
	if l := searchRank(n, func(r int) bool { return below(r) > tail }) - 1; l >= 1 {
		iv.Lo = sorted[l-1]
		iv.Confidence -= below(l)
	}
	if u := searchRank(n, func(r int) bool { return from(r) <= tail }); u <= n {
		iv.Hi = sorted[u-1]
		iv.Confidence -= from(u)
	}
	return iv, nil
}

// searchRank returns the smallest rank in 1..n+1 for which ok holds, ok being
// false then true; n+1 stands for none.
func searchRank(n int, ok func(rank int) bool) int {
	lo, hi := 1, n+1
	for lo < hi {
		if mid := (lo + hi) / 2; ok(mid) {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}

// binomialBelow returns P(B < k) for B binomial (n, p), continued to real n
// and k by the regularized incomplete beta function:
// P(B <= k-1) = I(1-p; n-k+1, k).
func binomialBelow(k, n, p float64) float64 {
	switch {
	case k <= 0:
		return 0
	case k > n:
		return 1
	}
	return mathext.RegIncBeta(n-k+1, k, 1-p)
}
