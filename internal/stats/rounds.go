package stats

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// How an interval of RoundMedian was made.
const (
	FromRounds    = "order statistics of the rounds' medians"
	FromFewRounds = "Student's t on the logarithms of the rounds' medians"
	FromOneRound  = "order statistics within the one round; rounds may differ by more"
)

// RoundMedian estimates the typical latency from samples taken in rounds: the
// median of the rounds' medians, with its interval and how that was made. All
// samples must be above 0; rounds holds those of each round in the order they
// were taken.
//
// Samples of one round resemble each other, so the round is the unit that
// counts: however many samples a round has, they say nothing of how rounds
// differ.
//
//   - From 6 rounds on (at 95 %) the interval is that of order statistics on
//     the rounds' medians, which assumes no shape. It equals what benchstat
//     makes of the p50-sec column.
//   - From 2 rounds on it is Student's t on the logarithms of the medians,
//     which assumes that they are about normal: a median of many samples is,
//     and what moves a round as a whole (clock, memory layout) multiplies.
//   - One round has only the interval of its own samples, as many as they are
//     worth (see EffectiveSamples). It is a lower bound on what is unknown.
func RoundMedian(rounds [][]float64, confidence float64) (median float64, iv Interval, how string, err error) {
	medians := make([]float64, len(rounds))
	for i, r := range rounds {
		if len(r) == 0 {
			return math.NaN(), Interval{}, "", ErrNoData
		}
		medians[i] = Median(r)
	}
	switch n := len(rounds); {
	case n == 0:
		return math.NaN(), Interval{}, "", ErrNoData
	case n == 1:
		e, err := EffectiveSamples(rounds, 0.5, (1-confidence)/2)
		if err != nil {
			return math.NaN(), Interval{}, "", err
		}
		sorted := slices.Clone(rounds[0])
		slices.Sort(sorted)
		iv, err = QuantileIntervalEffective(sorted, 0.5, confidence, float64(e.Samples)/e.DesignEffect)
		return medians[0], iv, FromOneRound, err
	case 1-confidence < math.Pow(2, 1-float64(n)):
		logs := make([]float64, n)
		for i, m := range medians {
			logs[i] = math.Log(m)
		}
		mean, sd := stat.MeanStdDev(logs, nil)
		t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(n - 1)}.Quantile(1 - (1-confidence)/2)
		half := t * sd / math.Sqrt(float64(n))
		median = Median(medians)
		iv = Interval{Lo: math.Exp(mean - half), Hi: math.Exp(mean + half), Confidence: confidence}
		// The interval stands around the mean; it must not leave out the
		// figure that it is printed beside.
		iv.Lo, iv.Hi = min(iv.Lo, median), max(iv.Hi, median)
		return median, iv, FromFewRounds, nil
	default:
		slices.Sort(medians)
		iv, err = MedianInterval(medians, confidence)
		return Quantile(medians, 0.5), iv, FromRounds, err
	}
}

// RoundQuantile estimates the p-quantile of the samples of all rounds, with its
// order-statistic interval for as many samples as they are worth: the interval by
// which RoundsAtMost and RoundsAtLeast judge. A single round bounds nothing.
func RoundQuantile(rounds [][]float64, p, confidence float64) (float64, Interval, error) {
	sorted, e, err := pool(rounds, p, (1-confidence)/2)
	if err != nil {
		return math.NaN(), Interval{}, err
	}
	if e.Effective == 0 {
		return Quantile(sorted, p), Interval{Lo: math.Inf(-1), Hi: math.Inf(1), Confidence: 1}, nil
	}
	iv, err := QuantileIntervalEffective(sorted, p, confidence, e.Effective)
	return Quantile(sorted, p), iv, err
}

// LeastPreciseRounds is the fewest rounds that PreciseEnough says yes to: order
// statistics bound a median at 95 % from 6 on, and it asks that twice.
const LeastPreciseRounds = 7

// PreciseEnough reports whether rounds that were taken one after another until
// it holds bound their median (in the order taken) as narrowly as asked: a 95 %
// interval no wider than precision, relative to the median, of all rounds and
// also of all but the last.
//
// Whoever stops at the first narrow interval stops at one that is narrow by
// chance more often than not, and such intervals cover the truth in only 91 to
// 94 % of cases. Two in a row restore the 95 % to within a percent, at the cost
// of a tenth more rounds; stopping on a 98 % interval does so for a third more.
// TestStoppingWhenPreciseKeepsTheCoverage simulates it.
func PreciseEnough(medians []float64, precision float64) bool {
	n := len(medians)
	return n >= LeastPreciseRounds && RelativeWidth(medians) <= precision && RelativeWidth(medians[:n-1]) <= precision
}

// RelativeWidth returns the width of the 95 % order-statistic interval of the
// rounds' median relative to it, +Inf for too few rounds to bound it.
func RelativeWidth(medians []float64) float64 {
	sorted := slices.Clone(medians)
	slices.Sort(sorted)
	iv, err := MedianInterval(sorted, 0.95)
	if err != nil || !iv.Bounded() {
		return math.Inf(1)
	}
	return iv.Width() / Quantile(sorted, 0.5)
}
