package stats

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// TypicalAtMost judges "in a typical round the value is at most limit" from one value per round, in
// the order of the rounds: a median, a percentile, a mean or a share of each, or the logarithm of a
// ratio. It is the sign test: it passes if the order-statistic interval of the median over rounds,
// with alpha in each tail, is at or below the limit, and fails if it is above. At an error of 1 %
// seven rounds within the limit pass. Few rounds never pass by an assumed distribution.
//
// Either wrong answer has a probability of at most alpha whatever the distribution of the values,
// provided that rounds are independent. Visibly correlated rounds (see DependenceOf) count as fewer;
// below 20 rounds correlation cannot be seen, and a wrong answer is likelier. What is claimed is the
// median over rounds: a slow mode in less than half of the rounds is not seen, which
// ShareOfRoundsAtMost is for. A percentile must come from at least LeastForPercentile samples a
// round.
//
// Result.More counts further rounds.
func TypicalAtMost(values []float64, limit, alpha float64) (Result, error) {
	if err := checkTest(values, limit, alpha); err != nil {
		return Result{}, err
	}
	sorted := slices.Sorted(slices.Values(values))
	d := DependenceOf(values)
	effective := d.Effective
	iv, err := roundsInterval(sorted, d, 1-2*alpha)
	if err != nil {
		return Result{}, err
	}
	r := Result{Decision: judge(iv, limit), Value: Quantile(sorted, 0.5), Interval: iv}
	if r.Decision == Inconclusive {
		r.More = roundsForSignTest(sorted, r.Value, limit, alpha, effective)
	}
	return r, nil
}

// TypicalAtLeast judges "in a typical round the value is at least limit"; see TypicalAtMost.
func TypicalAtLeast(values []float64, limit, alpha float64) (Result, error) {
	r, err := TypicalAtMost(negated(values), -limit, alpha)
	return mirror(r), err
}

// checkTest returns an error unless the values, the limit and the error of a test are usable.
func checkTest(values []float64, limit, alpha float64) error {
	switch {
	case math.IsNaN(limit):
		return fmt.Errorf("limit is not a number")
	case !(alpha > 0 && alpha < 0.5):
		return fmt.Errorf("error %v is not between 0 and a half", alpha)
	}
	if len(values) == 0 {
		return ErrNoData
	}
	// An infinity stands for a round whose value is not known, on the side where it hurts.
	if i := slices.IndexFunc(values, math.IsNaN); i >= 0 {
		return fmt.Errorf("the value of round %d of %d is not a number", i+1, len(values))
	}
	return nil
}

// clearly is how many standard deviations from its limit a median is whose rounds are expected to
// stay on their side, if all did so far.
const clearly = 2

// roundsForSignTest estimates how many further rounds the sign test needs to decide with a
// probability of nine in ten. The probability that a round is on the median's side of the limit is
// the mean of two estimates: the share of rounds that are, and what the distance of the median from
// the limit makes of it if the rounds were normal with their standard deviation. The share alone
// says nothing about how clear a few rounds are, the distance alone nothing about two modes.
func roundsForSignTest(sorted []float64, median, limit, alpha, effective float64) int {
	n := float64(len(sorted))
	if median == limit {
		return Unknown
	}
	onSide := float64(countAtMost(sorted, limit))
	if median > limit {
		onSide = n - onSide
	}
	away := math.Inf(1)
	if len(sorted) > 1 {
		if sd := stat.StdDev(sorted, nil); sd > 0 {
			away = math.Abs(median-limit) / sd
		}
	}
	want := math.Ceil(-math.Log2(alpha)) // no fewer can decide
	if onSide < n || away < clearly {
		p := ((onSide+0.5)/(n+1) + distuv.UnitNormal.CDF(away)) / 2
		if p <= 0.5 {
			return Unknown
		}
		// The normal approximation of the binomial, with its continuity correction.
		root := (distuv.UnitNormal.Quantile(1-alpha)/2 + distuv.UnitNormal.Quantile(0.9)*math.Sqrt(p*(1-p))) / (p - 0.5)
		want = max(want, root*root+1/(p-0.5))
	}
	more := math.Ceil((want - effective) * n / effective)
	if more > mostRounds {
		return Unknown
	}
	return max(1, int(more))
}
