package stats

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// How RoundMedian computed an interval.
const (
	FromRounds    = "order statistics of the rounds' medians"
	FromFewRounds = "Student's t on the logarithms of the rounds' medians"
	FromOneRound  = "order statistics within the one round; rounds may differ by more"
)

// RoundMedian estimates the typical latency from samples taken in rounds: the median of the rounds'
// medians, with its interval and how that was computed. All samples must be above 0; rounds holds
// those of each round in the order taken.
//
// Samples of one round resemble each other, so the round is the unit: however many samples a round
// has, they do not show how rounds differ.
//
//   - From 6 rounds on (at 95 %) the interval is the order-statistic interval of the rounds'
//     medians, which assumes no particular distribution. It equals what benchstat computes from the
//     p50-sec column.
//   - From 2 rounds on it is Student's t on the logarithms of the medians, which assumes that they
//     are approximately normal: a median of many samples is, and what affects a round as a whole
//     (clock, memory layout) multiplies.
//   - For one round it is the interval of its own samples, for as many as they are worth (see
//     effectiveSamples). The true uncertainty is at least as large.
func RoundMedian(rounds [][]float64, confidence float64) (median float64, iv Interval, how string, err error) {
	if err := checkRounds(rounds); err != nil {
		return math.NaN(), Interval{}, "", err
	}
	medians := make([]float64, len(rounds))
	for i, r := range rounds {
		medians[i] = Median(r)
	}
	switch n := len(rounds); {
	case n == 1:
		sorted, size, err := effectiveSamples(rounds, 0.5, (1-confidence)/2)
		if err != nil {
			return math.NaN(), Interval{}, "", err
		}
		iv, err = QuantileInterval(sorted, 0.5, confidence, float64(size.counted)/size.designEffect)
		return medians[0], iv, FromOneRound, err
	case 1-confidence < math.Pow(2, 1-float64(n)):
		logs := make([]float64, n)
		for i, m := range medians {
			logs[i] = math.Log(m)
		}
		mean, sd := stat.MeanStdDev(logs, nil)
		half := studentT(float64(n), 1-(1-confidence)/2) * sd / math.Sqrt(float64(n))
		median = Median(medians)
		iv = Interval{Lo: math.Exp(mean - half), Hi: math.Exp(mean + half), Confidence: confidence}
		// The interval is around the mean of the logarithms, and must contain the median that it is
		// printed beside.
		iv.Lo, iv.Hi = min(iv.Lo, median), max(iv.Hi, median)
		return median, iv, FromFewRounds, nil
	default:
		slices.Sort(medians)
		iv, err = MedianInterval(medians, confidence)
		return Quantile(medians, 0.5), iv, FromRounds, err
	}
}

// RoundQuantile estimates the p-quantile of the samples of all rounds, with its order-statistic
// interval for as many samples as they are worth. RoundsAtMost and RoundsAtLeast judge by the same
// interval. It is unbounded for one round.
func RoundQuantile(rounds [][]float64, p, confidence float64) (float64, Interval, error) {
	sorted, size, err := effectiveSamples(rounds, p, (1-confidence)/2)
	if err != nil {
		return math.NaN(), Interval{}, err
	}
	if size.effective == 0 {
		return Quantile(sorted, p), unbounded(1), nil
	}
	iv, err := QuantileInterval(sorted, p, confidence, size.effective)
	return Quantile(sorted, p), iv, err
}

// LeastPreciseRounds is the fewest rounds that PreciseEnough accepts: order statistics bound a
// median at 95 % from 6 rounds on, and it asks for two such intervals.
const LeastPreciseRounds = 7

// PreciseEnough reports whether measuring can stop: whether the medians of the rounds, in the order
// taken, bound their median as narrowly as asked. The 95 % interval, relative to the median, must
// be no wider than precision for all rounds and also for all but the last.
//
// Stopping at the first narrow interval often means stopping at one that is narrow by chance; such
// intervals cover the truth in only 91 to 94 % of cases. Two in a row restore the 95 % to within
// one percent, and cost a tenth more rounds; stopping at a 98 % interval would cost a third more.
// TestPreciseEnoughKeepsTheCoverage simulates it.
func PreciseEnough(medians []float64, precision float64) bool {
	n := len(medians)
	return n >= LeastPreciseRounds && RelativeWidth(medians) <= precision && RelativeWidth(medians[:n-1]) <= precision
}

// RelativeWidth returns the width of the 95 % order-statistic interval of the rounds' median,
// relative to that median. It is +Inf if there are too few rounds to bound the median.
func RelativeWidth(medians []float64) float64 {
	sorted := slices.Clone(medians)
	slices.Sort(sorted)
	iv, err := MedianInterval(sorted, 0.95)
	if err != nil {
		return math.Inf(1)
	}
	return (iv.Hi - iv.Lo) / Quantile(sorted, 0.5)
}
