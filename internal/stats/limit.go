package stats

import (
	"fmt"
	"math"
	"slices"
	"sort"

	"gonum.org/v1/gonum/stat"
)

// SamplesForPercentile returns how many independent samples are needed to pass "the p-quantile is
// at most the limit" with an error of at most alpha, if over of them are above the limit. It is the
// early stopping rule of MLPerf's LoadGen, which asks for the smallest number h of samples within
// the limit with
//
//	I(p; h, over+1) <= alpha
//
// where I is the regularized incomplete beta function: the probability that at most over of h+over
// samples exceed a limit that a share of 1-p of all samples exceeds. The result is h+over: 44 for
// p90 at 1 % with none above.
//
// Source: MLPerf Inference, LoadGen, early stopping.
func SamplesForPercentile(p float64, over int, alpha float64) int {
	passes := func(n int) bool { return 1-binomialBelow(float64(n-over), float64(n), p) <= alpha }
	least := over + 1
	most := least
	for !passes(most) {
		most *= 2
	}
	return least + sort.Search(most-least, func(i int) bool { return passes(least + i) })
}

// PercentileAtMost judges "the p-quantile is at most limit" from samples sorted in increasing order
// that are worth effective independent ones. It passes if the order-statistic interval with alpha
// in each tail is at or below the limit, and fails if it is above. For effective = len(sorted) the
// pass is LoadGen's early stopping rule (see SamplesForPercentile), and the fail is the same test
// of the opposite claim. The median is p = 0.5.
//
// Either wrong answer has a probability of at most alpha for any distribution, provided that
// effective is right.
func PercentileAtMost(sorted []float64, p, limit, alpha, effective float64) (Result, error) {
	if math.IsNaN(limit) {
		return Result{}, fmt.Errorf("limit is not a number")
	}
	iv, err := QuantileInterval(sorted, p, 1-2*alpha, effective)
	if err != nil {
		return Result{}, err
	}
	r := Result{Decision: judge(iv, limit), Value: Quantile(sorted, p), Interval: iv}
	if r.Decision == Inconclusive {
		share := float64(len(sorted)-countAtMost(sorted, limit)) / float64(len(sorted))
		r.More = furtherSamples(p, share, alpha, effective, float64(len(sorted)))
	}
	return r, nil
}

// PercentileAtLeast judges "the p-quantile is at least limit"; see PercentileAtMost.
func PercentileAtLeast(sorted []float64, p, limit, alpha, effective float64) (Result, error) {
	falling := negated(sorted)
	slices.Reverse(falling)
	r, err := PercentileAtMost(falling, 1-p, -limit, alpha, effective)
	return mirror(r), err
}

// mostFurther bounds the search for further samples: beyond it the value equals its limit for all
// practical purposes.
const mostFurther = 1e9

// furtherSamples returns how many more samples than n would decide if the share of samples above
// the limit stays the same, or Unknown.
func furtherSamples(p, share, alpha, effective, n float64) int {
	decided := func(m float64) bool {
		over := math.Round(share * m)
		if share < 1-p {
			return 1-binomialBelow(m-over, m, p) <= alpha
		}
		return binomialBelow(m-over+1, m, p) <= alpha
	}
	hi := math.Max(effective, 1)
	for ; !decided(hi); hi *= 1.05 {
		if hi > mostFurther || share == 1-p {
			return Unknown
		}
	}
	return max(1, int(math.Ceil((hi-effective)*n/effective)))
}

// MeanAtMost judges "the mean is at most limit" from the samples of each round, by the confidence
// interval of the mean of the rounds' means with alpha in each tail (Student's t with rounds-1
// degrees of freedom). Every round has the same weight: a slow round has fewer samples, and
// weighting by samples would hide it.
//
// It assumes that the rounds' means are independent and approximately normal. A mean of many
// samples is, even if the samples are skewed, as latencies are, or correlated within the round. In
// simulations with ten rounds of 25 correlated lognormal samples, a wrong pass just above the limit
// is as rare as alpha for a standard deviation of the logarithm of 0.2. For one of 1, which is
// extreme, low means are more likely and 1 % becomes about 5 %: use a percentile then. A single
// round gives no interval and no decision.
func MeanAtMost(rounds [][]float64, limit, alpha float64) (Result, error) {
	if math.IsNaN(limit) {
		return Result{}, fmt.Errorf("limit is not a number")
	}
	if !(alpha > 0 && alpha < 0.5) {
		return Result{}, fmt.Errorf("error %v is not between 0 and a half", alpha)
	}
	if err := checkRounds(rounds); err != nil {
		return Result{}, err
	}
	means := make([]float64, len(rounds))
	samples := 0
	for i, r := range rounds {
		samples += len(r)
		means[i] = stat.Mean(r, nil)
	}
	res := Result{Value: stat.Mean(means, nil), Interval: unbounded(1 - 2*alpha)}
	perRound := float64(samples) / float64(len(rounds))
	if len(rounds) == 1 {
		res.More = int(math.Ceil(perRound))
		return res, nil
	}
	sd := stat.StdDev(means, nil)
	half := func(n float64) float64 { return studentT(n, 1-alpha) * sd / math.Sqrt(n) }
	h := half(float64(len(means)))
	res.Interval.Lo, res.Interval.Hi = res.Value-h, res.Value+h
	res.Decision = judge(res.Interval, limit)
	if res.Decision == Inconclusive {
		res.More = Unknown
		for n := float64(len(means)); n*perRound < mostFurther; n = math.Ceil(n * 1.05) {
			if half(n) < math.Abs(res.Value-limit) {
				res.More = int(math.Ceil((n - float64(len(means))) * perRound))
				break
			}
		}
	}
	return res, nil
}

// MeanAtLeast judges "the mean is at least limit"; see MeanAtMost.
func MeanAtLeast(rounds [][]float64, limit, alpha float64) (Result, error) {
	opposite := make([][]float64, len(rounds))
	for i, r := range rounds {
		opposite[i] = negated(r)
	}
	r, err := MeanAtMost(opposite, -limit, alpha)
	return mirror(r), err
}

// RoundsAtMost judges "the p-quantile is at most limit" from the samples of each round:
// PercentileAtMost with the number of effective samples that effectiveSamples estimates. A single
// round is inconclusive, because it does not show how rounds differ.
func RoundsAtMost(rounds [][]float64, p, limit, alpha float64) (Result, error) {
	return judgeRounds(rounds, p, limit, alpha, PercentileAtMost)
}

// RoundsAtLeast judges "the p-quantile is at least limit"; see RoundsAtMost.
func RoundsAtLeast(rounds [][]float64, p, limit, alpha float64) (Result, error) {
	return judgeRounds(rounds, p, limit, alpha, PercentileAtLeast)
}

func judgeRounds(rounds [][]float64, p, limit, alpha float64,
	rule func(sorted []float64, p, limit, alpha, effective float64) (Result, error),
) (Result, error) {
	sorted, size, err := effectiveSamples(rounds, p, alpha)
	if err != nil {
		return Result{}, err
	}
	if size.effective == 0 {
		return Result{
			Value:    Quantile(sorted, p),
			Interval: unbounded(1 - 2*alpha),
			// Two more rounds are the fewest that show how rounds spread.
			More: 2 * max(1, size.counted/size.rounds),
		}, nil
	}
	return rule(sorted, p, limit, alpha, size.effective)
}
